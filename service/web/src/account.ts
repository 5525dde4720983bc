// Who has logged in by name: shown in the bar, with the way out. Without people's names the desk is opened by a key.
import { caseless, hasKey, lookFor } from "./api";
import { byId } from "./dom";
import { name, say, spoken } from "./words";
import { forgetMe, me } from "./whoami";

/** Where people log in by name; empty where nobody can. */
export function loginAddress(): string {
  const login = document.documentElement.dataset.login;
  return login ? `${login}?${new URLSearchParams({ to: location.search.slice(1), lang: spoken() })}` : "";
}

/** Show who it is, in the language spoken now; nobody is shown where a key opens the desk. */
export async function showAccount(): Promise<void> {
  const place = byId("account");
  if (hasKey() || !loginAddress()) {
    place.hidden = true;
    return;
  }
  try {
    const found = await me();
    place.hidden = !found.role;
    if (!found.role) return;
    byId("account-name").textContent = found.name;
    byId("account-role").textContent = `${say("logged_in_as", { name: found.name })} · ${name(found.role, "role_")}`;
  } catch {
    place.hidden = true; // the page says what is wrong
  }
}

export function listenToAccount(): void {
  const place = byId<HTMLDetailsElement>("account");
  byId("log-out").addEventListener("click", () => void leave());
  place.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !place.open) return;
    place.open = false;
    byId("account-name").focus();
    event.stopPropagation();
  });
  addEventListener("click", (event) => {
    if (!place.contains(event.target as Node)) place.open = false;
  });
}

async function leave(): Promise<void> {
  const { login } = await caseless<{ login: string }>(`${document.documentElement.dataset.login}/out`);
  forgetMe();
  lookFor(""); // whoever logs in next says it anew
  location.assign(login);
}
