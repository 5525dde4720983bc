// What goes from the desk into other programs: the picture as PNG, the people of a case as CSV.
import { file, type Past } from "./api";
import { el } from "./dom";
import { keepBlob, save } from "./files";
import { say, spoken } from "./words";

const COLUMNS = ["applicant_id", "role", "joined_at", "known_fraud", "applications", "loans", "amount", "defaulted", "labels"];

/** The people of a ring or a case, one a line, in RFC 4180; a cell that a table program would compute starts with an apostrophe, by the rule of service/table_files.py. */
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
  const safe = /^[=+\-@\t\r\n\x00＝＋－＠']/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

export function saveCsv(past: Past): void {
  keepBlob(new Blob([`\ufeff${csvOf(past)}`], { type: "text/csv" }), `${past.node.replace(/[^\w.-]/g, "_")}.csv`);
}

/** What can be saved of a case: its people as a table, and the case as one page, whose digest its history keeps. */
export function caseExports(id: string, past: Past | null, run: (work: () => Promise<void>) => void, said: (text: string) => void): HTMLElement[] {
  const page = async (): Promise<void> => {
    await save(await file("case-file", { case_id: id, language: spoken() }), `${id}.pdf`);
    said(say("pdf_made"));
  };
  const csv = past && el("button", { type: "button", id: "save-csv", class: "quiet", click: () => saveCsv(past) }, say("save_csv"));
  const pdf = el("button", { type: "button", id: "save-pdf", class: "quiet", click: () => run(page) }, say("save_pdf"));
  return csv ? [csv, pdf] : [pdf];
}
