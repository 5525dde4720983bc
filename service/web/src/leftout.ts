// What is in the graph and not in the drawing, in words: a line for each, hubs of one kind together.
import type { Drawing, LeftOut } from "./api";
import { byId, el, fill } from "./dom";
import { count } from "./formats";
import { name, say, type Word } from "./words";

const SINGLE = 2; // so many hubs of one kind are told one by one

export function leftText(left: LeftOut): string {
  const label = `${name(left.type)} ${left.label ?? ""}`;
  const total = count(left.total) + (left.capped ? "+" : "");
  if (left.why === "hub") return say(left.reason === "not_linking" ? "left_not_linking" : "left_hub", { label, total, place: name(left.type, "hub_") });
  if (left.why === "holders" && left.total === null) return say("left_more", { label, shown: left.shown });
  return say(`left_${left.why}` as Word, { label, total, shown: left.shown });
}

/** [why, text] for each line. */
export function leftLines(all: LeftOut[]): [string, string][] {
  const hubs = new Map<string, LeftOut[]>();
  for (const left of all) {
    if (left.why !== "hub" || left.reason === "not_linking") continue;
    const kind = left.type ?? "";
    hubs.set(kind, [...(hubs.get(kind) ?? []), left]);
  }
  const many = [...hubs].filter(([, found]) => found.length > SINGLE);
  const told = new Set(many.flatMap(([, found]) => found));
  const single = all.filter((left) => !told.has(left)).map((left): [string, string] => [left.why, leftText(left)]);
  return [...many.map(([kind, found]): [string, string] => ["hub", together(kind, found)]), ...single];
}

function together(kind: string, found: LeftOut[]): string {
  const totals = found.map((left) => left.total ?? 0);
  const most = count(Math.max(...totals)) + (found.some((left) => left.capped) ? "+" : "");
  return say("left_hubs", { kind: name(kind), n: found.length, least: count(Math.min(...totals)), most, place: name(kind, "hubs_") });
}

/** The foot of the drawing: what is drawn, and what is not (hubs, cut holders, private ties). */
export class Left {
  private readonly left = new Map<string, LeftOut>();
  private cut = false;

  constructor(private readonly whole: () => void) {}

  clear(): void {
    this.left.clear();
    this.cut = false;
  }

  note(drawing: Drawing): void {
    for (const left of drawing.left_out) this.left.set(`${left.why} ${left.node ?? ""}`, left);
    this.cut ||= drawing.truncated && !drawing.left_out.some((left) => left.why !== "hub" && left.why !== "ties");
  }

  paint(counts: { people: number; things: number }, drawn: boolean, out = 0): void {
    const lines = leftLines([...this.left.values()]).map(([why, text]) => {
      const all = why === "members" && el("button", { type: "button", id: "draw-all", class: "quiet", click: () => this.whole() }, say("draw_all"));
      return el("li", { class: why }, text, all);
    });
    if (this.cut) lines.push(el("li", {}, say("left_cut")));
    if (out) lines.push(el("li", { id: "left-out" }, say("left_by_you", { n: count(out) })));
    byId("counts").textContent = counts.people || counts.things ? say("drawn", counts) : "";
    byId("left").hidden = !drawn;
    byId("left-title").textContent = `${say("left_out")} (${lines.length})`;
    fill(byId("left-list"), ...(lines.length ? lines : [el("li", { class: "quiet" }, say("complete"))]));
  }
}
