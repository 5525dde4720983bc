// One case in the panel: what it is about, what was done, and what an investigator does with it.
import { alertPart } from "./alerts";
import { ask, cases, type Assessment, type Member, type Past, type WatchAlert } from "./api";
import { assignees, giving } from "./assignees";
import { due, files, filing, linked, linking, type PaperWays, ranking } from "./casepapers";
import { aboutOf, type Assignee, type CaseDetail, type Conclusion, type Draft, type Me, subjectOf } from "./casetypes";
import { el } from "./dom";
import { count, date, expectedLoss, likelihood, minute } from "./formats";
import { historyList, outcomeList } from "./casehistory";
import { assessment } from "./panel";
import { chip, facts, grid, head, link, opening, section, type Ways } from "./parts";
import { reasonText } from "./queue";
import { Refused } from "./refusals";
import { name, say, why, type Word } from "./words";

export const VALUES = ["confirmed_fraud", "false_positive", "inconclusive"];
const PEOPLE = 2000; // whom one verdict may name

export interface FileWays extends Ways {
  paint(): void;
  said(text: string): void;
  me(): Promise<Me>;
  case(id: string): void;
  exports(found: CaseDetail): HTMLElement[];
}

export class CaseFile {
  found: CaseDetail | null = null;
  past: Past | null = null;
  private last: Assessment | null | undefined;
  private me: Me = { name: "", scopes: [], role: null, csrf: null, purposes: null };
  private others: Assignee[] = [];
  private alerts: WatchAlert[] = [];
  private draft: Draft = fresh();
  private problem: Refused | null = null;
  private meanwhile: CaseDetail["history"] = [];
  private done: Word | null = null;
  private sending = false;
  private asked = 0; // grows with each case asked for: answers about an earlier one are dropped
  private unsaid = false; // somebody wanted to conclude without a verdict
  private unnamed = false; // or with one about nobody: the next click means it
  private readonly papers: PaperWays = {
    act: (step, body, done, sent) => this.act(step, body, done, sent),
    tried: (run) => this.tried(run),
    write: (given) => this.write(given),
    draft: () => this.draft,
    sending: () => this.sending,
    case: (id) => this.ways.case(id),
  };

  constructor(private readonly ways: FileWays) {}

  /** Read a case; that somebody looked is kept in its history. */
  async load(id: string): Promise<CaseDetail> {
    const asked = ++this.asked;
    if (this.found?.case_id !== id) this.draft = fresh();
    this.found = null;
    this.past = null;
    this.last = undefined;
    this.alerts = [];
    this.unsaid = this.unnamed = false;
    this.tell(null);
    this.me = await this.ways.me();
    const [found, others] = await Promise.all([cases<CaseDetail>(`/${encodeURIComponent(id)}`), assignees()]);
    if (asked !== this.asked) return found; // somebody has gone on to the next case
    this.found = found;
    this.others = others;
    return found;
  }

  /** What its people did and the watch found, as of the moment that is shown, and the answer about its applicant. */
  async details(asOf: string, past: Past | null): Promise<void> {
    const [found, asked] = [this.found, this.asked];
    if (!found) return;
    const node = subjectOf(found);
    this.past = past;
    const alerts = await ask<WatchAlert[]>("alerts", { node, as_of: asOf });
    const last = found.applicant_id ? await ask<Assessment | null>("assessment", { node, as_of: asOf }) : undefined;
    if (asked !== this.asked) return; // somebody has gone on to the next case
    this.alerts = alerts;
    this.last = last;
  }

