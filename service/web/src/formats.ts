// Moments and figures as people read them, in the browser's time zone.
import { spoken } from "./words";

function locale(): string {
  return spoken() === "zh" ? "zh-CN" : "en-GB";
}

export function date(moment: string | null | undefined): string {
  return moment ? new Date(moment).toLocaleDateString(locale(), { year: "numeric", month: "short", day: "numeric" }) : "–";
}

export function minute(moment: string | null | undefined): string {
  if (!moment) return "–";
  return new Date(moment).toLocaleString(locale(), { year: "numeric", month: "short", day: "numeric", hour: "2-digit", minute: "2-digit" });
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

/** The value of a datetime-local field for a moment, and back. */
export function toField(moment: string): string {
  const local = new Date(moment);
  local.setMinutes(local.getMinutes() - local.getTimezoneOffset());
  return local.toISOString().slice(0, 16);
}

export function fromField(text: string): string {
  const read = new Date(text);
  return Number.isNaN(read.getTime()) ? "" : read.toISOString();
}
