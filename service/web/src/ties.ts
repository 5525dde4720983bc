// How two people are tied, or one person to a known fraud: asked for in the panel of a person, drawn, and told tie by tie.
import { type Paths, post } from "./api";
import { el } from "./dom";
import { count, date } from "./formats";
import { Refused } from "./refusals";
import { name, say } from "./words";

export interface TieWays {
  asOf(): string;
  people(): string[]; // the ids of those who are drawn
  shown(found: Paths): void;
  lit(path: string[]): void;
  paint(): void;
  said(text: string): void;
}

export class Ties {
  private node = "";
  private other = "";
  private found: Paths | null = null;
  private problem: Refused | null = null;
  private looking = false;

  constructor(private readonly ways: TieWays) {}

  /** The part of a person's panel in which one asks and is told. */
  part(node: string): HTMLElement {
    if (node !== this.node) {
      this.node = node;
      this.found = null;
      this.problem = null;
      this.other = "";
    }
    const self = node.slice("applicant:".length);
    const submit = (event: Event): void => {
      event.preventDefault();
      if (this.other.trim()) void this.look(`applicant:${this.other.trim()}`);
    };
    const field = el("input", { id: "tied-to", list: "drawn-people", maxlength: 128, autocomplete: "off", spellcheck: "false", value: this.other, input: (event) => (this.other = (event.target as HTMLInputElement).value) });
    return el(
      "form",
      { class: "work", submit },
      el("label", {}, say("tied_to"), field),
      el("datalist", { id: "drawn-people" }, ...this.ways.people().filter((one) => one !== self).map((one) => el("option", { value: one }))),
      el(
        "p",
        { class: "deeds" },
        el("button", { id: "find-ties", disabled: this.looking }, say("find_ties")),
        el("button", { type: "button", id: "find-fraud", class: "quiet", disabled: this.looking, click: () => void this.look("") }, say("nearest_fraud")),
      ),
      this.answer(),
    );
  }

  private answer(): HTMLElement | false {
    if (this.looking) return el("p", { class: "quiet" }, say("loading"));
    if (this.problem) return el("p", { class: "note", role: "alert" }, this.problem.status === 404 ? say("not_found") : this.problem.code === "bad_request" || this.problem.status === 400 ? say("tied_wrong") : this.problem.text);
    const found = this.found;
    if (!found) return false;
    const bounds = found.truncated ? say("ties_cut", { n: count(found.people) }) : say("ties_all", { n: count(found.people) });
    if (!found.paths.length) return el("div", { id: "ties" }, el("p", { class: "note" }, say(found.b ? "no_ties" : "no_fraud_near")), el("p", { class: "quiet" }, bounds));
    return el("div", { id: "ties" }, el("ol", { class: "plain" }, ...found.paths.map((path, index) => this.path(found, path, index))), el("p", { class: "quiet" }, bounds));
  }

  private path(found: Paths, path: string[], index: number): HTMLElement {
    const labels = new Map(found.drawing.nodes.map((node) => [node.id, `${name(node.type)} ${node.label}`]));
    const ties = (found.ties[index] ?? []).map((tie, step) => {
      const dates = tie.since ? `${say("since")} ${date(tie.since)} · ${say("until")} ${date(tie.last)}` : say("only_now");
      return el("li", {}, el("b", {}, labels.get(path[step] ?? "") ?? ""), ` ${name(tie.role, "role_")} `, el("b", {}, labels.get(path[step + 1] ?? "") ?? ""), el("small", {}, ` ${dates}`));
    });
    return el("li", {}, el("button", { type: "button", class: "path", title: say("light_path"), click: () => this.ways.lit(path) }, say("path_of", { n: index + 1, steps: ties.length })), el("ul", { class: "plain ties" }, ...ties));
  }

  private async look(to: string): Promise<void> {
    const node = this.node;
    this.looking = true;
    this.problem = null;
    this.ways.paint();
    try {
      const found = await post<Paths>("paths", { node, to, as_of: this.ways.asOf() });
      if (node !== this.node) return;
      this.found = found;
      this.ways.shown(found);
      this.ways.said(say(found.paths.length ? "path_lit" : found.b ? "no_ties" : "no_fraud_near"));
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      this.problem = error;
      this.found = null;
    } finally {
      this.looking = false;
      this.ways.paint();
    }
  }
}