  panel(): HTMLElement {
    const found = this.found;
    if (!found) return el("article", {}, el("p", { class: "quiet" }, say("loading")));
    const open = found.state !== "closed";
    return el(
      "article",
      { id: "case" },
      head(found.ring_id ? "ring" : "applicant", aboutOf(found), this.chips(found)),
      this.alert(),
      grid([[count(found.exposure), "exposure"], [likelihood(found.probability), `of_${found.probability_of}` as Word], [expectedLoss(found), "expected_loss"]]),
      facts([
        ["case", found.case_id],
        ["reason", reasonText(found.reason)],
        ["opened_at", minute(found.opened_at)],
        ["due_at", `${date(found.due_at)}${found.overdue ? ` · ${say("overdue")}` : ""}`],
        ["priority", name(found.priority, "priority_")],
        ["assignee", found.assignee],
        ["filter_lender", found.lenders.map((one) => name(one)).join(", ")],
        ["snapshot", found.snapshot],
      ]),
      el("p", { class: "deeds" }, link(subjectOf(found), say(found.ring_id ? "see_ring" : "see_person"), this.ways), ...(open ? this.holding(found) : [opening(subjectOf(found), this.ways)]), ...this.ways.exports(found)),
      open && this.passing(found),
      found.ring_id !== null && found.reason_codes.length > 0 && section("why_flagged", this.codes(found)),
      this.alerts.length > 0 && el("section", { id: "alerts" }, ...alertPart(this.alerts, this.ways)),
      found.applicant_id !== null && this.last !== undefined && el("section", { id: "assessment" }, ...assessment(this.last, this.ways)),
      section("outcome_of_case", outcomeList(found)),
      open ? this.verdict(found) : this.past && section("what_each_did", this.people(found, this.past)),
      section("history", historyList(found)),
      open && this.noting(),
      section("attachments", files(found, this.papers), open && filing(this.papers)),
      section("links", linked(found, this.papers), open && linking(this.papers)),
      open && ranking(found, this.papers),
      open && due(found.version, this.papers),
    );
  }

  private chips(found: CaseDetail): HTMLElement[] {
    return [chip(name(found.kind, "kind_"), "flagged"), chip(name(found.state, "state_"), `state ${found.state}`)];
  }

  private alert(): HTMLElement | false {
    if (this.done) return el("p", { class: "note good", role: "status" }, say(this.done));
    if (!this.problem) return false;
    const steps = this.meanwhile.map((step) => historyList({ history: [step], verdicts: [] }));
    return el("div", { id: "case-alert", class: "note", role: "alert" }, el("p", {}, this.problem.text), steps.length > 0 && el("b", {}, say("what_they_did")), ...steps);
  }

  private holding(found: CaseDetail): HTMLElement[] {
    const give = (assignee: string | null, done: Word): void => void this.act("assign", { assignee, version: found.version }, done);
    const mine = found.assignee === this.me.name;
    return [
      !mine && el("button", { type: "button", id: "assign-me", disabled: this.sending, click: () => give(this.me.name, "done_assigned") }, say("assign_me")),
      found.assignee !== null && el("button", { type: "button", id: "give-back", class: "quiet", disabled: this.sending, click: () => give(null, "done_given_back") }, say("give_back")),
    ].filter((one): one is HTMLButtonElement => one !== false);
  }

  private passing(found: CaseDetail): HTMLElement | false {
    return giving(found, this.others, {
      chosen: () => this.draft.assignee,
      choose: (assignee) => this.write({ assignee }),
      give: (assignee) => void this.act("assign", { assignee, version: found.version }, "done_given", { assignee: "" }),
      sending: () => this.sending,
    });
  }

  private codes(found: CaseDetail): HTMLElement {
    return el("p", { class: "chips" }, ...found.reason_codes.map((code) => el("button", { type: "button", class: "chip", title: code, click: () => this.ways.lightCode(code) }, why(code))));
  }

  private verdict(found: CaseDetail): HTMLElement {
    const proposed = found.proposed;
    return section(
      "verdict",
      found.second_needed && el("p", { class: "note" }, say("second_needed")),
      proposed && this.proposal(found, proposed),
      el(
        "form",
        { id: "verdict-form", class: "work", submit: (event: Event) => this.conclude(event, found) },
        el("fieldset", {}, el("legend", {}, say("verdict_of_case")), ...VALUES.map((value) => this.choice(value))),
        found.ring_id !== null && el("label", { class: "tick" }, el("input", { id: "everyone", type: "checkbox", checked: this.draft.everyone, change: (event) => this.write({ everyone: (event.target as HTMLInputElement).checked }, true) }), say("everyone")),
        this.past && this.people(found, this.past),
        el("label", {}, say("verdict_note"), this.text("why", "verdict-why")),
        this.unsaid && !this.draft.value && el("p", { class: "note", id: "verdict-missing", role: "alert" }, say("choose_verdict")),
        el("p", { class: this.nobody(found) ? "note" : "quiet", id: "verdict-makes" }, this.nobody(found) ? say("verdict_names_nobody") : this.makes()),
        el("p", { class: "deeds" }, el("button", { id: "conclude", disabled: this.sending }, say(this.unnamed ? "conclude_about_nobody" : "conclude")), found.verdicts.length > 0 && el("button", { type: "button", id: "close-case", disabled: this.sending, click: () => void this.act("close", { version: found.version }, "done_closed") }, say("close_case"))),
      ),
    );
  }

