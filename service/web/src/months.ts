// Loans month by month, and the share of them that went bad: a small chart whose figures stand in it as text.
import type { Circle } from "./api";
import { el, svg, titled } from "./dom";
import { count, percent } from "./formats";
import { say } from "./words";

const [WIDE, TALL] = [30, 54]; // of a column, in units of the drawing
const LABEL = 46; // what the name of a month takes, in units of either chart

/** What stands below the columns of months that are so wide: the months by their whole name, as many as there is room for, the latest always. */
export function monthLabels(months: string[], wide: number): string[] {
  const each = Math.ceil(LABEL / wide);
  return months.map((month, place) => ((months.length - 1 - place) % each === 0 ? month : ""));
}

export function monthsChart(months: Circle["months"]): HTMLElement {
  const most = Math.max(...months.map((one) => one.applications), 1);
  const picture = svg("svg", { viewBox: `${-LABEL / 4} 0 ${months.length * WIDE + LABEL / 2} ${TALL + 26}`, role: "img", "aria-label": say("months_title"), class: "months" });
  const labels = monthLabels(months.map((one) => one.month), WIDE);
  months.forEach((one, index) => {
    const bar = (value: number, look: string): Element => svg("rect", { x: index * WIDE + 4, width: WIDE - 8, y: TALL - (TALL * value) / most, height: (TALL * value) / most, class: look });
    const column = svg("g", {});
    const share = one.loans ? percent(one.bad / one.loans) : "–";
    column.append(titled(say("month_line", { month: one.month, applications: count(one.applications), loans: count(one.loans), bad: count(one.bad), share })));
    column.append(bar(one.applications, "asked"), bar(one.loans, "lent"), bar(one.bad, "lost"));
    const label = svg("text", { x: index * WIDE + WIDE / 2, y: TALL + 11, "text-anchor": "middle" });
    label.textContent = labels[index] ?? "";
    const figure = svg("text", { x: index * WIDE + WIDE / 2, y: TALL + 22, "text-anchor": "middle", class: one.bad ? "lost" : "" });
    figure.textContent = one.loans ? `${Math.round((100 * one.bad) / one.loans)}%` : "";
    column.append(label, figure);
    picture.append(column);
  });
  return el("figure", {}, picture, el("figcaption", { class: "quiet" }, say("months_note")));
}
