// The parts that every panel is made of.
import { el } from "./dom";
import type { Past } from "./api";
import { icon } from "./looks";
import { name, say, type Word } from "./words";

export interface Ways {
  open(node: string): void;
  expand(node: string): void;
  light(path: string[], code?: string): void;
  lightReason(code: string): void;
  past(): Past | null; // what the people of the drawn ring did, once it is known
  lightCode(code: string): void;
  openCase(node: string): void;
  tied(node: string): HTMLElement;
}

export function tile(type: string, extra = ""): HTMLElement {
  if (type === "ring") return el("span", { class: `tile ring ${extra}` });
  return el("img", { src: icon(type), alt: "", class: `tile ${type} ${extra}` });
}

export function link(node: string, text: string, ways: Ways): HTMLElement {
  const go = (event: Event): void => {
    event.preventDefault();
    ways.open(node);
  };
  return el("a", { href: `?node=${encodeURIComponent(node)}`, click: go, class: "id" }, text);
}

export function head(type: string, title: string, chips: (HTMLElement | false)[], buttons: HTMLElement[] = [], look = ""): HTMLElement {
  return el(
    "header",
    { class: "head" },
    tile(type, look),
    el("div", {}, el("p", { class: "eyebrow" }, name(type)), el("h2", {}, title)),
    chips.some(Boolean) && el("p", { class: "chips" }, ...chips),
    buttons.length > 0 && el("p", { class: "deeds" }, ...buttons),
  );
}

export function deeds(node: string, ways: Ways): HTMLElement[] {
  return [
    el("button", { type: "button", click: () => ways.expand(node) }, say("expand")),
    el("button", { type: "button", class: "quiet", click: () => ways.open(node) }, say("open_here")),
  ];
}

/** Opens a case about a node, or the one that is open. */
export function opening(node: string, ways: Ways): HTMLElement {
  return el("button", { type: "button", class: "quiet open-case", click: () => ways.openCase(node) }, say("open_case"));
}

export function chip(text: string, kind = ""): HTMLElement {
  return el("span", { class: `chip ${kind}` }, text);
}

export function section(title: Word, ...content: (Node | false | null)[]): HTMLElement {
  return el("section", {}, el("h3", {}, say(title)), ...content);
}

export function facts(lines: [Word, string | null | undefined][]): HTMLElement {
  const list = el("dl", { class: "facts" });
  for (const [word, value] of lines) if (value && value !== "–") list.append(el("dt", {}, say(word)), el("dd", {}, value));
  return list;
}

export function table(columns: Word[], lines: (Node | string)[][], caption: Word): HTMLElement {
  const header = el("tr", {}, ...columns.map((word) => el("th", { scope: "col" }, say(word))));
  const body = lines.map((line) => el("tr", {}, ...line.map((cell) => el("td", {}, cell))));
  return el("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": say(caption) }, el("table", {}, el("thead", {}, header), el("tbody", {}, ...body)));
}

export function grid(cells: [string, Word][]): HTMLElement {
  return el("div", { class: "figures" }, ...cells.map(([value, word]) => el("div", {}, el("b", {}, value), el("span", {}, say(word)))));
}

export function yes(value: boolean | null): string | null {
  return value === null ? null : say(value ? "yes" : "no");
}

export function status(code: string | null): HTMLElement {
  return el("span", { class: `status ${code ?? ""}` }, name(code));
}

/** Why nobody is followed through a hub: "1,000+ holders: dormitory or shop Wi-Fi". */
export function hubText(type: string, reason: string, total: string): string {
  return reason === "not_linking" ? say("hub_not_linking") : say("hub_line", { total, place: name(type, "hub_") });
}
