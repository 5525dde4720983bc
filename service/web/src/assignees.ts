// To whom a case may be given: the list, the field in a case, and the names of the queue's filter.
import { cases } from "./api";
import type { Assignee, CaseDetail } from "./casetypes";
import { el } from "./dom";
import { count } from "./formats";
import { Refused } from "./refusals";
import { say } from "./words";

/** Whoever may work on cases, by name; nobody where the list cannot be had. */
export async function assignees(): Promise<Assignee[]> {
  try {
    return (await cases<{ assignees: Assignee[] }>("/assignees")).assignees;
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    return [];
  }
}

export interface GivingWays {
  chosen(): string;
  choose(name: string): void;
  give(name: string): void;
  sending(): boolean;
}

/** Gives a case to somebody, whoever has it now. */
export function giving(found: CaseDetail, people: Assignee[], ways: GivingWays): HTMLElement | false {
  const others = people.filter((one) => one.name !== found.assignee);
  if (!others.length) return false;
  const options = others.map((one) => el("option", { value: one.name, selected: one.name === ways.chosen() }, say("assignee_line", { name: one.name, n: count(one.open_cases) })));
  const field = el("select", { id: "give-to", change: (event) => ways.choose((event.target as HTMLSelectElement).value) }, el("option", { value: "" }, say("choose_somebody")), ...options);
  const submit = (event: Event): void => {
    event.preventDefault();
    if (ways.chosen()) ways.give(ways.chosen());
    else field.focus();
  };
  return el("form", { id: "give-form", class: "work", submit }, el("label", {}, say("give_to"), field), el("button", { id: "give", disabled: ways.sending() }, say("give")));
}