  private proposal(found: CaseDetail, proposed: Conclusion): HTMLElement {
    const { value, people } = proposed;
    const text = say("proposed_by", { who: proposed.by, value: name(value, "verdict_"), n: count(Object.keys(people).length), date: date(proposed.at) });
    const agree = (): void => void this.act("verdict", { value, people, version: found.version }, "done_verdict");
    return el("div", { class: "note", id: "proposed" }, el("p", {}, text), proposed.note, proposed.by !== this.me.name && el("p", { class: "deeds" }, el("button", { type: "button", id: "agree", disabled: this.sending, click: agree }, say("agree"))));
  }

  private choice(value: string): HTMLElement {
    const change = (): void => this.write({ value }, true);
    return el("label", { class: "tick" }, el("input", { type: "radio", name: "value", id: `value-${value}`, value, checked: this.draft.value === value, change }), name(value, "verdict_"));
  }

  private people(found: CaseDetail, past: Past): HTMLElement {
    const columns: Word[] = ["bad_confirmed", "applicant", ...(judged(found) ? ["verdict" as Word] : []), "applied_short", "loans_short", "defaults_short", "joined"];
    const header = el("tr", {}, ...columns.map((word, index) => el("th", { scope: "col" }, index ? say(word) : el("span", { class: "unseen" }, say(word)))));
    const rows = past.members.map((one) => el("tr", {}, ...this.row(found, one).map((cell) => el("td", {}, cell))));
    return el(
      "div",
      { class: "scroll tall", tabindex: 0, role: "region", "aria-label": say("what_each_did") },
      el("p", { class: "quiet" }, say("people_of_case", { people: say("people", { n: past.size }), bad: past.members.filter((one) => one.bad).length })),
      past.members.length < past.size && el("p", { class: "quiet" }, say("members_listed", { shown: past.members.length, total: past.size })),
      el("table", { id: "case-people" }, el("thead", {}, header), el("tbody", {}, ...rows)),
    );
  }

  private row(found: CaseDetail, one: Member): (Node | string)[] {
    const options = [el("option", { value: "" }, say("not_named")), ...VALUES.map((value) => el("option", { value, selected: this.draft.people[one.applicant_id] === value }, name(value, "verdict_")))];
    const change = (event: Event): void => this.write({ people: { ...this.draft.people, [one.applicant_id]: (event.target as HTMLSelectElement).value } }, true);
    const label = say("verdict_of", { who: one.applicant_id });
    const chosen = judged(found) ? [el("select", { "aria-label": label, id: `on-${one.applicant_id}`, change }, ...options)] : [];
    const loans = one.loans ? `${count(one.loans)} · ${count(one.amount)}` : "0";
    const dot = el("span", { class: one.bad ? "dot bad" : "dot", title: one.bad ? say("known_fraud") : "" });
    return [dot, link(`applicant:${one.applicant_id}`, one.applicant_id, this.ways), ...chosen, count(one.applications.length), loans, count(one.defaulted), date(one.joined_at)];
  }

  /** Whom the verdict names, and with what. */
  private named(): Record<string, string> {
    const { value, everyone, people } = this.draft;
    const own = Object.entries(people).filter(([, given]) => given !== "");
    const all = everyone && value ? (this.past?.members ?? []).map((one): [string, string] => [one.applicant_id, value]) : [];
    const alone = this.found?.applicant_id && value ? [[this.found.applicant_id, value] as [string, string]] : [];
    return Object.fromEntries([...alone, ...all, ...own].slice(0, PEOPLE));
  }

