// What a list or a table of the desk asks the service for: of several questions the latest counts, and a refusal stands in the answer's place.
import { el } from "./dom";
import { Refused } from "./refusals";
import { say, type Word } from "./words";

export class Asking<Answer> {
  private found: Answer | undefined; // undefined: not answered yet, or refused
  private problem: Refused | null = null;
  private asked = 0;

  constructor(private readonly paint: () => void) {}

  get answer(): Answer | undefined {
    return this.found;
  }

  /** Ask, and paint before and after; that there is no key goes on to the page, which asks for one. */
  async ask(question: () => Promise<Answer>, refusal: (problem: Refused) => Refused = (problem) => problem): Promise<void> {
    const asked = ++this.asked;
    this.found = undefined;
    this.problem = null;
    this.paint();
    try {
      const found = await question();
      if (asked === this.asked) this.found = found;
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      if (asked !== this.asked) return;
      this.problem = refusal(error);
      if (error.status === 401) throw error;
    } finally {
      if (asked === this.asked) this.paint();
    }
  }

  /** What stands there until the answer does: that it is on its way, or why there is none and what to do then. */
  instead(...next: HTMLElement[]): HTMLElement {
    if (!this.problem) return el("p", { class: "quiet" }, say("loading"));
    return el("div", { class: "queue-problem", role: "alert" }, el("h3", {}, say(this.problem.title)), el("p", {}, this.problem.text), ...next);
  }
}

/** How far back something is counted, and the way back to the queue. */
export function period(field: string, title: Word, days: { all: string[]; chosen: string }, ways: { narrow(days: string): void; queue(): void }): HTMLElement {
  const options = days.all.map((one) => el("option", { value: one, selected: one === days.chosen }, say("last_days", { n: one })));
  const chosen = el("select", { id: field, change: (event) => ways.narrow((event.target as HTMLSelectElement).value) }, ...options);
  const back = el("button", { type: "button", id: `${field}-to-queue`, class: "quiet", click: () => ways.queue() }, say("queue_title"));
  return el("form", { class: "filters", submit: (event: Event) => event.preventDefault() }, el("label", {}, say(title), chosen), back);
}
