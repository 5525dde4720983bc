// The moment that the desk shows: written, picked from a calendar, or moved by a week, on the clocks of the service's time zone.
import { type Around, listenToCalendar } from "./calendar";
import { byId } from "./dom";
import { read, toField, zoneName } from "./formats";

const WEEK = 7 * 24 * 3600 * 1000;
const MINUTE = 60_000;

export class TimeField {
  private readonly field = byId<HTMLInputElement>("as-of");
  private asOf = "";
  private ahead = 0; // milliseconds that this machine's clock is ahead of the service's, whose now it is

  constructor(private readonly go: (asOf: string) => void) {
    this.field.addEventListener("change", () => this.go(canonical(this.field.value)));
    const shown = (): Around => ({ day: toField(this.moment()).slice(0, 10), last: toField(this.now()).slice(0, 10) });
    listenToCalendar(byId("calendar"), shown, (day) => this.at(read(`${day} ${toField(this.moment()).slice(11)}`)));
    byId("now").addEventListener("click", () => this.go(""));
    byId("week-back").addEventListener("click", () => this.move(-1));
    byId("week-on").addEventListener("click", () => this.move(1));
  }

  /** Show a moment as the address holds it, empty for now; one that cannot be read stays as it was written. */
  show(asOf: string): void {
    this.asOf = asOf;
    const unreadable = asOf !== "" && Number.isNaN(read(asOf));
    this.field.value = unreadable ? asOf : toField(this.moment());
    this.field.setAttribute("aria-invalid", String(unreadable));
    byId("zone").textContent = zoneName(this.moment());
    byId("past").hidden = asOf === "" || unreadable;
    byId("now").setAttribute("aria-pressed", String(asOf === ""));
  }

  /** What the service took for the moment that was asked for: where that was now, its clock. */
  heard(moment: string): void {
    if (this.asOf !== "") return;
    this.ahead = Date.now() - Date.parse(moment);
    this.show("");
  }

  now(): number {
    return Date.now() - this.ahead;
  }

  moment(): number {
    const said = read(this.asOf);
    return Number.isNaN(said) ? this.now() : said;
  }

  /** Show that moment; one that has not come is now. */
  at(moment: number): void {
    this.go(moment > this.now() - MINUTE ? "" : new Date(moment).toISOString());
  }

  /** By weeks; a week on from the last one is now. */
  private move(weeks: number): void {
    this.at(this.moment() + weeks * WEEK);
  }
}

/** How an address holds what somebody wrote; what is no moment goes to the service as it is, which says so. */
function canonical(text: string): string {
  const moment = read(text);
  return text.trim() === "" ? "" : Number.isNaN(moment) ? text.trim() : new Date(moment).toISOString();
}
