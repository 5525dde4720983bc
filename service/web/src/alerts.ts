// What the watch found about a person's loans or a ring: each alert with its day, its words, and the path that shows it.
import type { WatchAlert } from "./api";
import { el } from "./dom";
import { date } from "./formats";
import { chip, type Ways } from "./parts";
import { name, say, spoken } from "./words";

/** The section of a panel; nothing where nothing was found. */
export function alertPart(found: WatchAlert[], ways: Pick<Ways, "light">): (Node | false)[] {
  if (!found.length) return [];
  return [el("h3", {}, say("watch_alerts")), el("ul", { class: "plain near" }, ...found.map((one) => alertLine(one, ways)))];
}

function alertLine(one: WatchAlert, ways: Pick<Ways, "light">): HTMLElement {
  const text = spoken() === "zh" ? one.text_zh : one.text_en;
  const path = drawnPath(one.evidence.path);
  const told = path.length > 1 ? el("button", { type: "button", class: "reason", title: say("light_path"), click: () => ways.light(path) }, text) : el("span", {}, text);
  const since = one.evidence.shared_since ? ` · ${say("since")} ${date(one.evidence.shared_since)}` : "";
  return el("li", { title: one.code }, told, chip(name(one.grade, "grade_"), one.grade === "high" ? "flagged" : ""), el("small", {}, ` ${date(one.at)}${one.application_id ? ` · ${name("application")} ${one.application_id}` : ""}${since}`));
}

/** A path as it is drawn: the loan and the ring that it begins with are no nodes of it. */
function drawnPath(path: string[]): string[] {
  return path[0] && /^(application|ring):/.test(path[0]) ? path.slice(1) : path;
}
