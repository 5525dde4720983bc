// The model that answers, as monitoring sees it: alarms, how far each name moved day by day, the score's spread, and months.
import { ask } from "./api";
import { Asking, period } from "./asking";
import { el, fill, svg, titled } from "./dom";
import { count, date, decimal, minute, percent } from "./formats";
import { monthLabels } from "./months";
import { chip } from "./parts";
import { name, say, type Word } from "./words";

const DAYS = ["28", "90", "365"];
const USUAL = "28";
const DRIFTED = 0.25; // the index from which a line of a chart is drawn
const [WIDE, TALL, ROOM] = [620, 120, 26]; // of a chart, and under it for words

interface ModelAlarm { code: string; name: string; since: string; sentence: string; model_version: string; ended_at: string | null }
interface NameOverDays { name: string; index: (number | null)[]; says: string; mean: number | null; median: number | null; missing: number }
interface ScoreSpread { edges: number[]; usual: number[]; now: number[]; assessments: number }
interface JudgedMonth { month: string; assessments: number; frauds: number; ap: number | null; ece: number | null; recall_at_capacity: number | null; precision_at_capacity: number | null; expected: number; happened_low: number; happened_high: number }
interface ModelWatch {
  model_version: string; ran_at: string; reference: string;
  label_delay: { median_days: number; p90_days: number; labels: number } | null;
  alarms: ModelAlarm[]; days: { since: string; assessments: number }[]; names: NameOverDays[]; score: ScoreSpread | null; months: JudgedMonth[];
}

export interface ModelWays {
  narrow(days: string): void;
  queue(): void;
  said(text: string): void;
}

export class ModelPage {
  private days = USUAL;
  private readonly asking = new Asking<ModelWatch | null>(() => this.paint());

  constructor(private readonly place: HTMLElement, private readonly ways: ModelWays) {}

  /** Ask for so many days. */
  async show(days: string): Promise<void> {
    this.days = DAYS.includes(days) ? days : USUAL;
    await this.asking.ask(() => ask<ModelWatch | null>("model", { days: this.days }));
  }

  /** Everything again, in the language spoken now. */
  paint(): void {
    const form = period("model-days", "model_days", { all: DAYS, chosen: this.days }, this.ways);
    fill(this.place, el("h2", {}, say("model_title")), form, ...this.body());
  }

  private body(): (HTMLElement | false)[] {
    const found = this.asking.answer;
    if (found === undefined) return [this.asking.instead()];
    if (found === null) return [el("p", { class: "note", id: "model-none" }, say("model_none"))];
    this.ways.said(say("model_title"));
    const delay = found.label_delay;
    return [
      el("p", { class: "quiet" }, say("model_looked", { version: found.model_version, at: minute(found.ran_at) })),
      el("p", { class: "quiet" }, say(found.score ? "model_against" : "model_against_nothing", { reference: referenceDays(found.reference) })),
      delay !== null && el("p", { class: "quiet" }, say("model_delay", { half: decimal(delay.median_days, 0), most: decimal(delay.p90_days, 0), n: count(delay.labels) })),
      part("model_alarms", alarmTable(found.alarms)),
      part("model_drift", driftTable(found)),
      found.score !== null && part("model_score", scoreChart(found.score)),
      part("model_months", monthsPart(found.months)),
    ];
  }
}

/** The days that the words of a reference name. */
function referenceDays(reference: string): string {
  return (reference.match(/\d{4}-\d\d-\d\d/g) ?? []).map((day) => date(`${day}T12:00:00Z`)).join(" – ");
}

function part(title: Word, ...content: HTMLElement[]): HTMLElement {
  return el("section", {}, el("h3", {}, say(title)), ...content);
}

function table(title: Word, columns: Word[], lines: HTMLElement[], look = ""): HTMLElement {
  const header = el("tr", {}, ...columns.map((word) => el("th", { scope: "col" }, say(word))));
  const made = el("table", { class: `cases ${look}` }, el("thead", {}, header), el("tbody", {}, ...lines));
  return el("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": say(title) }, made);
}

