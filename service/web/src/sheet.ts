// The sheet: what is drawn of a node, what was expanded on it, what somebody did with it, and what is lit.
import { MOST_OPENED } from "./address";
import { ask, type DrawnNode, type Drawing, type Paths } from "./api";
import { Canvas, type View } from "./canvas";
import { groupsOf } from "./communities";
import { byId } from "./dom";
import { pointsAt, pointsNear } from "./elements";
import { keepBlob } from "./files";
import { count } from "./formats";
import { hint } from "./hints";
import { recalled, remember } from "./keeping";
import { LARGE, type Point, rounded } from "./layout";
import { Left, leftText } from "./leftout";
import { Refused } from "./refusals";
import { Tools } from "./tools";
import { Views } from "./views";
import { leftOut, type Made, NOTHING, standing, Steps, type Work } from "./work";
import { name, say } from "./words";

export interface SheetWays {
  asOf(): string;
  view(id: string): void; // another saved view
  look(node: DrawnNode | null): void; // what is chosen now
  open(node: string): void;
  moved(): void; // the address has to say what is open now
  guarded(run: (still: () => boolean) => Promise<void>): Promise<void>;
  said(text: string): void;
}

export class Sheet {
  node = "";
  opened: string[] = []; // what was expanded, in its order
  readonly canvas: Canvas;
  private drawn = ""; // of which node this all is
  private work: Work = NOTHING;
  private tied: Drawing | null = null; // paths that were brought in, as of the moment that is shown
  private answers = new Map<string, Drawing>(); // as of that moment: of the node itself and of what was expanded
  private places = new Map<string, Point>(); // of everything that was drawn, also of what is not there at this moment
  private readonly steps = new Steps();
  private readonly left = new Left(() => void this.expand(this.node));
  private readonly tools: Tools;
  private readonly views: Views;

  constructor(private readonly ways: SheetWays) {
    this.canvas = new Canvas(byId("canvas"), {
      select: (node) => this.ways.look(node),
      expand: (node) => void this.expand(node.id),
      open: (node) => this.ways.open(node.id),
      hint,
      grabbed: () => this.steps.did(this.made()),
      settled: () => this.keep(),
      pressed: (key) => this.tools.press(key),
    });
    this.tools = new Tools({
      fit: () => this.canvas.fit(),
      zoom: (factor) => this.canvas.zoom(factor),
      picture: () => keepBlob(this.canvas.png(), "ringfence.png"),
      anew: () => this.anew(),
      back: () => this.step(this.steps.back(this.made())),
      on: () => this.step(this.steps.on(this.made())),
      hide: () => this.toggle("hidden"),
      pin: () => this.toggle("pinned"),
      change: (work) => this.change({ ...this.work, ...work }),
    });
    this.views = new Views({
      node: () => this.node,
      moment: () => this.answers.get("")?.as_of ?? "",
      made: () => ({ opened: this.opened, work: this.work, places: rounded(this.canvas.places()) }),
      open: (id) => this.ways.view(id),
      said: (text) => this.ways.said(text),
    });
  }

  /** A saved view of that node is what the next drawing of it starts with. */
  take(node: string, made: Made): void {
    this.wipe();
    remember(node, { made, view: null });
  }

  /** Read and draw the node with what was expanded; whoever has a place stays there. Null where the page has gone on. */
  async draw(still: () => boolean): Promise<Drawing | null> {
    const again = this.drawn === this.node;
    const kept = again ? null : recalled(this.node);
    const drawing = await ask<Drawing>("subgraph", { node: this.node, as_of: this.ways.asOf() });
    const more = await Promise.all(this.opened.map((node) => this.opening(node)));
    if (!still()) return null;
    if (!again) this.begin(kept?.made ?? null);
    this.answers = new Map([["", drawing]]);
    this.opened.forEach((node, index) => more[index] && this.answers.set(node, more[index]));
    this.tied = null;
    this.steps.clear();
    this.show();
    if (kept?.view) this.canvas.look(kept.view);
    return drawing;
  }

  /** Another node than before: with what this tab, or a saved view, holds of it. */
  private begin(made: Made | null): void {
    this.drawn = this.node;
    this.work = made?.work ?? NOTHING;
    this.places = new Map(Object.entries(made?.places ?? {}));
  }

  /** What is next to an expanded node; null where nothing was known of it yet. */
  private async opening(node: string): Promise<Drawing | null> {
    try {
      return await ask<Drawing>("expand", { node, as_of: this.ways.asOf() });
    } catch (error) {
      if (error instanceof Refused && error.status === 404) return null;
      throw error;
    }
  }

  async expand(node: string): Promise<void> {
    if (node !== this.node && !this.canvas.has(node)) {
      this.ways.open(node);
      return;
    }
    await this.ways.guarded(async (still) => {
      const drawing = await ask<Drawing>("expand", { node, as_of: this.ways.asOf() });
      if (!still()) return;
      if (drawing.nodes.length > LARGE) await this.sign(drawing.nodes.length);
      const before = this.made();
      this.answers.set(node, drawing);
      const opened = this.opened;
      this.opened = [...this.opened.filter((one) => one !== node), node].slice(-MOST_OPENED);
      const added = this.show(true);
      if (added.people + added.things) this.steps.did(before);
      else this.opened = opened;
      this.ways.moved();
      this.paint();
      const hub = drawing.left_out.find((left) => left.node === node && left.why === "hub");
      this.ways.said(hub ? leftText(hub) : added.people + added.things ? say("added", added) : say("nothing_new"));
    });
  }

