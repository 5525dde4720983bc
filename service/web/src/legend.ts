// The key to the drawing.
import { el } from "./dom";
import { tile } from "./parts";
import { name, say, type Word } from "./words";

const THINGS = ["phone", "device", "bank_card", "national_id", "email", "ip", "wifi", "address", "employer", "merchant", "agent"];
const PEOPLE: [string, Word][] = [
  ["", "legend_person"],
  ["seed", "legend_seed"],
  ["bad", "legend_bad"],
  ["flagged", "legend_ring"],
  ["grouped", "legend_group"],
];
const LINES: [string, Word][] = [
  ["own", "legend_own"],
  ["contact", "legend_contact"],
  ["event", "legend_event"],
];

export function legend(): HTMLElement[] {
  return [
    ...PEOPLE.map(([look, word]) => el("li", {}, tile("applicant", look), say(word))),
    ...THINGS.map((type) => el("li", {}, tile(type), name(type))),
    el("li", {}, el("span", { class: "tile hub" }), say("legend_hub")),
    el("li", {}, el("b", {}, "712"), say("legend_score")),
    ...LINES.map(([look, word]) => el("li", {}, el("span", { class: `line ${look}` }), say(word))),
  ];
}
