// The queue of cases: filters, counts, and a table in the order in which people should look at them.
import { cases } from "./api";
import { Asking } from "./asking";
import { assignees } from "./assignees";
import type { Assignee, CasePage, CaseSummary, Me } from "./casetypes";
import { el, fill } from "./dom";
import { count, date, likelihood } from "./formats";
import { chip } from "./parts";
import { name, say, type Word } from "./words";

const PAGE = 50;
const STATES = ["pending", "investigating", "closed"];
const KINDS = ["ring", "agent", "merchant", "household", "dormitory", "kiosk", "unknown", "applicant"];
const LENDERS = ["bank_traditional", "bank_online", "consumer_finance", "network_microloan", "microloan", "p2p", "auto_finance", "leasing", "other"];
export const FILTERS = ["state", "kind", "lender", "min_exposure", "older_than_days", "who", "overdue", "offset"];
type Filters = Record<string, string>;

/** A page of cases, and to whom one may be given. */
interface Listed {
  page: CasePage;
  people: Assignee[];
}

export interface QueueWays {
  open(id: string): void;
  narrow(filters: Filters): void;
  me(): Promise<Me>;
  verdicts(): void;
  model(): void;
  said(text: string): void;
}

export class Queue {
  filters: Filters = {}; // as they were last: the way back to the queue keeps them
  private readonly asking = new Asking<Listed>(() => this.paint());

  constructor(private readonly place: HTMLElement, private readonly ways: QueueWays) {
    place.addEventListener("keydown", (event) => this.press(event));
  }

  /** Show the cases that fit. */
  async show(filters: Filters): Promise<void> {
    this.filters = filters;
    await this.asking.ask(async () => {
      const query = await this.query();
      const [page, people] = await Promise.all([cases<CasePage>(`?${query}`), assignees()]);
      return { page, people };
    });
  }

  /** Everything again, in the language spoken now. */
  paint(): void {
    const focused = document.activeElement?.id ?? "";
    const verdicts = el("button", { type: "button", id: "to-verdicts", class: "quiet", click: () => this.ways.verdicts() }, say("verdicts_title"));
    const model = el("button", { type: "button", id: "to-model", class: "quiet", click: () => this.ways.model() }, say("model_title"));
    fill(this.place, el("h2", {}, say("queue_title")), el("p", { class: "deeds" }, verdicts, model), this.form(), this.counts(), this.body());
    if (focused && this.place.contains(document.getElementById(focused))) document.getElementById(focused)?.focus();
  }

  /** The case that stands behind `id` in the list that was shown last; "" behind its end. */
  behind(id: string): string {
    const found = this.page?.cases ?? [];
    const at = found.findIndex((one) => one.case_id === id);
    return at < 0 ? "" : (found[at + 1]?.case_id ?? "");
  }

  private get page(): CasePage | undefined {
    return this.asking.answer?.page;
  }

  private async query(): Promise<URLSearchParams> {
    const { state = "open", who = "", ...rest } = this.filters;
    const query = new URLSearchParams(Object.entries(rest).filter(([key, value]) => value !== "" && FILTERS.includes(key)));
    if (state === "open") query.set("open", "true");
    else if (state) query.set("state", state);
    if (who === "nobody") query.set("assigned", "false");
    else if (who === "me") query.set("assignee", (await this.ways.me()).name);
    else if (who.startsWith("@")) query.set("assignee", who.slice(1));
    query.set("limit", String(PAGE));
    return query;
  }

  private form(): HTMLElement {
    const fields = [
      this.select("state", "filter_state", [["open", say("open_cases")], ["", say("any")], ...STATES.map((one): [string, string] => [one, name(one, "state_")])], "open"),
      this.select("kind", "filter_kind", [["", say("any")], ...KINDS.map((one): [string, string] => [one, name(one, "kind_")])]),
      this.select("lender", "filter_lender", [["", say("any")], ...LENDERS.map((one): [string, string] => [one, name(one)])]),
      this.select("who", "filter_who", [["", say("any")], ["me", say("mine")], ["nobody", say("nobody")], ...this.named()]),
      this.number("min_exposure", "filter_exposure"),
      this.number("older_than_days", "filter_age"),
      el("label", { class: "tick" }, el("input", { id: "filter-overdue", type: "checkbox", checked: this.filters.overdue === "true", change: (event) => this.narrow("overdue", (event.target as HTMLInputElement).checked ? "true" : "") }), say("filter_overdue")),
    ];
    return el("form", { class: "filters", submit: (event: Event) => event.preventDefault() }, ...fields);
  }

  private select(key: string, word: Word, options: [string, string][], usual = ""): HTMLElement {
    const chosen = this.filters[key] ?? usual;
    const made = options.map(([value, text]) => el("option", { value, selected: value === chosen, ...(value.startsWith("@") ? { label: text } : {}) }, value.startsWith("@") ? "" : text));
    return el("label", {}, say(word), el("select", { id: `filter-${key}`, change: (event) => this.narrow(key, (event.target as HTMLSelectElement).value, usual) }, ...made));
  }

