// What goes with a case: files, linked cases, and its due time.
import { caseAnswer } from "./api";
import type { CaseDetail, Draft } from "./casetypes";
import { dayField, dayOf } from "./calendar";
import { el } from "./dom";
import { chosenFile, save } from "./files";
import { date, decimal, read } from "./formats";
import { name, say, type Word } from "./words";

export interface PaperWays {
  act(step: string, body: Record<string, unknown>, done: Word, sent?: Partial<Draft>): Promise<void>;
  tried(run: () => Promise<void>): Promise<void>;
  write(given: Partial<Draft>): void;
  draft(): Draft; // as it is now: each letter makes another
  sending(): boolean;
  case(id: string): void;
}

export function files(found: CaseDetail, ways: PaperWays): HTMLElement {
  const lines = found.attachments.map((one) => {
    const get = async (): Promise<void> => save(await caseAnswer(`/${found.case_id}/attachments/${one.attachment_id}`), one.name);
    return el("li", {}, el("button", { type: "button", class: "quiet", click: () => void ways.tried(get) }, one.name), el("small", {}, ` ${decimal(one.size / 1024, 1)} kB · ${one.by} · ${date(one.at)}`), el("code", { title: "SHA-256" }, one.sha256.slice(0, 16)));
  });
  return lines.length ? el("ul", { class: "plain" }, ...lines) : el("p", { class: "quiet" }, say("none_counted"));
}

export function filing(ways: PaperWays): HTMLElement {
  const change = async (event: Event): Promise<void> => {
    const chosen = await chosenFile(event.target as HTMLInputElement);
    if (chosen) await ways.act("attachments", chosen, "done_file");
  };
  return el(
    "div",
    { class: "work" },
    el("label", { class: "file" }, el("input", { id: "add-file", class: "unseen", type: "file", accept: ".png,.jpg,.jpeg,.pdf,.txt,.csv", "aria-describedby": "file-hint", change: (event) => void change(event) }), el("span", {}, say("add_file"))),
    el("small", { id: "file-hint" }, say("file_hint")),
  );
}

export function linked(found: CaseDetail, ways: PaperWays): HTMLElement {
  const lines = found.linked.map((id) => {
    const go = (event: Event): void => {
      event.preventDefault();
      ways.case(id);
    };
    return el("li", {}, el("a", { class: "id", href: `?case=${encodeURIComponent(id)}`, click: go }, id), " ", el("button", { type: "button", class: "quiet", click: () => void ways.act("links", { other: id, linked: false }, "done_link") }, say("unlink")));
  });
  return lines.length ? el("ul", { class: "plain" }, ...lines) : el("p", { class: "quiet" }, say("none_counted"));
}

export function linking(ways: PaperWays): HTMLElement {
  const submit = (event: Event): void => {
    event.preventDefault();
    if (ways.draft().other) void ways.act("links", { other: ways.draft().other.trim() }, "done_link", { other: "" });
  };
  const field = el("input", { id: "other-case", maxlength: 64, value: ways.draft().other, input: (event) => ways.write({ other: (event.target as HTMLInputElement).value }) });
  return el("form", { class: "work", submit }, el("label", {}, say("link_to"), field), el("button", { id: "add-link", disabled: ways.sending() }, say("add_link")));
}

export function due(version: number, ways: PaperWays): HTMLElement {
  const submit = (event: Event): void => {
    event.preventDefault();
    const day = dayOf(ways.draft().due);
    if (day) void ways.act("due", { due_at: new Date(read(`${day} 23:59`)).toISOString(), version }, "done_due", { due: "" });
  };
  const field = dayField("due", ways.draft().due, (day) => day !== null && ways.write({ due: day }));
  field.addEventListener("input", (event) => ways.write({ due: (event.target as HTMLInputElement).value })); // half a day, too
  return el("form", { class: "work", submit }, el("label", { for: "due" }, say("due_field")), field, el("button", { id: "set-due", disabled: ways.sending() }, say("set_due")));
}

/** When it is to be looked at, among the others. */
export function ranking(found: CaseDetail, ways: PaperWays): HTMLElement {
  const chosen = ways.draft().priority || found.priority;
  const options = ["high", "normal", "low"].map((one) => el("option", { value: one, selected: one === chosen }, name(one, "priority_")));
  const field = el("select", { id: "priority", change: () => ways.write({ priority: field.value }) }, ...options);
  const submit = (event: Event): void => {
    event.preventDefault();
    void ways.act("priority", { priority: field.value, version: found.version }, "done_priority", { priority: "" });
  };
  return el("form", { id: "priority-form", class: "work", submit }, el("label", {}, say("priority"), field), el("button", { id: "set-priority", disabled: ways.sending() }, say("set_priority")));
}
