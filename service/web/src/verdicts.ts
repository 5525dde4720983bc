// How often flags were right, for whoever sets the policy: verdicts by kind, by reason code and by group of people.
import { elsewhere, type VerdictRow, type VerdictTable } from "./api";
import { Asking, period } from "./asking";
import { el, fill } from "./dom";
import { count, date, percent, read } from "./formats";
import { name, say, why, type Word } from "./words";

const DAYS = ["30", "90", "365"];
const USUAL = "90";

export interface VerdictWays {
  asOf(): string;
  narrow(days: string): void;
  queue(): void;
  said(text: string): void;
}

export class Verdicts {
  private days = USUAL;
  private readonly asking = new Asking<VerdictTable>(() => this.paint());

  constructor(private readonly place: HTMLElement, private readonly ways: VerdictWays) {}

  /** Count the verdicts of so many days. */
  async show(days: string): Promise<void> {
    this.days = DAYS.includes(days) ? days : USUAL;
    const until = this.ways.asOf();
    const moment = read(until);
    const query = new URLSearchParams({ days: this.days, ...(until ? { until: Number.isNaN(moment) ? until : new Date(moment).toISOString() } : {}) });
    const address = `${document.documentElement.dataset.verdicts ?? "/verdicts"}?${query}`;
    await this.asking.ask(() => elsewhere<VerdictTable>(address), (problem) => problem.aboutCases());
  }

  /** Everything again, in the language spoken now. */
  paint(): void {
    const form = period("verdict-days", "verdicts_of", { all: DAYS, chosen: this.days }, this.ways);
    fill(this.place, el("h2", {}, say("verdicts_title")), el("p", { class: "quiet" }, say("verdicts_text")), form, ...this.body());
  }

  private body(): HTMLElement[] {
    const found = this.asking.answer;
    if (!found) return [this.asking.instead()];
    if (!found.kinds.length && !found.groups.length) return [el("p", { class: "note" }, say("no_verdicts"))];
    this.ways.said(say("verdicts_title"));
    return [
      el("p", { class: "quiet" }, say("given_between", { since: date(found.since), until: date(found.until) })),
      rows("verdicts_by_kind", "filter_kind", found.kinds, (row) => [name(row.name, "kind_")]),
      rows("verdicts_by_code", "reason_code", found.reason_codes, (row) => [why(row.name), el("code", {}, row.name)]),
      rows("verdicts_by_group", "group_of_people", found.groups, (row) => [group(row.name)]),
    ];
  }
}

/** One table; each row is also a bar of how many flags were wrong. */
function rows(title: Word, first: Word, found: VerdictRow[], named: (row: VerdictRow) => (Node | string)[]): HTMLElement {
  const columns: Word[] = [first, "verdict_confirmed_fraud", "verdict_false_positive", "verdict_inconclusive", "share_wrong"];
  const header = el("tr", {}, ...columns.map((word) => el("th", { scope: "col" }, say(word))));
  const lines = found.map((row) => {
    const wrong = row.share_wrong === null ? "–" : percent(row.share_wrong);
    const bar = row.share_wrong !== null && el("meter", { min: 0, max: 1, value: row.share_wrong, "aria-label": wrong });
    const counts = [row.confirmed_fraud, row.false_positive, row.inconclusive].map((one) => el("td", {}, count(one)));
    return el("tr", {}, el("td", { class: "named" }, ...named(row).flatMap((part) => [part, " "])), ...counts, el("td", {}, bar, ` ${wrong}`));
  });
  const table = el("table", { class: "cases verdicts" }, el("thead", {}, header), el("tbody", {}, ...lines));
  return el("section", {}, el("h3", {}, say(title)), found.length ? el("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": say(title) }, table) : el("p", { class: "quiet" }, say("none_counted")));
}

/** A group of docs/fairness.md in words; the lender's type after lender_. */
function group(code: string): string {
  return code.startsWith("lender_") ? say("group_lender", { lender: name(code.slice(7)) }) : name(code, "group_is_");
}
