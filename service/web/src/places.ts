// Where the members of a ring applied: by type of lender and by city, with what became of it.
import type { Member, Past } from "./api";
import { el } from "./dom";
import { count } from "./formats";
import { section, table } from "./parts";
import { name, say, type Word } from "./words";

const LISTED = 12; // of each breakdown, those with most applications
const BAD = new Set(["dpd90", "written_off"]);
const PAID = new Set(["disbursed", "dpd30", "closed", ...BAD]);
type Applied = Member["applications"][number];

/** The breakdowns of the listed members' applications; none before they are known. */
export function places(past: Past | null, ringId: string): (HTMLElement | false)[] {
  if (past?.node !== `ring:${ringId}`) return [];
  const made = past.members.flatMap((member) => member.applications);
  return [
    breakdown("by_lender", "lender", made, (one) => name(one.lender)),
    made.some((one) => one.city) && breakdown("by_city", "city", made, (one) => one.city ?? say("no_city")),
  ];
}

function breakdown(title: Word, first: Word, made: Applied[], of: (one: Applied) => string): HTMLElement | false {
  const sums = new Map<string, { made: number; paid: number; bad: number }>();
  for (const one of made) {
    const before = sums.get(of(one)) ?? { made: 0, paid: 0, bad: 0 };
    const status = one.status ?? "";
    sums.set(of(one), { made: before.made + 1, paid: before.paid + Number(PAID.has(status)), bad: before.bad + Number(BAD.has(status)) });
  }
  if (!sums.size) return false;
  const lines = [...sums].sort((a, b) => b[1].made - a[1].made).map(([where, one]) => [where, count(one.made), count(one.paid), count(one.bad)]);
  const left = lines.length > LISTED && el("p", { class: "quiet" }, say("more_places", { n: count(lines.length - LISTED) }));
  return section(title, table([first, "applications", "loans_short", "defaults_short"], lines.slice(0, LISTED), title), left);
}