  /** Everybody who may have cases, and whoever the address names. */
  private named(): [string, string][] {
    const asked = this.filters.who ?? "";
    const known = (this.asking.answer?.people ?? []).map((one): [string, string] => [`@${one.name}`, say("assignee_line", { name: one.name, n: count(one.open_cases) })]);
    return asked.startsWith("@") && !known.some(([value]) => value === asked) ? [...known, [asked, asked.slice(1)]] : known;
  }

  private number(key: string, word: Word): HTMLElement {
    return el("label", {}, say(word), el("input", { id: `filter-${key}`, type: "number", min: 0, step: "any", value: this.filters[key] ?? "", change: (event) => this.narrow(key, (event.target as HTMLInputElement).value) }));
  }

  private narrow(key: string, value: string, usual = ""): void {
    const { offset: _, ...rest } = this.filters;
    const changed = { ...rest, [key]: value };
    if (value === usual) delete changed[key];
    this.ways.narrow(changed);
  }

  private counts(): HTMLElement {
    const found = this.page?.counts ?? {};
    const chips = STATES.map((one) => chip(`${name(one, "state_")} ${count(found[one])}`, `state ${one}`));
    return el("p", { class: "chips", id: "queue-counts" }, ...(this.page ? chips : []));
  }

  private body(): HTMLElement {
    if (!this.page) return this.asking.instead(el("button", { type: "button", id: "queue-retry", click: () => this.ways.narrow(this.filters) }, say("retry")));
    this.ways.said(this.range());
    if (!this.page.cases.length) {
      const narrowed = Object.keys(this.filters).length > 0;
      const clear = el("button", { type: "button", id: "queue-clear", click: () => this.ways.narrow({}) }, say("clear_filters"));
      return el("div", { class: "queue-empty" }, el("p", { class: "note" }, say(narrowed ? "queue_empty" : "queue_none")), narrowed && clear);
    }
    return el("div", {}, el("p", { class: "quiet" }, say("queue_order")), this.table(this.page.cases), this.pages());
  }

  private table(found: CaseSummary[]): HTMLElement {
    const columns: Word[] = ["subject", "filter_kind", "case_state", "expected_loss", "exposure", "likelihood", "opened_at", "due_at", "assignee", "reason"];
    const header = el("tr", {}, ...columns.map((word) => el("th", { scope: "col" }, say(word))));
    return el(
      "div",
      { class: "scroll queue-cases", tabindex: 0, role: "region", "aria-label": say("queue_title") },
      el("table", { class: "cases" }, el("thead", {}, header), el("tbody", {}, ...found.map((one) => this.line(one, columns)))),
    );
  }

  private line(one: CaseSummary, columns: Word[]): HTMLElement {
    const open = (event: Event): void => {
      event.preventDefault();
      this.ways.open(one.case_id);
    };
    const cells = [
      el("a", { href: `?case=${encodeURIComponent(one.case_id)}`, class: "id", click: open }, one.ring_id ?? one.applicant_id ?? ""),
      chip(name(one.kind, "kind_")),
      chip(name(one.state, "state_"), `state ${one.state}`),
      count(one.expected_loss),
      count(one.exposure),
      likelihood(one.probability),
      date(one.opened_at),
      el("span", { class: one.overdue ? "late" : "" }, one.overdue ? `${date(one.due_at)} · ${say("overdue")}` : date(one.due_at)),
      one.assignee ?? "–",
      reasonText(one.reason),
    ];
    return el("tr", {}, ...cells.map((cell, at) => el("td", { "data-column": say(columns[at] as Word) }, cell)));
  }

  private pages(): HTMLElement {
    const at = Number(this.filters.offset ?? 0);
    const go = (offset: number): void => this.ways.narrow({ ...this.filters, offset: String(offset) });
    return el(
      "p",
      { class: "pages" },
      el("span", {}, this.range()),
      at > 0 && el("button", { type: "button", id: "queue-back", click: () => go(Math.max(0, at - PAGE)) }, say("previous_page")),
      at + PAGE < (this.page?.total ?? 0) && el("button", { type: "button", id: "queue-on", click: () => go(at + PAGE) }, say("next_page")),
    );
  }

  private range(): string {
    const at = Number(this.filters.offset ?? 0);
    const shown = this.page?.cases.length ?? 0;
    return say("shown_of", { from: shown ? at + 1 : 0, to: at + shown, total: this.page?.total ?? 0 });
  }

  /** Arrows go from case to case. */
  private press(event: KeyboardEvent): void {
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    const links = [...this.place.querySelectorAll<HTMLElement>(".cases a.id")];
    const here = links.indexOf(document.activeElement as HTMLElement);
    if (here < 0) return;
    event.preventDefault();
    links[here + (event.key === "ArrowDown" ? 1 : -1)]?.focus();
  }
}

/** Why a case was opened: a word of ours, or what somebody wrote. */
export function reasonText(reason: string): string {
  const word = name(reason, "reason_");
  return word === reason.replaceAll("_", " ") ? reason : word;
}
