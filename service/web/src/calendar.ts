// A day as people choose it: written as 2026-01-05, or picked from a month in the desk's language, which a browser's own field does not follow.
import { el, fill } from "./dom";
import { calendarMonth, dayInWords, read, toField, weekdays } from "./formats";
import { say } from "./words";

const DAY = 86_400_000;
const STEPS: Record<string, number> = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -7, ArrowDown: 7 };

/** On which day a calendar opens, and the last one that it offers. */
export interface Around {
  day: string;
  last?: string;
}

/** A field for a day; `chosen` gets it as 2026-01-05, "" where the field was emptied, and null where it holds no day, which is marked. */
export function dayField(id: string, value: string, chosen: (day: string | null) => void): HTMLElement {
  const changed = (): void => {
    const day = dayOf(field.value);
    field.setAttribute("aria-invalid", String(day === null));
    field.value = day ?? field.value;
    chosen(day);
  };
  const typed = (): void => {
    if (/^\d{4}-\d\d-\d\d$/.test(field.value)) changed(); // a whole day needs no Enter
  };
  const field = el("input", { id, type: "text", class: "day", maxlength: 10, autocomplete: "off", placeholder: "2026-01-05", value, input: typed, change: changed });
  const button = el("button", { type: "button", class: "quiet to-calendar", title: say("calendar"), "aria-label": say("calendar") }, "▾");
  listenToCalendar(button, () => ({ day: dayOf(field.value) || today() }), (day) => {
    field.value = day;
    changed();
  });
  return el("span", { class: "moment" }, field, button);
}

/** Lets a button open a month beside it. */
export function listenToCalendar(button: HTMLElement, around: () => Around, pick: (day: string) => void): void {
  button.addEventListener("click", () => {
    const month = el("div", { popover: true, class: "popover calendar", role: "dialog", "aria-label": say("calendar") });
    month.addEventListener("toggle", (event) => (event as ToggleEvent).newState === "closed" && month.remove());
    button.after(month);
    new Month(month, around(), pick);
    month.showPopover();
    const [beside, own] = [button.getBoundingClientRect(), month.getBoundingClientRect()];
    month.style.left = `${Math.max(8, Math.min(beside.left, innerWidth - own.width - 8))}px`;
    month.style.top = `${Math.max(8, Math.min(beside.bottom + 4, innerHeight - own.height - 8))}px`;
    month.querySelector<HTMLElement>("[tabindex='0']")?.focus();
  });
}

class Month {
  private shown: number; // the day that the keys are on, as a midnight of UTC

  constructor(private readonly place: HTMLElement, private readonly around: Around, private readonly pick: (day: string) => void) {
    this.shown = Date.parse(around.day);
    place.addEventListener("keydown", (event) => this.press(event));
    this.paint();
  }

  private paint(): void {
    const at = new Date(this.shown);
    const first = Date.UTC(at.getUTCFullYear(), at.getUTCMonth(), 1);
    const monday = first - ((new Date(first).getUTCDay() + 6) % 7) * DAY;
    const turn = (months: number, sign: string, title: string): HTMLElement => el("button", { type: "button", class: "quiet", title, "aria-label": title, click: () => this.turn(months) }, sign);
    const weeks = [0, 1, 2, 3, 4, 5].map((week) => el("tr", {}, ...[0, 1, 2, 3, 4, 5, 6].map((day) => el("td", {}, this.day(monday + (week * 7 + day) * DAY, at.getUTCMonth())))));
    const names = el("tr", {}, ...weekdays().map((one) => el("th", { scope: "col" }, one)));
    fill(this.place, el("p", {}, turn(-1, "‹", say("month_back")), el("b", { "aria-live": "polite" }, calendarMonth(at)), turn(1, "›", say("month_on"))), el("table", {}, el("thead", {}, names), el("tbody", {}, ...weeks)));
  }

  private day(at: number, month: number): HTMLElement {
    const [day, text] = [new Date(at), isoDay(at)];
    const look = day.getUTCMonth() === month ? "" : "beside";
    const choose = (): void => {
      this.place.hidePopover();
      this.pick(text);
    };
    const off = this.around.last !== undefined && text > this.around.last;
    return el("button", { type: "button", class: look, disabled: off, tabindex: at === this.shown ? 0 : -1, "aria-pressed": String(text === this.around.day), "aria-label": dayInWords(day), click: choose }, day.getUTCDate());
  }

  private turn(months: number): void {
    const at = new Date(this.shown);
    const last = new Date(Date.UTC(at.getUTCFullYear(), at.getUTCMonth() + months + 1, 0)).getUTCDate();
    this.go(Date.UTC(at.getUTCFullYear(), at.getUTCMonth() + months, Math.min(at.getUTCDate(), last)));
  }

  private press(event: KeyboardEvent): void {
    const days = STEPS[event.key];
    if (days !== undefined) this.go(this.shown + days * DAY, true);
    else if (event.key === "PageUp" || event.key === "PageDown") this.turn(event.key === "PageUp" ? -1 : 1);
    else return;
    event.preventDefault();
  }

  private go(at: number, keyed = false): void {
    const last = this.around.last;
    this.shown = last !== undefined && isoDay(at) > last ? Date.parse(last) : at;
    const held = [...this.place.querySelectorAll("p button")].indexOf(document.activeElement as Element);
    this.paint();
    const kept = this.place.querySelectorAll<HTMLElement>("p button")[held];
    if (kept && !keyed) kept.focus();
    else this.place.querySelector<HTMLElement>("[tabindex='0']")?.focus();
  }
}

/** What was written, as 2026-01-05; "" for nothing, null for what is no day. */
export function dayOf(text: string): string | null {
  const day = text.trim();
  if (day === "") return "";
  const moment = day.length > 10 ? NaN : read(day);
  return Number.isNaN(moment) ? null : toField(moment).slice(0, 10);
}

function today(): string {
  return toField(Date.now()).slice(0, 10);
}

function isoDay(at: number): string {
  return new Date(at).toISOString().slice(0, 10);
}
