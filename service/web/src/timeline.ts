// The timeline of a ring or a person: who joined, applied and was concluded on when; the slider on it is the moment that the desk shows.
import { ask, type Past } from "./api";
import { byId, el, fill, svg, titled } from "./dom";
import { date } from "./formats";
import { Refused } from "./refusals";
import { name, say, type Word } from "./words";

const [MINUTE, DAY] = [60_000, 86_400_000];
const WIDTH = 1000; // units of the drawing, whatever its size on the screen
const LANES: Word[] = ["lane_joined", "lane_applications", "lane_verdicts", "lane_changes"];

interface Mark {
  at: number;
  lane: number;
  look: string;
  text: string;
}

export class Timeline {
  private node = "";
  private from = 0;
  private marks: Mark[] = [];
  past: Past | null = null;
  private readonly place = byId("timeline");

  constructor(private readonly go: (moment: number) => void, private readonly now: () => number, private readonly shown: () => number) {}

  /** Of a ring or a person; of anything else there is none. */
  async show(node: string, asOf: string, still: () => boolean): Promise<void> {
    const known = node.startsWith("ring:") || node.startsWith("applicant:");
    if (node !== this.node) this.from = 0;
    this.node = node;
    this.marks = [];
    this.past = null;
    this.place.hidden = !known;
    if (!known) return;
    try {
      const past = await ask<Past>("history", { node, as_of: asOf });
      if (!still()) return;
      this.past = past;
      this.marks = marksOf(past);
      const first = Math.min(...this.marks.map((mark) => mark.at));
      if (Number.isFinite(first)) this.from = this.from ? Math.min(this.from, first - DAY) : first - DAY;
    } catch (error) {
      if (!(error instanceof Refused)) throw error; // the drawing says what is wrong; the axis stays
    }
    this.paint();
  }

  hide(): void {
    this.node = "";
    this.place.hidden = true;
  }

  /** Everything again, in the language spoken now. */
  paint(): void {
    if (this.place.hidden || !this.from) {
      fill(this.place);
      return;
    }
    if (this.past) this.marks = marksOf(this.past);
    fill(this.place, this.drawing(), this.slider());
  }

  private drawing(): Element {
    const height = LANES.length * 14 + 4;
    const picture = svg("svg", { viewBox: `0 0 ${WIDTH} ${height}`, preserveAspectRatio: "none", role: "img", "aria-label": say("timeline") });
    const span = Math.max(this.now() - this.from, DAY);
    for (const mark of this.marks) {
      const dot = svg("rect", { x: (WIDTH * (mark.at - this.from)) / span - 2, y: 3 + mark.lane * 14, width: 4, height: 10, class: `mark ${mark.look}` });
      dot.append(titled(mark.text));
      picture.append(dot);
    }
    const at = (WIDTH * (this.shown() - this.from)) / span;
    picture.append(svg("line", { x1: at, x2: at, y1: 0, y2: height, class: "moment-line" }));
    const lanes = LANES.map((word, lane) => el("li", {}, `${say(word)} (${this.marks.filter((mark) => mark.lane === lane).length})`));
    const day = (moment: number): string => date(new Date(moment).toISOString());
    const ends = el("p", { class: "ends" }, el("span", {}, day(this.from)), el("span", {}, day(this.now())));
    return el("div", { class: "lanes" }, el("ul", {}, ...lanes), el("div", {}, picture, ends));
  }

  private slider(): HTMLElement {
    const last = Math.ceil((this.now() - MINUTE - this.from) / DAY); // a step back is more than a minute, which counts as now
    const day = this.shown() > this.now() - MINUTE ? last : Math.min(last, Math.round((this.shown() - this.from) / DAY));
    const told = (value: number): string => date(new Date(Math.min(this.from + value * DAY, this.now())).toISOString()); // the last step is now
    const moved = (event: Event): void => {
      const field = event.target as HTMLInputElement;
      field.setAttribute("aria-valuetext", told(Number(field.value)));
      byId("slider-at").textContent = told(Number(field.value));
    };
    const chosen = (event: Event): void => this.go(this.from + Number((event.target as HTMLInputElement).value) * DAY);
    const field = el("input", { id: "slider", type: "range", min: 0, max: last, step: 1, value: day, "aria-label": say("slider"), "aria-valuetext": told(day), input: moved, change: chosen });
    return el("p", { class: "axis" }, el("small", { id: "slider-at" }, told(day)), field);
  }
}

function marksOf(past: Past): Mark[] {
  const marks: Mark[] = [];
  for (const one of past.members) {
    const add = (at: string, lane: number, look: string, what: string): void => void marks.push({ at: Date.parse(at), lane, look, text: `${one.applicant_id} · ${what} · ${date(at)}` });
    if (one.joined_at) add(one.joined_at, 0, "joined", say("joined"));
    for (const each of one.applications) add(each.at, 1, each.status ?? "", `${say("application")} ${name(each.status)}`);
    for (const label of one.labels) add(label.at, 2, label.label, name(label.label));
  }
  for (const one of past.changes) {
    if (one.change === "unchanged" || one.change === "stable") continue;
    const from = one.from_rings.filter((ring) => `ring:${ring}` !== past.node).join(", ");
    marks.push({ at: Date.parse(one.at), lane: 3, look: one.change, text: `${one.snapshot} · ${name(one.change)} ${from} · ${say("joined_left", { joined: one.joined, left: one.left })}` });
  }
  return marks;
}
