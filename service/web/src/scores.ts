// The latest recorded score of a person: when, from where and by which model; in the panel, the drawing and its hints.
import type { DrawnNode, RecordedScore } from "./api";
import { el } from "./dom";
import { count, minute, percent } from "./formats";
import { chip, section } from "./parts";
import { name, say } from "./words";

const MOST = 15; // characters of an id above its score

export function scorePart(found: RecordedScore | null, shadows: RecordedScore[]): HTMLElement {
  const lines = found ? line(found) : [el("p", { class: "quiet" }, say("no_score"))];
  return section("last_score", el("div", { id: "last-score" }, ...lines, ...shadows.flatMap(line)));
}

/** A score with where it is from, and below it as of when, by what, and when it was computed or its batch began. */
function line(found: RecordedScore): HTMLElement[] {
  const model = found.model_version ? say("by_model", { version: found.model_version }) : say("no_model");
  const likely = found.probability === null ? [] : [el("b", {}, percent(found.probability)), ` ${say("probability")} · `];
  const computed = found.source === "risk" ? [] : [say(found.source === "batch" ? "batch_at" : "scored_at", { moment: minute(found.scored_at) })];
  return [
    el("p", { class: "verdict" }, el("b", {}, count(found.score)), ` ${say("score")} · `, ...likely, chip(name(found.source, "score_of_"))),
    el("p", { class: "quiet" }, [say("score_as_of", { moment: minute(found.as_of) }), ...computed, model].join(" · ")),
  ];
}

/** One line for the box beside the pointer: of every person, also where there is no score. */
export function scoreHint(node: DrawnNode): string {
  const found = node.score;
  if (!found) return say("no_score");
  return `${say("score")} ${count(found.score)} · ${name(found.source, "score_of_")} · ${minute(found.as_of)} · ${found.model_version ?? say("no_model")}`;
}

/** How a node is called in the drawing: a person with the score below the name. */
export function labelOf(node: DrawnNode): string {
  return node.score ? `${shortened(node.label)}\n${count(node.score.score)}` : node.label; // one line is cut off by the drawing itself
}

/** A long id by its beginning and end: ids often begin alike. */
function shortened(id: string): string {
  return id.length > MOST ? `${id.slice(0, MOST - 6)}…${id.slice(-5)}` : id;
}