function line(...cells: (Node | string)[]): HTMLElement {
  return el("tr", {}, ...cells.map((cell) => el("td", {}, cell)));
}

function alarmTable(alarms: ModelAlarm[]): HTMLElement {
  if (!alarms.length) return el("p", { class: "note", id: "model-calm" }, say("model_calm"));
  const lines = alarms.map((one) =>
    line(
      chip(one.ended_at === null ? say("alarm_lasts") : say("alarm_ended", { at: date(one.ended_at) }), one.ended_at === null ? "bad" : ""),
      name(one.code, "alarm_"),
      one.name ? named(one.name) : "–",
      date(one.since),
      el("span", { lang: "en" }, one.sentence),
    ),
  );
  return table("model_alarms", ["alarm_state", "alarm_about", "alarm_name", "alarm_since", "alarm_says"], lines, "model-alarms");
}

/** A name as people call it, with the name itself where it is one of ours. */
function named(of: string): HTMLElement {
  const kind = of.startsWith("linking.") ? of.slice(8) : "";
  const known = kind ? say("watched_linking", { kind: name(kind) }) : name(of, "watched_");
  return known === of.replaceAll("_", " ") ? el("code", {}, of) : el("span", {}, known);
}

function driftTable(found: ModelWatch): HTMLElement {
  if (!found.names.length) return el("p", { class: "quiet" }, say("model_no_days"));
  const lines = found.names.map((one) => {
    const last = one.index[one.index.length - 1] ?? null;
    const says = chip(name(one.says, "stability_"), one.says === "drifted" ? "bad" : one.says === "moved" ? "flagged" : "");
    return line(named(one.name), indexLine(one, found.days), decimal(last), says, decimal(one.mean, 3), decimal(one.median, 3), percent(one.missing));
  });
  const columns: Word[] = ["alarm_name", "drift_days", "drift_last", "drift_says", "drift_mean", "drift_median", "drift_missing"];
  return el("div", {}, table("model_drift", columns, lines, "model-drift"), el("p", { class: "quiet" }, say("drift_note")));
}

/** The index of a name day by day, with a line where drift begins. */
function indexLine(one: NameOverDays, days: ModelWatch["days"]): HTMLElement {
  const [wide, tall] = [220, 34];
  const most = Math.max(DRIFTED * 1.2, ...one.index.map((value) => value ?? 0));
  const x = (place: number): number => (days.length < 2 ? wide / 2 : 3 + ((wide - 6) * place) / (days.length - 1));
  const y = (value: number): number => tall - 3 - ((tall - 6) * value) / most;
  const words = say("drift_line", { name: one.name, days: count(days.length), most: decimal(Math.max(...one.index.map((value) => value ?? 0))) });
  const picture = svg("svg", { viewBox: `0 0 ${wide} ${tall}`, width: wide, height: tall, role: "img", "aria-label": words, class: "drift-line" });
  picture.append(svg("line", { x1: 0, x2: wide, y1: y(DRIFTED), y2: y(DRIFTED), class: "limit" }));
  const known = one.index.flatMap((value, place) => (value === null ? [] : [`${x(place).toFixed(1)},${y(value).toFixed(1)}`]));
  picture.append(svg("polyline", { points: known.join(" "), class: "index" }));
  one.index.forEach((value, place) => {
    if (value === null) return;
    const dot = svg("circle", { cx: x(place), cy: y(value), r: days.length > 60 ? 1.2 : 2, class: value >= DRIFTED ? "index over" : "index" });
    dot.append(titled(`${date(days[place]?.since)}: ${decimal(value)}`));
    picture.append(dot);
  });
  return el("span", {}, picture);
}

