// Loans month by month, and the share of them that went bad: a small chart whose figures stand in it as text.
import type { Circle } from "./api";
import { el, svg, titled } from "./dom";
import { count, percent } from "./formats";
import { say } from "./words";

const [WIDE, TALL] = [26, 54]; // of a column, in units of the drawing

export function monthsChart(months: Circle["months"]): HTMLElement {
  const most = Math.max(...months.map((one) => one.applications), 1);
  const picture = svg("svg", { viewBox: `0 0 ${months.length * WIDE} ${TALL + 26}`, role: "img", "aria-label": say("months_title"), class: "months" });
  months.forEach((one, index) => {
    const bar = (value: number, look: string): Element => svg("rect", { x: index * WIDE + 4, width: WIDE - 8, y: TALL - (TALL * value) / most, height: (TALL * value) / most, class: look });
    const column = svg("g", {});
    const share = one.loans ? percent(one.bad / one.loans) : "–";
    column.append(titled(say("month_line", { month: one.month, applications: count(one.applications), loans: count(one.loans), bad: count(one.bad), share })));
    column.append(bar(one.applications, "asked"), bar(one.loans, "lent"), bar(one.bad, "lost"));
    const label = svg("text", { x: index * WIDE + WIDE / 2, y: TALL + 11, "text-anchor": "middle" });
    label.textContent = one.month.slice(5);
    const figure = svg("text", { x: index * WIDE + WIDE / 2, y: TALL + 22, "text-anchor": "middle", class: one.bad ? "lost" : "" });
    figure.textContent = one.loans ? `${Math.round((100 * one.bad) / one.loans)}%` : "";
    column.append(label, figure);
    picture.append(column);
  });
  return el("figure", {}, picture, el("figcaption", { class: "quiet" }, say("months_note")));
}
