// The queue of cases: searched, narrowed and sorted by the service, a page at a time, and handed out many at once.
import { cases, type Found, post } from "./api";
import { Asking } from "./asking";
import { assignees } from "./assignees";
import { aboutOf, type Assignee, type CasePage, type CaseSummary, type Me } from "./casetypes";
import { el, fill } from "./dom";
import { count, date, expectedLoss, likelihood } from "./formats";
import { chip } from "./parts";
import { COLUMNS, filterForm, FILTERS, type Filters, mayBeRaw, sorted, sortedBy, STATES } from "./queuefilters";
import { Hands } from "./queuehands";
import { Refused } from "./refusals";
import { name, say, type Word } from "./words";

const PAGE = 50;
const IDS = ["applicant", "application", "ring", "case", "merchant", "agent"]; // what a search finds by its beginning, too
const NARROWING = FILTERS.filter((one) => !["sort", "order", "offset"].includes(one));

/** A page of cases, to whom one may be given, and who asks. */
interface Listed {
  page: CasePage;
  people: Assignee[];
  me: Me;
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
  private unfound = ""; // what was searched for, where nobody has it
  private readonly asking = new Asking<Listed>(() => this.paint());
  private readonly hands = new Hands({
    all: async () => cases(`/versions?${await this.query()}`),
    me: () => this.asking.answer?.me.name ?? "",
    people: () => this.asking.answer?.people ?? [],
    open: (id) => this.ways.open(id),
    paint: () => this.paint(),
    changed: () => void this.again(),
    said: (text) => this.ways.said(text),
  });

  constructor(private readonly place: HTMLElement, private readonly ways: QueueWays) {
    place.addEventListener("keydown", (event) => this.press(event));
  }

  /** Show the cases that fit. */
  async show(filters: Filters): Promise<void> {
    if (NARROWING.some((one) => filters[one] !== this.filters[one])) this.hands.clear(); // others than were chosen from
    this.unfound = "";
    this.filters = filters;
    await this.again();
  }