/** How the scores of the last days are spread beside those of the training slice, bin by bin. */
function scoreChart(score: ScoreSpread): HTMLElement {
  const bins = score.usual.map((usual, place) => ({ usual, now: score.now[place] ?? 0, label: binLabel(score.edges, place) })).filter((one) => one.usual > 0 || one.now > 0);
  const most = Math.max(...bins.map((one) => Math.max(one.usual, one.now)));
  const wide = WIDE / bins.length;
  const picture = svg("svg", { viewBox: `0 0 ${WIDE} ${TALL + ROOM}`, role: "img", "aria-label": say("model_score"), class: "model-chart" });
  bins.forEach((one, place) => {
    const group = svg("g", {});
    group.append(titled(say("score_bin", { bin: one.label, usual: percent(one.usual), now: percent(one.now) })));
    [one.usual, one.now].forEach((share, which) => {
      const high = (TALL * share) / most;
      group.append(svg("rect", { x: place * wide + 4 + (which * (wide - 8)) / 2, y: TALL - high, width: (wide - 10) / 2, height: high, class: which ? "now" : "usual" }));
    });
    const label = svg("text", { x: place * wide + wide / 2, y: TALL + 14, "text-anchor": "middle" });
    label.textContent = one.label;
    group.append(label);
    picture.append(group);
  });
  return el("figure", { class: "model-figure" }, picture, key(["usual", "score_usual"], ["now", "score_now"]), el("figcaption", { class: "quiet" }, say("score_note", { n: count(score.assessments) })));
}

function binLabel(edges: number[], place: number): string {
  if (place > edges.length) return say("not_scored");
  if (place === edges.length) return `> ${decimal(edges[place - 1], 3)}`;
  return `≤ ${decimal(edges[place], 3)}`;
}

function key(...entries: [string, Word][]): HTMLElement {
  const marks = entries.map(([look, word]) => el("span", {}, el("i", { class: `mark ${look}` }), say(word)));
  return el("p", { class: "model-key quiet" }, ...marks);
}

/** Recall and precision at review capacity and AP by month as bars, and all figures as a table. */
function monthsPart(months: JudgedMonth[]): HTMLElement {
  if (!months.length) return el("p", { class: "quiet" }, say("model_no_months"));
  const wide = Math.min(WIDE / months.length, 110);
  const picture = svg("svg", { viewBox: `0 0 ${Math.max(wide * months.length, 240)} ${TALL + ROOM}`, role: "img", "aria-label": say("model_months"), class: "model-chart" });
  const labels = monthLabels(months.map((one) => one.month), wide);
  months.forEach((one, place) => {
    const group = svg("g", {});
    [one.recall_at_capacity, one.precision_at_capacity, one.ap].forEach((value, which) => {
      const bar = svg("rect", { x: place * wide + 6 + (which * (wide - 12)) / 3, y: TALL - TALL * (value ?? 0), width: (wide - 18) / 3, height: TALL * (value ?? 0), class: ["usual", "now", "third"][which] ?? "" });
      bar.append(titled(`${one.month}: ${percent(value)}`));
      group.append(bar);
    });
    const label = svg("text", { x: place * wide + wide / 2, y: TALL + 14, "text-anchor": "middle" });
    label.textContent = labels[place] ?? "";
    group.append(label);
    picture.append(group);
  });
  const columns: Word[] = ["month", "month_assessed", "month_frauds", "month_recall", "month_precision", "month_ap", "month_ece", "month_expected", "month_happened"];
  const lines = [...months].reverse().map((one) =>
    line(one.month, count(one.assessments), count(one.frauds), percent(one.recall_at_capacity), percent(one.precision_at_capacity), decimal(one.ap, 3), decimal(one.ece, 3), percent(one.expected), `${percent(one.happened_low)} – ${percent(one.happened_high)}`),
  );
  const figure = el("figure", { class: "model-figure" }, picture, key(["usual", "month_recall"], ["now", "month_precision"], ["third", "month_ap"]));
  return el("div", {}, figure, table("model_months", columns, lines, "model-months"));
}
