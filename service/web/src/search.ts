// The search box: a combobox whose hits come from the service, chosen by mouse or keyboard.
import { type Found, post } from "./api";
import { byId, el, fill } from "./dom";
import { count } from "./formats";
import { icon } from "./looks";
import { chip } from "./parts";
import { Refused } from "./refusals";
import { name, say } from "./words";

const PAUSE = 300; // milliseconds after the last key

/** Whether a text is looked up only when Enter says that it is whole: a number or an e-mail, of which every beginning would be sent otherwise. */
function mustWait(text: string): boolean {
  return /[\p{Nd}@]/u.test(text);
}

/** What is known of a hit: its ring, what was concluded, how many hold it. */
function known(hit: Found): HTMLElement[] {
  const parts: HTMLElement[] = [];
  if (hit.conclusion) parts.push(chip(hit.conclusion === "fraud" ? say("known_fraud") : name(hit.conclusion), hit.conclusion === "fraud" ? "bad" : "good"));
  if (hit.state) parts.push(chip(name(hit.state, "state_")), el("small", {}, hit.subject));
  else if (hit.ring_kind) parts.push(chip(`${hit.ring_id ?? ""} ${name(hit.ring_kind, "kind_")}`.trim(), hit.ring_flagged ? "flagged" : "grouped"));
  if (hit.holders !== null) parts.push(el("small", { class: "many" }, `${say(hit.type === "ring" ? "size" : "holders")} ${count(hit.holders)}${hit.more_holders ? "+" : ""}`));
  return parts;
}

export class Search {
  private readonly field = byId<HTMLInputElement>("q");
  private readonly list = byId<HTMLUListElement>("hits");
  private hits: Found[] = [];
  private active = -1;
  private pending?: AbortController;
  private timer = 0;

  constructor(private readonly asOf: () => string, private readonly open: (node: string) => void, private readonly failed: (error: Refused) => void) {
    this.field.addEventListener("input", () => this.typed());
    this.field.addEventListener("keydown", (event) => this.press(event));
    this.field.addEventListener("blur", () => window.setTimeout(() => this.close(), 150));
    byId<HTMLFormElement>("search").addEventListener("submit", (event) => {
      event.preventDefault();
      void this.submit();
    });
  }

  /** Search for a text as if somebody had written it. */
  seek(text: string): void {
    this.field.value = text;
    void this.submit();
  }

  private typed(): void {
    clearTimeout(this.timer);
    this.pending?.abort();
    this.hits = [];
    if (mustWait(this.field.value)) this.tell(el("li", { class: "none" }, say("press_enter")));
    else this.timer = window.setTimeout(() => void this.look(), PAUSE);
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
    if (this.hits.length === 1 && first?.exact) this.take(first);
  }

  private async look(): Promise<void> {
    const text = this.field.value.trim();
    this.pending?.abort();
    if (!text) {
      this.close();
      return;
    }
    this.pending = new AbortController();
    try {
      this.hits = await post<Found[]>("search", { q: text, as_of: this.asOf() }, this.pending.signal);
      this.show();
    } catch (error) {
      if (error instanceof Refused) this.failed(error);
    }
  }

  private show(): void {
    const lines = this.hits.map((hit, index) =>
      el(
        "li",
        { id: `hit-${index}`, role: "option", "aria-selected": "false", mousedown: (event) => event.preventDefault(), click: () => this.take(hit) },
        hit.type === "ring" || hit.type === "case" ? el("span", { class: "dot" }) : el("img", { src: icon(hit.type), alt: "", class: `chip-icon ${hit.type}` }),
        el("b", {}, hit.label),
        el("small", {}, hit.exact ? name(hit.type) : `${name(hit.type)} · ${say("looks_alike")}`),
        ...known(hit),
      ),
    );
    this.tell(...(lines.length ? lines : [el("li", { class: "none" }, say("no_hits"))]));
  }

  private tell(...lines: HTMLElement[]): void {
    this.active = -1;
    fill(this.list, ...lines);
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
