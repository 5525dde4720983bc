// The panel at the side: what stands in it, painted again in whatever language is spoken.
import { alertPart } from "./alerts";
import { ask, type Assessment, type Dossier, post, type WatchAlert } from "./api";
import { byId, fill } from "./dom";
import { assessment, panel } from "./panel";
import { Hand } from "./hand";
import type { Ways } from "./parts";

export interface SideWays {
  asOf(): string;
  guarded(run: () => Promise<void>): Promise<void>;
  back(node: string): HTMLElement; // the way back from a node's panel
  ways: Ways;
}

export class Side {
  private paint: () => void = () => undefined; // in the language spoken then
  private asked = 0; // grows with each panel asked for: answers about an earlier one are dropped
  private readonly place = byId("panel");
  private due = false; // it is to be painted once nobody has their hand on it
  private readonly hand = new Hand(this.place, () => this.due && this.now());

  constructor(private readonly wishes: SideWays) {}

  /** Answers that are on their way are not of this page any more. */
  leave(): void {
    this.asked += 1;
  }

  clear(): void {
    this.show();
  }

  show(...parts: (() => HTMLElement)[]): void {
    this.paint = () => fill(this.place, ...parts.map((part) => part()));
    this.now();
  }

  /** The panel again, once nobody has their hand on it: a click on what was painted over meanwhile would be lost. */
  repaint(): void {
    this.due = true;
    if (!this.hand.holds) this.now();
  }

  /** The panel again: where the reader stood in it, and wrote, stays. */
  private now(): void {
    this.due = false;
    const focused = document.activeElement;
    const caret = isText(focused) ? [focused.selectionStart, focused.selectionEnd] as const : null;
    const scrolled = [this.place, ...this.place.querySelectorAll(".scroll")].map((one) => one.scrollTop);
    this.paint();
    [this.place, ...this.place.querySelectorAll(".scroll")].forEach((one, index) => (one.scrollTop = scrolled[index] ?? 0));
    const again = focused?.id ? document.getElementById(focused.id) : null;
    again?.focus({ preventScroll: true });
    if (caret && isText(again)) again.setSelectionRange(...caret);
  }

  /** The panel of a node, and the last answer about it where there may be one. */
  async dossier(node: string): Promise<void> {
    const asked = ++this.asked;
    let found = await ask<Dossier>("node", { node, as_of: this.wishes.asOf() });
    if (asked !== this.asked) return;
    let alerts: WatchAlert[] = [];
    let last: Assessment | null | undefined; // not answered yet
    const body = (): HTMLElement => {
      const made = panel(found, node, this.wishes.ways);
      const place = made.querySelector("#assessment");
      const watch = made.querySelector("#alerts");
      if (watch) fill(watch, ...alertPart(alerts, this.wishes.ways));
      const again = node.startsWith("applicant:") && this.wishes.asOf() === "" ? (): void => void now() : null;
      if (place && last !== undefined) fill(place, ...assessment(last, this.wishes.ways, again));
      return made;
    };
    const now = async (): Promise<void> => {
      const before = last;
      last = undefined;
      this.repaint();
      await this.wishes.guarded(async () => {
        last = before;
        last = await post<Assessment>("assess", { node });
        found = await ask<Dossier>("node", { node, as_of: this.wishes.asOf() });
      });
      if (asked === this.asked) this.repaint();
    };
    this.show(() => this.wishes.back(node), body);
    this.place.scrollTop = 0;
    if (document.getElementById("alerts")) {
      alerts = await ask<WatchAlert[]>("alerts", { node, as_of: this.wishes.asOf() });
      if (asked !== this.asked) return;
      this.repaint();
    }
    if (!document.getElementById("assessment")) return;
    last = await ask<Assessment | null>("assessment", { node, as_of: this.wishes.asOf() });
    if (asked === this.asked) this.repaint();
  }
}

/** Whether one writes in it. */
function isText(field: Element | null): field is HTMLInputElement | HTMLTextAreaElement {
  return field instanceof HTMLTextAreaElement || (field instanceof HTMLInputElement && ["text", "search"].includes(field.type));
}
