// The sheet: what is drawn of a node, what was expanded on it, and what is lit.
import { MOST_OPENED } from "./address";
import { ask, type DrawnNode, type Drawing, type Paths } from "./api";
import { Canvas } from "./canvas";
import { byId } from "./dom";
import { pointsAt } from "./elements";
import { keepBlob } from "./files";
import { hint } from "./hints";
import { Left, leftText } from "./leftout";
import { Refused } from "./refusals";
import { say } from "./words";

export interface SheetWays {
  asOf(): string;
  look(node: DrawnNode | null): void; // what is chosen now
  open(node: string): void;
  moved(): void; // the address has to say what is open now
  guarded(run: (still: () => boolean) => Promise<void>): Promise<void>;
  said(text: string): void;
}

export class Sheet {
  node = "";
  opened: string[] = []; // what was expanded, in its order
  private readonly left = new Left();
  readonly canvas: Canvas;

  constructor(private readonly ways: SheetWays) {
    this.canvas = new Canvas(byId("canvas"), {
      select: (node) => this.ways.look(node),
      expand: (node) => void this.expand(node.id),
      open: (node) => this.ways.open(node.id),
      hint,
    });
    byId("fit").addEventListener("click", () => this.canvas.fit());
    byId("save-png").addEventListener("click", () => keepBlob(this.canvas.png(), "ringfence.png"));
    byId("zoom-in").addEventListener("click", () => this.canvas.zoom(1.25));
    byId("zoom-out").addEventListener("click", () => this.canvas.zoom(0.8));
  }

  /** Read and draw the node with what was expanded; whoever is drawn already stays in place. Null where the page has gone on. */
  async draw(still: () => boolean): Promise<Drawing | null> {
    const drawing = await ask<Drawing>("subgraph", { node: this.node, as_of: this.ways.asOf() });
    const more = await Promise.all(this.opened.map((node) => this.opening(node)));
    if (!still()) return null;
    const drawings = [drawing, ...more.filter((one) => one !== null)];
    this.left.clear();
    this.canvas.show(drawings);
    for (const one of drawings) this.left.note(one);
    this.paint();
    return drawing;
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
    if (!this.canvas.has(node)) {
      this.ways.open(node);
      return;
    }
    await this.ways.guarded(async (still) => {
      const drawing = await ask<Drawing>("expand", { node, as_of: this.ways.asOf() });
      if (!still()) return;
      const added = this.canvas.merge(drawing, node);
      this.left.note(drawing);
      this.paint();
      if (added.people + added.things && !this.opened.includes(node)) this.opened = [...this.opened, node].slice(-MOST_OPENED);
      this.ways.moved();
      const hub = drawing.left_out.find((left) => left.node === node && left.why === "hub");
      this.ways.said(hub ? leftText(hub) : added.people + added.things ? say("added", added) : say("nothing_new"));
    });
  }

  /** Light a reason's path; what of it is not drawn yet is brought in first. */
  async light(path: string[]): Promise<void> {
    const from = this.canvas.selected() || this.node;
    let lit = this.canvas.lightPath(path, from);
    if (!lit.length) {
      await this.expand(from);
      lit = this.canvas.lightPath(path, from);
    }
    this.ways.said(say(lit.length ? "path_lit" : "path_not_drawn"));
  }

  /** Light what a ring's reason points at. */
  lightCode(code: string): void {
    this.canvas.lit(this.canvas.around(pointsAt(code)));
  }

  /** Bring the paths that were found into the drawing and light the first; what was drawn stays. */
  tie(found: Paths): void {
    this.canvas.merge(found.drawing, found.a);
    this.paint();
    this.canvas.lit(found.paths[0] ?? []);
  }

  wipe(): void {
    this.left.clear();
    this.canvas.clear();
    this.paint();
  }

  /** What is drawn and what is not, in the language spoken now. */
  paint(): void {
    this.left.paint(this.canvas.counts(), this.node !== "");
  }
}
