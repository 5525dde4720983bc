// For what somebody looks, where the service wants to know: chosen once, shown in the bar, sent with every question.
import { lookFor, lookingFor } from "./api";
import { byId, el, fill } from "./dom";
import { name, say } from "./words";
import { me } from "./whoami";

/** Show the choice, in the language spoken now; none where nobody asks. */
export async function showPurpose(): Promise<void> {
  const choice = byId<HTMLSelectElement>("purpose");
  try {
    const known = (await me()).purposes;
    choice.hidden = !known;
    if (!known) return lookFor("");
    if (!known.includes(lookingFor())) lookFor("");
    const option = (value: string, text: string): HTMLElement => el("option", { value, selected: value === lookingFor() }, text);
    fill(choice, option("", say("purpose_none")), ...known.map((one) => option(one, name(one.replaceAll(" ", "_"), "purpose_"))));
  } catch {
    choice.hidden = true; // the page says what is wrong
  }
}

export function listenToPurpose(chosen: () => void): void {
  const choice = byId<HTMLSelectElement>("purpose");
  choice.addEventListener("change", () => {
    lookFor(choice.value);
    chosen();
  });
}

/** Bring whoever has to choose to the choice. */
export function choosePurpose(): void {
  byId<HTMLSelectElement>("purpose").focus();
}
