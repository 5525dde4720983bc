// Saved views: a drawing with what was made of it, kept with who and when, and opened by whoever has its address.
import { ask, erase, post } from "./api";
import { byId, el, fill } from "./dom";
import { minute } from "./formats";
import { Refused } from "./refusals";
import type { Made } from "./work";
import { say } from "./words";

export interface SavedView {
  view_id: string;
  name: string;
  node: string;
  as_of: string;
  at: string;
  by: string;
  own: boolean;
}

export interface ViewWays {
  node(): string;
  moment(): string;
  made(): Omit<Made, "tied">;
  open(id: string): void;
  said(text: string): void;
}

export function savedView(id: string): Promise<SavedView & { made: Made }> {
  return ask(`views/${encodeURIComponent(id)}`, {});
}

export class Views {
  private readonly place = byId("views");
  private found: SavedView[] | null = null;
  private problem: Refused | null = null;
  private name = "";

  constructor(private readonly ways: ViewWays) {
    this.place.addEventListener("toggle", () => void this.look());
  }

  /** What is kept of the node that is drawn. */
  private async look(): Promise<void> {
    if (!this.place.matches(":popover-open")) return;
    this.found = null;
    await this.tried(async () => (this.found = await ask<SavedView[]>("views", { node: this.ways.node() })));
  }

  private async save(): Promise<void> {
    const name = this.name.trim();
    if (!name) return;
    await this.tried(async () => {
      const kept = await post<SavedView>("views", { name, node: this.ways.node(), as_of: this.ways.moment(), made: this.ways.made() });
      this.name = "";
      this.found = [kept, ...(this.found ?? [])];
      this.ways.said(say("view_saved", { name: kept.name }));
    });
  }

  private async tried(run: () => Promise<unknown>): Promise<void> {
    this.problem = null;
    this.paint();
    try {
      await run();
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      this.problem = error;
    } finally {
      this.paint();
    }
  }

  paint(): void {
    if (!this.place.matches(":popover-open")) return;
    const focused = document.activeElement?.id ?? "";
    const submit = (event: Event): void => {
      event.preventDefault();
      void this.save();
    };
    const field = el("input", { id: "view-name", maxlength: 120, value: this.name, autocomplete: "off", input: (event) => (this.name = (event.target as HTMLInputElement).value) });
    fill(
      this.place,
      el("h2", {}, say("views_title")),
      el("form", { class: "work", submit }, el("label", {}, say("view_name"), field), el("button", { id: "view-save" }, say("view_save"))),
      this.problem && el("p", { class: "note", role: "alert" }, this.problem.text),
      this.found === null ? !this.problem && el("p", { class: "quiet" }, say("loading")) : this.list(this.found),
    );
    if (focused && this.place.contains(document.getElementById(focused))) document.getElementById(focused)?.focus();
  }

  private list(found: SavedView[]): HTMLElement {
    if (!found.length) return el("p", { class: "quiet" }, say("views_none"));
    return el("ul", { class: "plain" }, ...found.map((one) => this.line(one)));
  }

  private line(one: SavedView): HTMLElement {
    const href = `${location.pathname}?view=${encodeURIComponent(one.view_id)}`;
    const open = (event: Event): void => {
      event.preventDefault();
      this.place.hidePopover();
      this.ways.open(one.view_id);
    };
    const copy = async (): Promise<void> => {
      await navigator.clipboard.writeText(new URL(href, location.href).href);
      this.ways.said(say("view_copied"));
    };
    const away = (): void => void this.tried(async () => {
      await erase(`views/${encodeURIComponent(one.view_id)}`);
      this.found = (this.found ?? []).filter((other) => other !== one);
    });
    return el(
      "li",
      {},
      el("a", { class: "id", href, click: open }, one.name),
      el("small", {}, `${say("as_of")} ${minute(one.as_of)} · ${one.by} · ${minute(one.at)}`),
      el("button", { type: "button", class: "quiet", click: () => void copy() }, say("view_copy")),
      one.own && el("button", { type: "button", class: "quiet", click: away }, say("view_away")),
    );
  }
}
