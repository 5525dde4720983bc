// Moments and figures as people read them, all in the service's time zone, which the page names.
import { say, spoken } from "./words";

let zone = "UTC";

/** Tell times in the zone of that name from now on; in UTC, and say so, where the browser does not know it. */
export function tellIn(name: string): void {
  try {
    new Intl.DateTimeFormat("en", { timeZone: name });
    zone = name;
  } catch {
    zone = "UTC";
  }
}

/** The zone and what its clocks are ahead by at a moment: Asia/Shanghai (UTC+08:00). */
export function zoneName(moment: number): string {
  const minutes = Math.abs(ahead(moment)) / 60_000;
  const digits = (n: number): string => String(Math.floor(n)).padStart(2, "0");
  return `${zone} (UTC${ahead(moment) < 0 ? "−" : "+"}${digits(minutes / 60)}:${digits(minutes % 60)})`;
}

function locale(): string {
  return spoken() === "zh" ? "zh-CN" : "en-GB";
}

export function date(moment: string | null | undefined): string {
  return moment ? new Date(moment).toLocaleDateString(locale(), { year: "numeric", month: "short", day: "numeric", timeZone: zone }) : "–";
}

/** A day of a calendar, which is a midnight of UTC whatever the zone. */
export function dayInWords(day: Date): string {
  return day.toLocaleDateString(locale(), { year: "numeric", month: "long", day: "numeric", weekday: "long", timeZone: "UTC" });
}

export function calendarMonth(day: Date): string {
  return day.toLocaleDateString(locale(), { year: "numeric", month: "long", timeZone: "UTC" });
}

/** The names of the days of a week, Monday first. */
export function weekdays(): string[] {
  return [1, 2, 3, 4, 5, 6, 7].map((day) => new Date(Date.UTC(2024, 0, day)).toLocaleDateString(locale(), { weekday: "short", timeZone: "UTC" }));
}

export function minute(moment: string | null | undefined): string {
  if (!moment) return "–";
  return new Date(moment).toLocaleString(locale(), { year: "numeric", month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", timeZone: zone });
}

export function count(value: number | null | undefined): string {
  return value === null || value === undefined ? "–" : Math.round(value).toLocaleString(locale());
}

export function decimal(value: number | null | undefined, digits = 2): string {
  return value === null || value === undefined ? "–" : value.toLocaleString(locale(), { maximumFractionDigits: digits });
}

export function percent(value: number | null | undefined): string {
  return value === null || value === undefined ? "–" : value.toLocaleString(locale(), { style: "percent", maximumFractionDigits: 1 });
}

/** How likely a case is fraud, or that nobody had scored its applicant. */
export function likelihood(value: number | null): string {
  return value === null ? say("unscored") : percent(value);
}

/** What a case is expected to cost; a dash where nobody scored it, because a 0 would read as no loss. */
export function expectedLoss(one: { probability: number | null; expected_loss: number }): string {
  return count(one.probability === null ? null : one.expected_loss);
}

/** A moment as the field shows it: 2026-01-05 10:00, on the zone's clocks. */
export function toField(moment: number): string {
  return new Date(moment + ahead(moment)).toISOString().slice(0, 16).replace("T", " ");
}

const WALL = /^(\d{4})-(\d{1,2})-(\d{1,2})(?:[ T]+(\d{1,2}):(\d{2})(?::(\d{2}))?)?$/;
const ABSOLUTE = /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)$/;

/** What somebody wrote, or an address holds, as a moment: on the zone's clocks where it has no offset. NaN for what is none. */
export function read(text: string): number {
  if (ABSOLUTE.test(text)) return Date.parse(text);
  const found = WALL.exec(text.trim());
  if (!found) return NaN;
  const [year, month, day, hour, minutes, seconds] = found.slice(1).map((part) => Number(part ?? 0)) as [number, number, number, number, number, number];
  const said = new Date(Date.UTC(year, month - 1, day));
  const latest = hour === 24 ? 0 : 59; // 24:00 is the midnight at the day's end
  if (said.getUTCMonth() !== month - 1 || said.getUTCDate() !== day || hour > 24 || minutes > latest || seconds > latest) return NaN; // 30 February, 25 o'clock
  const wall = Date.UTC(year, month - 1, day, hour, minutes, seconds);
  const near = wall - ahead(wall);
  return wall - ahead(near);
}

/** Milliseconds that the zone's clocks are ahead of UTC at a moment. */
function ahead(moment: number): number {
  const parts = new Intl.DateTimeFormat("en-US", {
    timeZone: zone, hourCycle: "h23", year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric", second: "numeric",
  }).formatToParts(moment);
  const of = (type: string): number => Number(parts.find((part) => part.type === type)?.value ?? 0);
  return Date.UTC(of("year"), of("month") - 1, of("day"), of("hour"), of("minute"), of("second")) - Math.floor(moment / 1000) * 1000;
}
