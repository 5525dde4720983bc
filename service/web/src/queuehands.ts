// Many cases of the queue at once: which are chosen, what is done with them, and what became of each.
import { cases } from "./api";
import { aboutOf, type Assignee, type CaseSummary } from "./casetypes";
import { el } from "./dom";
import { count } from "./formats";
import { Refused } from "./refusals";
import { say, type Word } from "./words";

const PRIORITIES = ["high", "normal", "low"];
const MANY = 50; // with more than a page, a second click means it

interface Outcomes {
  done: number;
  cases: Record<string, { done: boolean; code: string | null; changed: { by: string } | null }>;
}

export interface HandWays {
  all(): Promise<{ total: number; cases: Record<string, number> }>; // of the filter, with their versions
  me(): string;
  people(): Assignee[];
  open(id: string): void;
  paint(): void;
  changed(): void; // the queue is to be asked for again
  said(text: string): void;
}

export class Hands {
  private chosen = new Map<string, number>(); // by id: the version that was read
  private readonly about = new Map<string, string>(); // by id: whom or what a case is about, as the list has it
  private total: number | null = null; // of the filter, where all of it was chosen
  private outcomes: Outcomes | null = null;
  private problem: Refused | null = null;
  private sending = false;
  private taker = ""; // to whom, and how urgent: as they were chosen last
  private rank = "normal";
  private sure: string | null = null; // what the next click means

  constructor(private readonly ways: HandWays) {}

  has(id: string): boolean {
    return this.chosen.has(id);
  }

  clear(): void {
    this.chosen.clear();
    this.total = null;
    this.tell(null, null);
  }

  /** Choose these cases, or let them go. */
  choose(some: CaseSummary[], wanted: boolean): void {
    for (const one of some) {
      this.about.set(one.case_id, aboutOf(one));
      if (wanted) this.chosen.set(one.case_id, one.version);
      else this.chosen.delete(one.case_id);
    }
    this.total = null;
    this.tell(null, null);
    this.ways.paint();
  }

  /** What can be done with the chosen, and what became of the last. */
  bar(total: number, shown: CaseSummary[]): HTMLElement[] {
    const parts = [this.said()].filter((one): one is HTMLElement => one !== false);
    if (!this.chosen.size) return parts;
    const n = this.chosen.size;
    const beyond = n < total && shown.every((one) => this.chosen.has(one.case_id)) && this.total === null;
    const cut = this.total !== null && this.total > n;
    const others = this.ways.people().map((one) => el("option", { value: one.name, selected: one.name === this.taker }, say("assignee_line", { name: one.name, n: count(one.open_cases) })));
    const taker = el("select", { id: "hands-to", change: () => (this.taker = taker.value) }, el("option", { value: "" }, say("choose_somebody")), ...others);
    const rank = el("select", { id: "hands-rank", change: () => (this.rank = rank.value) }, ...PRIORITIES.map((one) => el("option", { value: one, selected: one === this.rank }, say(`priority_${one}` as Word))));
    const bar = el(
      "div",
      { id: "hands", class: "hands", role: "group", "aria-label": say("hands_title") },
      el("b", {}, cut ? say("first_chosen", { n: count(n), total: count(this.total) }) : say("chosen", { n: count(n) })),
      beyond && el("button", { type: "button", id: "hands-all", class: "quiet", disabled: this.sending, click: () => void this.all() }, say("choose_all", { n: count(total) })),
      this.doing("hands-mine", "assign_me", () => this.give(this.ways.me())),
      this.doing("hands-back", "give_back", () => this.give(null)),
      el("label", {}, say("give_to"), taker),
      this.doing("hands-give", "give", () => (taker.value ? this.give(taker.value) : taker.focus()), () => taker.value),
      el("label", {}, say("priority"), rank),
      this.doing("hands-set", "set_priority", () => void this.send("priority", { priority: rank.value }), () => rank.value),
      el("button", { type: "button", id: "hands-none", class: "quiet", click: () => (this.clear(), this.ways.paint()) }, say("choose_none")),
    );
    return [...parts, bar];
  }

  /** A button that does something with the chosen; with very many of them the second click does. */
  private doing(id: string, word: Word, act: () => void, about: () => string = () => ""): HTMLElement {
    const means = (): string => `${id} ${about()}`;
    const asked = this.sure?.startsWith(`${id} `) ?? false;
    const click = (event: Event): void => {
      if (this.chosen.size <= MANY || this.sure === means()) return act();
      this.sure = means();
      const button = event.currentTarget as HTMLElement; // painted here alone: what is chosen beside it stays
      button.textContent = say("really", { what: say(word), n: count(this.chosen.size) });
      this.ways.said(button.textContent);
    };
    return el("button", { type: "button", id, disabled: this.sending, click }, asked ? say("really", { what: say(word), n: count(this.chosen.size) }) : say(word));
  }

  private give(assignee: string | null): void {
    void this.send("assign", { assignee });
  }

  private async all(): Promise<void> {
    await this.tried(async () => {
      const found = await this.ways.all();
      this.chosen = new Map(Object.entries(found.cases));
      this.total = found.total;
      this.tell(null, null);
    });
  }

  private async send(step: string, body: Record<string, unknown>): Promise<void> {
    await this.tried(async () => {
      const outcomes = await cases<Outcomes>(`/${step}`, { ...body, cases: Object.fromEntries(this.chosen) });
      this.clear();
      this.tell(outcomes, null);
      this.ways.said(say("hands_done", { n: outcomes.done }));
      this.ways.changed();
    });
  }

  private async tried(run: () => Promise<void>): Promise<void> {
    if (this.sending) return;
    this.sending = true;
    this.ways.paint();
    try {
      await run();
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      this.tell(null, error);
    } finally {
      this.sending = false;
      this.ways.paint();
    }
  }

  private tell(outcomes: Outcomes | null, problem: Refused | null): void {
    this.outcomes = outcomes;
    this.problem = problem;
    this.sure = null;
  }

  private said(): HTMLElement | false {
    if (this.problem) return el("p", { id: "hands-problem", class: "note", role: "alert" }, this.problem.text);
    if (!this.outcomes) return false;
    const left = Object.entries(this.outcomes.cases).filter(([, one]) => !one.done);
    const open = (id: string) => (event: Event): void => {
      event.preventDefault();
      this.ways.open(id);
    };
    const line = ([id, one]: [string, Outcomes["cases"][string]]): HTMLElement => el("li", {}, el("a", { href: `?case=${encodeURIComponent(id)}`, click: open(id), title: id }, this.about.get(id) ?? id), `${say("colon")}${say(`left_${one.code}` as Word, { by: one.changed?.by ?? "" })}`);
    return el(
      "div",
      { id: "hands-outcome", class: left.length ? "note" : "note good", role: "status" },
      el("p", {}, say("hands_done", { n: this.outcomes.done })),
      left.length > 0 && el("p", {}, say("hands_left", { n: left.length })),
      left.length > 0 && el("ul", { class: "plain" }, ...left.map(line)),
    );
  }
}