  /** Say that a large layout begins, and wait until that is painted: the page stands still meanwhile. */
  private async sign(nodes: number): Promise<void> {
    this.ways.said(say("laying_out", { n: count(nodes) }));
    await new Promise((painted) => requestAnimationFrame(() => requestAnimationFrame(painted)));
  }

  /** Light a reason's path; what of it is not drawn yet is brought in first. Where that cannot be, what the reason is about. */
  async light(path: string[], code = ""): Promise<void> {
    const from = this.canvas.selected() || this.node;
    let lit = this.canvas.lightPath(path, from);
    if (!lit.length) {
      await this.expand(from);
      lit = this.canvas.lightPath(path, from);
    }
    if (!lit.length && code) this.lightReason(code);
    else this.ways.said(say(lit.length ? "path_lit" : "path_not_drawn"));
  }

  /** Light what a reason without a path of its own is about. */
  lightReason(code: string): void {
    const from = this.canvas.selected() || this.node;
    const lit = this.canvas.near(from, pointsNear(code));
    this.canvas.lit(lit);
    this.ways.said(say(lit.length > 1 ? "reason_lit" : "reason_own"));
  }

  /** Light what a ring's reason points at. */
  lightCode(code: string): void {
    this.canvas.lit(this.canvas.around(pointsAt(code)));
  }

  /** Bring the paths that were found into the drawing and light the first; what was drawn stays. */
  tie(found: Paths): void {
    this.steps.did(this.made());
    this.tied = found.drawing;
    this.show(true);
    this.canvas.lit(found.paths[0] ?? []);
  }

  wipe(): void {
    this.left.clear();
    this.canvas.clear();
    this.drawn = "";
    this.answers.clear();
    this.steps.clear();
    this.paint();
  }

  /** What is drawn and what is not, in the language spoken now. */
  paint(): void {
    const nodes = this.canvas.all();
    const out = nodes.length - this.canvas.counts().people - this.canvas.counts().things - nodes.filter((node) => node.type === "application").length;
    this.left.paint(this.canvas.counts(), nodes.length > 0, Math.max(0, out));
    this.views.paint();
    this.tools.paint({ nodes, ties: this.canvas.ties(), work: this.work, can: this.steps.can, drawn: this.node !== "" && nodes.length > 0 });
  }

  /** What an investigator made of it, for a step back or a saved view. */
  made(): Made {
    return { opened: this.opened, tied: this.tied, work: this.work, places: { ...Object.fromEntries(this.places), ...this.canvas.places() } };
  }

  /** Draw what is known as it is meant to be drawn. Returns how many people and things came in. */
  private show(gently = false): { people: number; things: number } {
    this.remember();
    const drawings = ["", ...this.opened].flatMap((node) => this.answers.get(node) ?? []).concat(this.tied ?? []);
    const added = this.canvas.show(drawings, this.places, gently);
    this.left.clear();
    const whole = this.opened.includes(this.node); // of a ring: the first drawing is a part of the second
    for (const one of drawings.slice(whole ? 1 : 0)) this.left.note(one);
    this.apply();
    return added;
  }

  /** Bring filters, hidden and pinned nodes and groups into the picture. */
  private apply(): void {
    const [nodes, ties] = [this.canvas.all(), this.canvas.ties()];
    const stand = standing(nodes, ties, this.work);
    this.canvas.narrow(leftOut(nodes, ties, this.work, this.node), (_, index) => stand.has(index), new Set(this.work.pinned));
    this.canvas.group(groupsOf(nodes, ties, this.work.group).map((one, index) => ({ ...one, label: one.ring || say("community", { n: index + 1 }) })));
    this.paint();
  }

  private change(work: Work): void {
    const grouped = work.group !== this.work.group && work.group !== "";
    this.steps.did(this.made());
    this.work = work;
    this.apply();
    if (grouped) this.canvas.anew(this.work.pinned);
    this.keep();
  }

  private toggle(what: "hidden" | "pinned"): void {
    const chosen = this.canvas.selected();
    if (!chosen || (what === "hidden" && chosen === this.node)) {
      this.ways.said(say("choose_first"));
      return;
    }
    const all = this.work[what];
    const off = all.includes(chosen);
    if (what === "hidden") this.canvas.mark("");
    this.change({ ...this.work, [what]: off ? all.filter((one) => one !== chosen) : [...all, chosen] });
    const word = what === "hidden" ? "now_hidden" : off ? "now_loose" : "now_pinned";
    this.ways.said(say(word, { what: this.label(chosen) }));
  }

  private label(id: string): string {
    const node = this.canvas.all().find((one) => one.id === id);
    return node ? `${name(node.type)} ${node.label}` : "";
  }

  private anew(): void {
    this.steps.did(this.made());
    this.canvas.anew(this.work.pinned);
    this.paint();
  }

  /** Show a step before or after; whatever it needs is known already. */
  private step(made: Made | null): void {
    if (!made) return;
    this.canvas.mark("");
    this.opened = made.opened;
    this.tied = made.tied;
    this.work = made.work;
    this.places = new Map(Object.entries(made.places));
    this.show();
    this.ways.moved();
    this.keep();
    this.ways.said(say("stepped", this.canvas.counts()));
  }

  private remember(): void {
    for (const [id, place] of Object.entries(this.canvas.places())) if (!this.places.has(id)) this.places.set(id, place);
  }

  /** What this tab holds over a reload. */
  private keep(): void {
    for (const [id, place] of Object.entries(this.canvas.places())) this.places.set(id, place);
    if (this.drawn) remember(this.drawn, { made: { ...this.made(), tied: null }, view: this.canvas.view() });
  }
}

export type { View };
