// What narrows and sorts the queue: fields whose values stand in the address, and the search.
import type { Assignee } from "./casetypes";
import { el } from "./dom";
import { count } from "./formats";
import { name, say, type Word } from "./words";

export const STATES = ["pending", "investigating", "closed"];
const KINDS = ["ring", "agent", "merchant", "household", "dormitory", "kiosk", "unknown", "applicant"];
const LENDERS = ["bank_traditional", "bank_online", "consumer_finance", "network_microloan", "microloan", "p2p", "auto_finance", "leasing", "other"];
export const FILTERS = ["q", "state", "kind", "lender", "min_exposure", "older_than_days", "who", "overdue", "sort", "order", "offset"];
export type Filters = Record<string, string>;

/** The columns by which the queue can be sorted, as the service calls them, each with its word. */
export const COLUMNS: [string, Word][] = [
  ["subject", "subject"],
  ["kind", "filter_kind"],
  ["state", "case_state"],
  ["priority", "priority"],
  ["expected_loss", "expected_loss"],
  ["exposure", "exposure"],
  ["probability", "likelihood"],
  ["opened_at", "opened_at"],
  ["due_at", "due_at"],
  ["assignee", "assignee"],
  ["reason", "reason"],
];
const FALLING = ["priority", "expected_loss", "exposure", "probability"]; // the largest first, where nobody says else

/** By which column the filters sort, and whether it falls. */
export function sorted(filters: Filters): { column: string; falling: boolean } {
  const column = COLUMNS.some(([one]) => one === filters.sort) ? (filters.sort as string) : "priority";
  return { column, falling: filters.order ? filters.order === "desc" : FALLING.includes(column) };
}

/** The filters that sort by a column; by the one that they sort by already, the other way round. */
export function sortedBy(filters: Filters, column: string): Filters {
  const { offset: _, sort: __, order: ___, ...rest } = filters;
  const now = sorted(filters);
  const turned: Filters = { ...rest };
  if (column !== "priority") turned.sort = column;
  if (now.column === column && now.falling === FALLING.includes(column)) turned.order = now.falling ? "asc" : "desc";
  return turned;
}

/** Whether a text may be somebody's number or e-mail: then no address may hold it. */
export function mayBeRaw(text: string): boolean {
  return text.includes("@") || /^(?:(?!applicant|application|ring|case)\w+:)?[\p{Nd} +-]{7,}[xX]?$/u.test(text);
}

export interface FilterWays {
  narrow(filters: Filters): void;
  seek(text: string): void;
}

export function filterForm(filters: Filters, people: Assignee[], ways: FilterWays): HTMLElement {
  const narrow = (key: string, value: string, usual = ""): void => {
    const { offset: _, ...rest } = filters;
    const changed = { ...rest, [key]: value };
    if (value === usual) delete changed[key];
    ways.narrow(changed);
  };
  const value = (event: Event): string => (event.target as HTMLSelectElement | HTMLInputElement).value;
  const select = (key: string, word: Word, options: [string, string][], usual = ""): HTMLElement => {
    const chosen = filters[key] ?? usual;
    const made = options.map(([one, text]) => el("option", { value: one, selected: one === chosen, ...(one.startsWith("@") ? { label: text } : {}) }, one.startsWith("@") ? "" : text));
    return el("label", {}, say(word), el("select", { id: `filter-${key}`, change: (event) => narrow(key, value(event), usual) }, ...made));
  };
  const number = (key: string, word: Word): HTMLElement =>
    el("label", {}, say(word), el("input", { id: `filter-${key}`, type: "number", min: 0, step: "any", value: filters[key] ?? "", change: (event) => narrow(key, value(event)) }));
  const words = (values: string[], prefix = ""): [string, string][] => values.map((one) => [one, name(one, prefix)]);
  return el(
    "form",
    { class: "filters", submit: (event: Event) => event.preventDefault() },
    searchField(filters, ways),
    select("state", "filter_state", [["open", say("open_cases")], ["", say("any")], ...words(STATES, "state_")], "open"),
    select("kind", "filter_kind", [["", say("any")], ...words(KINDS, "kind_")]),
    select("lender", "filter_lender", [["", say("any")], ...words(LENDERS)]),
    select("who", "filter_who", [["", say("any")], ["me", say("mine")], ["nobody", say("nobody")], ...named(filters, people)]),
    number("min_exposure", "filter_exposure"),
    number("older_than_days", "filter_age"),
    el("label", { class: "tick" }, el("input", { id: "filter-overdue", type: "checkbox", checked: filters.overdue === "true", change: (event) => narrow("overdue", (event.target as HTMLInputElement).checked ? "true" : "") }), say("filter_overdue")),
    sortField(filters, ways),
  );
}

function searchField(filters: Filters, ways: FilterWays): HTMLElement {
  const press = (event: Event): void => {
    if ((event as KeyboardEvent).key !== "Enter") return;
    event.preventDefault();
    ways.seek((event.target as HTMLInputElement).value.trim());
  };
  const emptied = (event: Event): void => {
    if ((event.target as HTMLInputElement).value === "" && filters.q) ways.seek("");
  };
  return el("label", { class: "seek" }, say("queue_search"), el("input", { id: "filter-q", type: "search", maxlength: 128, autocomplete: "off", spellcheck: "false", placeholder: say("queue_search_hint"), value: filters.q ?? "", keydown: press, search: emptied }));
}

/** The order as a field of its own, where the queue is too narrow for a head. */
function sortField(filters: Filters, ways: FilterWays): HTMLElement {
  const now = sorted(filters);
  const turn = el("button", { type: "button", id: "sort-turn", "aria-label": say("turn_order"), title: say("turn_order"), click: () => ways.narrow(sortedBy(filters, now.column)) }, now.falling ? "↓" : "↑");
  const options = COLUMNS.map(([one, word]) => el("option", { value: one, selected: one === now.column }, say(word)));
  const change = (event: Event): void => ways.narrow(sortedBy(filters, (event.target as HTMLSelectElement).value));
  return el("span", { class: "sorting" }, el("label", {}, say("sort_by"), el("select", { id: "filter-sort", change }, ...options)), turn);
}

/** Everybody who may have cases, and whoever the address names. */
function named(filters: Filters, people: Assignee[]): [string, string][] {
  const asked = filters.who ?? "";
  const known = people.map((one): [string, string] => [`@${one.name}`, say("assignee_line", { name: one.name, n: count(one.open_cases) })]);
  return asked.startsWith("@") && !known.some(([one]) => one === asked) ? [...known, [asked, asked.slice(1)]] : known;
}
