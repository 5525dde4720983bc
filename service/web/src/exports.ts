// What goes from the desk into other programs: the picture as PNG, the people of a case as CSV.
import type { Past } from "./api";
import { keepBlob } from "./files";

const COLUMNS = ["applicant_id", "role", "joined_at", "known_fraud", "applications", "loans", "amount", "defaulted", "labels"];

/** The people of a ring or a case, one a line, in RFC 4180; a cell that a table program would compute starts with an apostrophe. */
export function csvOf(past: Past): string {
  const lines = past.members.map((one) => [
    one.applicant_id,
    one.role ?? "",
    one.joined_at ?? "",
    String(one.bad),
    String(one.applications.length),
    String(one.loans),
    String(one.amount),
    String(one.defaulted),
    one.labels.map((label) => `${label.label} ${label.at}`).join("; "),
  ]);
  return `${[COLUMNS, ...lines].map((line) => line.map(cell).join(",")).join("\r\n")}\r\n`;
}

function cell(text: string): string {
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

export function saveCsv(past: Past): void {
  keepBlob(new Blob([`\ufeff${csvOf(past)}`], { type: "text/csv" }), `${past.node.replace(/[^\w.-]/g, "_")}.csv`);
}
