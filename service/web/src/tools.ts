// The tools beside the drawing: steps back and on, hide, pin, and what of it is shown.
import type { DrawnEdge, DrawnNode } from "./api";
import { dayField } from "./calendar";
import { byId, el, fill } from "./dom";
import { count } from "./formats";
import { tile } from "./parts";
import { type Grouping, kindsIn, NOTHING, type Work } from "./work";
import { name, say, type Word } from "./words";

const GROUPINGS: [Grouping, Word][] = [["", "group_none"], ["ring", "group_ring"], ["community", "group_community"]];
const THINGS = new Set(["phone", "device", "bank_card", "national_id", "email", "ip", "wifi", "address", "employer", "merchant", "agent"]);

export interface ToolWays {
  fit(): void;
  zoom(factor: number): void;
  picture(): void;
  anew(): void;
  back(): void;
  on(): void;
  hide(): void;
  pin(): void;
  change(work: Partial<Work>): void;
}

export interface Shown {
  nodes: DrawnNode[];
  ties: DrawnEdge[];
  work: Work;
  can: { back: boolean; on: boolean };
  drawn: boolean;
}

export class Tools {
  private shown: Shown = { nodes: [], ties: [], work: NOTHING, can: { back: false, on: false }, drawn: false };
  private readonly sift = byId("sift");

  constructor(private readonly ways: ToolWays) {
    const does: Record<string, () => void> = {
      "zoom-in": () => ways.zoom(1.25),
      "zoom-out": () => ways.zoom(0.8),
      fit: () => ways.fit(),
      "save-png": () => ways.picture(),
      anew: () => ways.anew(),
      undo: () => ways.back(),
      redo: () => ways.on(),
      hide: () => ways.hide(),
      pin: () => ways.pin(),
    };
    for (const [id, run] of Object.entries(does)) byId(id).addEventListener("click", run);
    this.sift.addEventListener("toggle", () => this.paintSift());
    addEventListener("keydown", (event) => this.stepping(event));
  }

  /** Whether a key pressed on the drawing is one of these. */
  press(key: string): boolean {
    const does: Record<string, () => void> = { h: () => this.ways.hide(), p: () => this.ways.pin(), a: () => this.ways.anew(), s: () => this.sift.togglePopover() };
    does[key]?.();
    return key in does;
  }

  paint(shown: Shown): void {
    this.shown = shown;
    for (const id of ["fit", "zoom-in", "zoom-out", "save-png", "anew", "hide", "pin", "sift-open", "views-open"]) byId<HTMLButtonElement>(id).disabled = !shown.drawn;
    byId<HTMLButtonElement>("undo").disabled = !shown.can.back;
    byId<HTMLButtonElement>("redo").disabled = !shown.can.on;
    const { kinds, from, to, hidden, group } = shown.work;
    byId("sift-open").classList.toggle("on", kinds.length + hidden.length > 0 || from + to + group !== "");
    this.paintSift();
  }

  private stepping(event: KeyboardEvent): void {
    const writing = event.target instanceof HTMLElement && event.target.closest("input, textarea, select, dialog") !== null;
    if (writing || !(event.ctrlKey || event.metaKey)) return;
    const key = event.key.toLowerCase();
    if (key === "z" && !event.shiftKey) this.ways.back();
    else if (key === "y" || (key === "z" && event.shiftKey)) this.ways.on();
    else return;
    event.preventDefault();
  }

  private paintSift(): void {
    if (!this.sift.matches(":popover-open")) return;
    const focused = document.activeElement?.id ?? "";
    const { work } = this.shown;
    fill(
      this.sift,
      el("h2", {}, say("sift_title")),
      el("fieldset", {}, el("legend", {}, say("sift_kinds")), ...kindsIn(this.shown.nodes, this.shown.ties).map(([kind, times]) => this.kind(kind, times))),
      el("fieldset", { class: "days" }, el("legend", {}, say("sift_days")), this.day("from", "sift_from"), this.day("to", "sift_to")),
      el("fieldset", {}, el("legend", {}, say("group_by")), ...GROUPINGS.map(([value, word]) => this.grouping(value, word))),
      work.hidden.length > 0 && el("button", { type: "button", id: "unhide", class: "quiet", click: () => this.ways.change({ hidden: [] }) }, say("unhide", { n: count(work.hidden.length) })),
      el("button", { type: "button", id: "show-all", click: () => this.ways.change({ ...NOTHING, pinned: work.pinned }) }, say("show_all")),
    );
    if (focused && this.sift.contains(document.getElementById(focused))) document.getElementById(focused)?.focus();
  }

  private kind(kind: string, times: number): HTMLElement {
    const { kinds } = this.shown.work;
    const change = (): void => this.ways.change({ kinds: kinds.includes(kind) ? kinds.filter((one) => one !== kind) : [...kinds, kind] });
    const text = THINGS.has(kind) ? name(kind) : name(kind, "role_");
    return el("label", { class: "tick" }, el("input", { type: "checkbox", id: `kind-${kind}`, checked: !kinds.includes(kind), change }), THINGS.has(kind) && tile(kind), text, el("small", {}, count(times)));
  }

  private day(which: "from" | "to", word: Word): HTMLElement {
    const id = `sift-${which}`;
    return el("p", {}, el("label", { for: id }, say(word)), dayField(id, this.shown.work[which], (day) => day !== null && this.ways.change({ [which]: day })));
  }

  private grouping(group: Grouping, word: Word): HTMLElement {
    const change = (): void => this.ways.change({ group });
    return el("label", { class: "tick" }, el("input", { type: "radio", name: "grouping", id: `group-${group || "none"}`, checked: this.shown.work.group === group, change }), say(word));
  }
}
