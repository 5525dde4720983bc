// All texts of the desk, in two languages: each subject has its table in words/. Nothing else in the page holds a sentence.
import { ACCOUNT } from "./words/account";
import { CASES } from "./words/cases";
import { CODES } from "./words/codes";
import { DRAWING } from "./words/drawing";
import { EXPLORING } from "./words/exploring";
import { MODEL } from "./words/model";
import { PAGE } from "./words/page";
import { PANELS } from "./words/panels";

const TABLE = { ...ACCOUNT, ...CASES, ...CODES, ...DRAWING, ...EXPLORING, ...MODEL, ...PAGE, ...PANELS };

export type Word = keyof typeof TABLE;
export type Language = "en" | "zh";

let language: Language = "en";

export function speak(chosen: Language): void {
  language = chosen;
}

export function spoken(): Language {
  return language;
}

/** The text of `word`, with {name} replaced from `values`; of [one|several] the form that the number before it asks for. */
export function say(word: Word, values: Record<string, string | number> = {}): string {
  const text: string = TABLE[word][language === "zh" ? 1 : 0];
  let number = "";
  return text.replace(/\{(\w+)\}|\[([^|\]]*)\|([^\]]*)\]/g, (_, name: string | undefined, one: string, several: string) => {
    if (name === undefined) return number === "1" ? one : several;
    number = String(values[name] ?? "");
    return number;
  });
}

/** Why a group is taken for what it is: RING_SHARED_DEVICE and the like. */
export function why(code: string): string {
  const shared = /^RING_SHARED_(.+)$/.exec(code);
  return shared ? say("why_shared", { what: name(shared[1]?.toLowerCase()).toLowerCase() }) : name(code, "why_");
}

/** A code of the service (a kind, a state, an outcome) in words; a code the dictionary lacks is shown as it is. */
export function name(code: string | null | undefined, prefix = ""): string {
  if (code === null || code === undefined || code === "") return "–";
  const word = `${prefix}${code}`;
  return Object.prototype.hasOwnProperty.call(TABLE, word) ? say(word as Word) : code.replaceAll("_", " "); // a kind of event of the lender's own
}