  /** Whether a verdict is chosen that would be about nobody, which is hardly what is meant. */
  private nobody(found: CaseDetail): boolean {
    return found.ring_id !== null && ["confirmed_fraud", "false_positive"].includes(this.draft.value) && Object.keys(this.named()).length === 0;
  }

  private makes(): string {
    const values = Object.values(this.named());
    return say("verdict_makes", { fraud: values.filter((one) => one === "confirmed_fraud").length, good: values.filter((one) => one === "false_positive").length });
  }

  private conclude(event: Event, found: CaseDetail): void {
    event.preventDefault();
    const { value, everyone, why } = this.draft;
    this.unsaid = false;
    if (!value) {
      this.unsaid = true;
      this.ways.paint();
      document.getElementById(`value-${VALUES[0]}`)?.focus();
      return;
    }
    if (this.nobody(found) && !this.unnamed) {
      this.unnamed = true;
      this.ways.paint();
      document.getElementById("conclude")?.focus();
      return;
    }
    const unlisted = everyone && (this.past?.size ?? 0) > (this.past?.members.length ?? 0); // more than the table holds
    const body = { value, people: this.named(), everyone: unlisted, version: found.version, ...(why ? { note: why } : {}) };
    this.unnamed = false;
    void this.act("verdict", body, found.second_needed ? "done_proposed" : "done_verdict", { value: "", people: {}, everyone: false, why: "" });
  }

  private noting(): HTMLElement {
    const submit = (event: Event): void => {
      event.preventDefault();
      if (this.draft.note) void this.act("notes", { note: this.draft.note }, "done_note", { note: "" });
    };
    return el("form", { id: "note-form", class: "work", submit }, el("label", {}, say("note_text"), this.text("note", "note")), el("button", { id: "add-note", disabled: this.sending }, say("add_note")));
  }

  private text(key: "note" | "why", id: string): HTMLElement {
    const made = el("textarea", { id, rows: 2, maxlength: 4000, input: (event) => this.write({ [key]: (event.target as HTMLTextAreaElement).value }) });
    made.value = this.draft[key];
    return made;
  }

  private write(given: Partial<Draft>, repaint = false): void {
    this.draft = { ...this.draft, ...given };
    if (repaint) this.unnamed = false; // another verdict, or other people
    if (repaint) this.ways.paint();
  }

  private tell(problem: Refused | null, done: Word | null = null, meanwhile: CaseDetail["history"] = []): void {
    this.problem = problem;
    this.done = done;
    this.meanwhile = meanwhile;
  }

  /** Do one step. Where somebody changed the case meanwhile, what they did is shown and nothing written is lost. */
  private async act(step: string, body: Record<string, unknown>, done: Word, sent: Partial<Draft> = {}): Promise<void> {
    const found = this.found;
    if (!found || this.sending) return;
    this.sending = true;
    await this.tried(async () => {
      const before = found.history.length;
      try {
        this.found = await cases<CaseDetail>(`/${encodeURIComponent(found.case_id)}/${step}`, body);
        this.draft = { ...this.draft, ...sent };
        this.tell(null, step === "verdict" && this.found.proposed ? "done_proposed" : done);
        this.ways.said(say(this.done ?? done));
      } catch (error) {
        if (!(error instanceof Refused) || error.code !== "case_changed") throw error;
        this.found = await cases<CaseDetail>(`/${encodeURIComponent(found.case_id)}`);
        this.tell(error, null, this.found.history.slice(before).filter((one) => one.kind !== "looked_at"));
      }
    });
  }

  private async tried(run: () => Promise<void>): Promise<void> {
    try {
      await run();
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      this.tell(error);
    } finally {
      this.sending = false;
      this.ways.paint();
      document.getElementById("case-alert")?.scrollIntoView({ block: "nearest" });
    }
  }
}

/** Whether each person of a case is judged by name: the members of a ring, as long as it is open. */
function judged(found: CaseDetail): boolean {
  return found.ring_id !== null && found.state !== "closed";
}

function fresh(): Draft {
  return { note: "", value: "", people: {}, everyone: false, why: "", other: "", due: "", assignee: "", priority: "" };
}