  /** Everything again, in the language spoken now. */
  paint(): void {
    const focused = document.activeElement?.id ?? "";
    const verdicts = el("button", { type: "button", id: "to-verdicts", class: "quiet", click: () => this.ways.verdicts() }, say("verdicts_title"));
    const model = el("button", { type: "button", id: "to-model", class: "quiet", click: () => this.ways.model() }, say("model_title"));
    const form = filterForm(this.filters, this.asking.answer?.people ?? [], { narrow: (filters) => this.ways.narrow(filters), seek: (text) => void this.seek(text) });
    const unfound = this.unfound !== "" && el("p", { id: "queue-unfound", class: "note", role: "status" }, say("queue_unfound"));
    fill(this.place, el("h2", {}, say("queue_title")), el("p", { class: "deeds" }, verdicts, model), form, unfound, this.counts(), this.body());
    if (this.unfound) (document.getElementById("filter-q") as HTMLInputElement).value = this.unfound;
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

  private async again(): Promise<void> {
    await this.asking.ask(async () => {
      const query = await this.query();
      query.set("limit", String(PAGE));
      if (this.filters.offset) query.set("offset", this.filters.offset);
      const [page, people, me] = await Promise.all([cases<CasePage>(`?${query}`), assignees(), this.ways.me()]);
      return { page, people, me };
    });
  }

  private async query(): Promise<URLSearchParams> {
    const { state = "open", who = "", offset: _, ...rest } = this.filters;
    const query = new URLSearchParams(Object.entries(rest).filter(([key, value]) => value !== "" && FILTERS.includes(key)));
    if (state === "open") query.set("open", "true");
    else if (state) query.set("state", state);
    if (who === "nobody") query.set("assigned", "false");
    else if (who === "me") query.set("assignee", (await this.ways.me()).name);
    else if (who.startsWith("@")) query.set("assignee", who.slice(1));
    return query;
  }

  /** Search the queue; what may be somebody's number or e-mail is posted, and its token stands in the address. */
  private async seek(text: string): Promise<void> {
    const { q: _, offset: __, ...rest } = this.filters;
    if (!text) return this.ways.narrow(rest);
    if (!mayBeRaw(text)) return this.ways.narrow({ ...rest, q: text });
    try {
      const hit = (await post<Found[]>("search", { q: text, as_of: "" })).find((one) => one.exact && (one.label === text || !IDS.includes(one.type)));
      if (hit) return this.ways.narrow({ ...rest, q: hit.node });
      this.unfound = text;
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      this.ways.said(error.text);
    }
    this.paint();
  }

  private counts(): HTMLElement {
    const found = this.page?.counts ?? {};
    const chips = STATES.map((one) => chip(`${name(one, "state_")} ${count(found[one])}`, `state ${one}`));
    return el("p", { class: "chips", id: "queue-counts" }, ...(this.page ? chips : []));
  }

  private body(): HTMLElement {
    if (!this.page) return this.asking.instead(el("button", { type: "button", id: "queue-retry", click: () => this.ways.narrow(this.filters) }, say("retry")));
    this.ways.said(this.range());
    const hands = this.hands.bar(this.page.total, this.page.cases);
    if (!this.page.cases.length) {
      const narrowed = Object.keys(this.filters).length > 0;
      const clear = el("button", { type: "button", id: "queue-clear", click: () => this.ways.narrow({}) }, say("clear_filters"));
      return el("div", { class: "queue-empty" }, ...hands, el("p", { class: "note" }, say(narrowed ? "queue_empty" : "queue_none")), narrowed && clear);
    }
    return el("div", {}, sorted(this.filters).column === "priority" && el("p", { class: "quiet" }, say("queue_order")), ...hands, this.table(this.page.cases), this.pages());
  }

  private table(found: CaseSummary[]): HTMLElement {
    const works = this.asking.answer?.me.scopes.includes("cases:work") ?? false;
    const all = found.every((one) => this.hands.has(one.case_id));
    const whole = el("input", { type: "checkbox", id: "choose-page", "aria-label": say("choose_page"), checked: all, change: () => this.hands.choose(found, !all) });
    const header = el("tr", {}, works && el("th", { scope: "col" }, whole), ...COLUMNS.map(([column, word]) => this.head(column, word)));
    return el(
      "div",
      { class: "scroll queue-cases", tabindex: 0, role: "region", "aria-label": say("queue_title") },
      el("table", { class: "cases" }, el("thead", {}, header), el("tbody", {}, ...found.map((one) => this.line(one, works)))),
    );
  }

  private head(column: string, word: Word): HTMLElement {
    const now = sorted(this.filters);
    const order = now.column !== column ? undefined : now.falling ? "descending" : "ascending";
    const mark = order === undefined ? "" : now.falling ? " ↓" : " ↑";
    return el("th", { scope: "col", "aria-sort": order }, el("button", { type: "button", class: "sort", id: `sort-${column}`, click: () => this.ways.narrow(sortedBy(this.filters, column)) }, `${say(word)}${mark}`));
  }

  private line(one: CaseSummary, works: boolean): HTMLElement {
    const open = (event: Event): void => {
      event.preventDefault();
      this.ways.open(one.case_id);
    };
    const about = aboutOf(one);
    const cells = [
      el("a", { href: `?case=${encodeURIComponent(one.case_id)}`, class: "id", click: open }, about),
      chip(name(one.kind, "kind_")),
      chip(name(one.state, "state_"), `state ${one.state}`),
      el(one.priority === "high" ? "b" : "span", {}, name(one.priority, "priority_")),
      expectedLoss(one),
      count(one.exposure),
      el("span", { title: say(`of_${one.probability_of}` as Word) }, likelihood(one.probability)),
      date(one.opened_at),
      el("span", { class: one.overdue ? "late" : "" }, one.overdue ? `${date(one.due_at)} · ${say("overdue")}` : date(one.due_at)),
      one.assignee ?? "–",
      reasonText(one.reason),
    ];
    const tick = el("input", { type: "checkbox", id: `choose-${one.case_id}`, "aria-label": say("choose_case", { what: about }), checked: this.hands.has(one.case_id), change: (event) => this.hands.choose([one], (event.target as HTMLInputElement).checked) });
    return el("tr", {}, works && el("td", { class: "tick" }, tick), ...cells.map((cell, at) => el("td", { "data-column": say((COLUMNS[at] as [string, Word])[1]) }, cell)));
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
