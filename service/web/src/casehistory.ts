// What was done with a case, by whom and when, and what came of it.
import type { CaseDetail, Conclusion, Step } from "./casetypes";
import { el } from "./dom";
import { count, date, minute } from "./formats";
import { chip } from "./parts";
import { name, say, type Word } from "./words";

const KNOWN = new Set(["opened", "due", "note", "attached", "linked", "unlinked", "closed", "no_longer_flagged", "exported"]);

/** Every step, the latest first; who only looked stands apart. */
export function historyList(found: { history: Step[]; verdicts: Conclusion[] }): HTMLElement {
  const looked = found.history.filter((one) => one.kind === "looked_at");
  const done = found.history.filter((one) => one.kind !== "looked_at");
  const lines = (steps: Step[]): HTMLElement[] => [...steps].reverse().map((one) => line(one, found.verdicts));
  return el(
    "div",
    { class: "history" },
    el("ol", { class: "plain" }, ...lines(done)),
    looked.length > 0 && el("details", {}, el("summary", {}, say("who_looked", { n: count(looked.length) })), el("ol", { class: "plain" }, ...lines(looked))),
  );
}

function line(one: Step, verdicts: Conclusion[]): HTMLElement {
  const given = one.kind === "verdict" ? verdicts.find((verdict) => verdict.at === one.at && verdict.by === one.by) : undefined;
  const people = given ? Object.entries(given.people) : [];
  return el(
    "li",
    {},
    el("small", {}, `${minute(one.at)} · ${who(one)}`),
    el("p", {}, sentence(one)),
    given?.note && el("p", { class: "said" }, given.note),
    people.length > 0 && el("p", { class: "quiet" }, people.map(([who, value]) => `${who}${say("colon")}${name(value, "verdict_")}`).join(" · ")),
  );
}

/** Who did a step: a person or a key by its name, a part of the service in words. */
function who(one: Step): string {
  const ours = one.kind === "no_longer_flagged" || (one.kind === "opened" && one.note?.startsWith(one.by)); // a key may be called risk, too
  return ours ? name(one.by, "by_") : one.by;
}

function sentence(one: Step): string {
  const note = one.note ?? "";
  if (one.kind === "assigned") return note ? say("step_assigned", { note }) : say("step_given_back");
  if (one.kind === "verdict" || one.kind === "proposed") return say(`step_${one.kind}` as Word, { note: name(note, "verdict_") });
  if (one.kind === "priority") return say("step_priority", { note: name(note, "priority_") });
  if (one.kind === "due") return say("step_due", { note: date(note) });
  if (one.kind === "looked_at") return note ? `${say("step_looked_at")}${say("colon")}${note}` : say("step_looked_at");
  return KNOWN.has(one.kind) ? `${say(`step_${one.kind}` as Word, { note })}${one.kind === "closed" && note ? `${say("colon")}${note}` : ""}` : `${one.kind.replaceAll("_", " ")} ${note}`;
}

/** Labels that the verdicts made, and whether the graph store has them yet. */
export function outcomeList(found: CaseDetail): HTMLElement {
  const labels = Object.entries(found.labels);
  if (!labels.length) return el("p", { class: "quiet" }, say("no_labels"));
  const of = (label: string): number => labels.filter(([, one]) => one === label).length;
  return el(
    "div",
    { id: "labels" },
    el("p", {}, say("labels_made", { fraud: of("fraud"), good: of("good") })),
    el("p", { class: "chips" }, ...labels.map(([who, label]) => chip(`${who}${say("colon")}${name(label)}`, label === "fraud" ? "bad" : "good"))),
    found.labels_owed && el("p", { class: "note" }, say("labels_owed")),
  );
}
