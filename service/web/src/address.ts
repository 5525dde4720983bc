// The address of the page says what is shown, so that it can be sent to a colleague: ids, tokens and a moment, nothing raw.
import type { Language } from "./words";

// An identifier named by anything but a token.
export const RAW = /^(?:phone|device|bank_card|national_id|email|ip|wifi|address|employer):(?![a-z]\w{0,15}(?:-sm3)?\.)(.*)$/;
export const MOST_OPENED = 24; // expanded nodes that an address holds

export function address(node: string, asOf: string, opened: string[], file = ""): string {
  const query = new URLSearchParams();
  if (file) query.set("case", file);
  if (node) query.set("node", node);
  if (asOf) query.set("as_of", asOf);
  if (node) for (const one of opened) query.append("open", one);
  return `${location.pathname}${query.size ? `?${query}` : ""}`;
}

/** The address of the queue, narrowed by these filters. */
export function queueAddress(filters: Record<string, string>): string {
  return `${location.pathname}?${new URLSearchParams({ queue: "", ...filters })}`;
}

/** The address of what verdicts say of flags, of so many days. */
export function verdictsAddress(days: string, asOf: string): string {
  return `${location.pathname}?${new URLSearchParams({ verdicts: days, ...(asOf ? { as_of: asOf } : {}) })}`;
}

/** The address of the page on the model that answers, over so many days. */
export function modelAddress(days: string): string {
  return `${location.pathname}?${new URLSearchParams({ model: days })}`;
}

export function chosenLanguage(): Language {
  const asked = new URLSearchParams(location.search).get("lang");
  if (asked) localStorage.setItem("ringfence-language", asked.startsWith("zh") ? "zh" : "en");
  return (localStorage.getItem("ringfence-language") ?? navigator.language).startsWith("zh") ? "zh" : "en";
}
