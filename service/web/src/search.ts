// The search box: a combobox whose hits come from the service, chosen by mouse or keyboard.
import { ask, type Found, Refused } from "./api";
import { byId, el, fill } from "./dom";
import { icon } from "./looks";
import { name, say } from "./words";

const PHONE = /^(?:\+?86[- ]?)?(1\d{2})[- ]?\d{4}[- ]?(\d{4})$/;

/** A whole phone number becomes its masked form before it leaves the page: addresses and logs never hold it. */
export function masked(text: string): string {
  const found = PHONE.exec(text.trim());
  return found ? `${found[1]}****${found[2]}` : text.trim();
}

export class Search {
  private readonly field = byId<HTMLInputElement>("q");
  private readonly list = byId<HTMLUListElement>("hits");
  private hits: Found[] = [];
  private active = -1;
  private pending?: AbortController;
  private timer = 0;

  constructor(private readonly asOf: () => string, private readonly open: (node: string) => void, private readonly failed: (error: Refused) => void) {
    this.field.addEventListener("input", () => {
      clearTimeout(this.timer);
      this.timer = window.setTimeout(() => void this.look(), 140);
    });
    this.field.addEventListener("keydown", (event) => this.press(event));
    this.field.addEventListener("blur", () => window.setTimeout(() => this.close(), 150));
    byId<HTMLFormElement>("search").addEventListener("submit", (event) => {
      event.preventDefault();
      void this.submit();
    });
  }

  private async submit(): Promise<void> {
    clearTimeout(this.timer);
    const chosen = this.hits[this.active];
    if (chosen && !this.list.hidden) {
      this.take(chosen);
      return;
    }
    await this.look();
    const first = this.hits[0];
    if (this.hits.length === 1 && first) this.take(first);
  }

  private async look(): Promise<void> {
    const text = masked(this.field.value);
    this.pending?.abort();
    if (!text) {
      this.close();
      return;
    }
    this.pending = new AbortController();
    try {
      this.hits = await ask<Found[]>("search", { q: text, as_of: this.asOf() }, this.pending.signal);
      this.show();
    } catch (error) {
      if (error instanceof Refused) this.failed(error);
    }
  }

  private show(): void {
    this.active = -1;
    const lines = this.hits.map((hit, index) =>
      el(
        "li",
        { id: `hit-${index}`, role: "option", "aria-selected": "false", mousedown: (event) => event.preventDefault(), click: () => this.take(hit) },
        hit.type === "ring" ? el("span", { class: "dot" }) : el("img", { src: icon(hit.type), alt: "", class: `chip-icon ${hit.type}` }),
        el("b", {}, hit.label),
        el("small", {}, name(hit.type)),
      ),
    );
    fill(this.list, ...(lines.length ? lines : [el("li", { class: "none" }, say("no_hits"))]));
    this.list.hidden = false;
    this.field.setAttribute("aria-expanded", "true");
  }

  private close(): void {
    this.list.hidden = true;
    this.field.setAttribute("aria-expanded", "false");
    this.field.removeAttribute("aria-activedescendant");
  }

  private take(hit: Found): void {
    this.field.value = hit.label;
    this.close();
    this.open(hit.node);
  }

  private press(event: KeyboardEvent): void {
    if (event.key === "Escape") this.close();
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    if (this.list.hidden || !this.hits.length) return;
    event.preventDefault();
    const step = event.key === "ArrowDown" ? 1 : -1;
    this.active = (this.active + step + this.hits.length) % this.hits.length;
    [...this.list.children].forEach((line, index) => line.setAttribute("aria-selected", String(index === this.active)));
    this.list.children[this.active]?.scrollIntoView({ block: "nearest" });
    this.field.setAttribute("aria-activedescendant", `hit-${this.active}`);
  }
}
