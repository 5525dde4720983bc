// A refusal in the page: its sentence, its next step, and the field for a key where one is wanted.
import { loginAddress } from "./account";
import { keep } from "./api";
import { byId, el, fill } from "./dom";
import { choosePurpose } from "./purpose";
import type { Refused } from "./refusals";
import { say, type Word } from "./words";

export interface ProblemWays {
  again(): void;
  now(): void;
  home(): void;
  queue(): void;
  keyed(): void; // another key is kept
  said(text: string): void;
}

export class Problems {
  private problem: Refused | null = null;
  private readonly key = byId<HTMLDialogElement>("key");

  constructor(private readonly ways: ProblemWays) {
    byId<HTMLFormElement>("key-form").addEventListener("submit", (event) => {
      event.preventDefault(); // the browser would close the dialog after a refusal has opened it again
      this.key.close();
      keep(byId<HTMLInputElement>("key-field").value);
      this.ways.keyed();
    });
  }

  /** Tell a refusal with its next step, or take the last one away. */
  refuse(error: Refused | null): void {
    this.problem = error;
    byId("problem").hidden = error === null;
    if (error === null) return;
    byId("empty").hidden = true;
    const byName = error.wantsLogin && loginAddress() !== "" && !new URLSearchParams(location.search).has("key");
    const nothingToLose = error.code !== "session_ended" || document.body.classList.contains("queueing");
    if (byName && nothingToLose) return location.assign(loginAddress());
    this.paint();
    if (error.wantsKey && !byName && !this.key.open) this.key.showModal();
  }

  /** What is told, in the language spoken now. */
  paint(): void {
    const error = this.problem;
    if (error === null) return;
    const button = (word: Word, click: () => void): HTMLElement => el("button", { type: "button", click }, say(word));
    const step = error.code === "session_ended"
      ? el("a", { id: "log-in-again", class: "button", href: loginAddress() }, say("log_in"))
      : error.wantsKey
      ? button("key_use", () => this.key.showModal())
      : error.wantsMoment
        ? button("show_now", () => this.ways.now())
        : error.wantsPurpose
        ? button("purpose_choose", choosePurpose)
        : error.code === "case_unknown"
        ? button("queue_title", () => this.ways.queue())
        : error.unknown
        ? button("back", () => this.ways.home())
        : button("retry", () => this.ways.again());
    const past = new URLSearchParams(location.search).has("as_of");
    const text = error.word === "not_found" && !past ? say("not_found_now") : error.text;
    const later = past && error.unknown && error.code !== "case_unknown" && button("show_now", () => this.ways.now());
    fill(byId("problem"), el("h2", {}, say(error.title)), el("p", {}, text), later, step);
    byId("key-title").textContent = say(error.title);
    byId("key-text").textContent = text;
    this.ways.said(text);
  }
}
