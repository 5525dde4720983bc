// The panels of identifiers, shops and agents: who stands around them, what became of the loans, and why nobody is followed through a hub.
import type { Circle, IdentifierDossier, ShopDossier } from "./api";
import { el } from "./dom";
import { count, date } from "./formats";
import { monthsChart } from "./months";
import { chip, deeds, facts, grid, head, hubText, link, section, status, table, type Ways, yes } from "./parts";
import { name, say, type Word } from "./words";

export function shopPanel(found: ShopDossier, node: string, ways: Ways): HTMLElement {
  return el(
    "article",
    {},
    head(found.type, found.id, [], deeds(node, ways)),
    facts([["category", name(found.category, "category_")], ["city", found.city], ["opened", date(found.opened_at)]]),
    ...circle(found.circle, "came_here", ways),
  );
}

export function identifierPanel(found: IdentifierDossier, node: string, ways: Ways): HTMLElement {
  const total = count(found.holders) + (found.capped ? "+" : "");
  const lines = found.latest.map((tie) => [link(`applicant:${tie.applicant_id}`, tie.applicant_id, ways), name(tie.role, "role_"), date(tie.since), date(tie.last)]);
  return el(
    "article",
    {},
    head(found.type, found.masked, [!!found.hub && chip(hubText(found.type, found.hub, total), "hub")], deeds(node, ways)),
    facts([["holders", total], ["system", found.os], ["model", found.model], ["emulator", yes(found.is_emulator)], [/^ios/i.test(found.os ?? "") ? "jailbroken" : "rooted", yes(found.is_rooted)]]),
    found.hub !== null && section("why_not_followed", el("p", { class: "note" }, whyNot(found))),
    ...circle(found.circle, "hold_it", ways),
    section("latest_holders", table(["applicant", "role", "since", "until"], lines, "latest_holders")),
  );
}

function whyNot(found: IdentifierDossier): string {
  if (found.hub === "not_linking") return say("not_linking_text");
  return say("many_holders_text", { guard: count(found.guard), place: name(found.type, "hub_") });
}

/** People, loans, what became of them, rings; of nobody, one sentence. */
function circle(found: Circle, title: Word, ways: Ways): (HTMLElement | false)[] {
  if (!found.people) return [section(title, el("p", { class: "quiet" }, say("none")))];
  const cells: [string, Word][] = [
    [count(found.people) + (found.more ? "+" : ""), "size"],
    [count(found.applications), "applications"],
    [count(found.loans), "loans"],
    [count(found.amount), "paid_out"],
    [count(found.defaulted), "defaulted"],
    [count(found.frauds), "known_frauds"],
  ];
  const outcomes = Object.entries(found.outcomes).map(([code, times]) => chip(`${name(code)} × ${count(times)}`, `status ${code}`));
  const rings = found.rings.map((ring) =>
    el(
      "li",
      {},
      link(`ring:${ring.ring_id}`, ring.ring_id, ways),
      chip(name(ring.kind, "kind_"), ring.flagged ? "flagged" : "grouped"),
      ` ${say("people", { n: count(ring.people) })}`,
    ),
  );
  const latest = found.latest.map((one) => [
    el("span", { class: one.bad ? "dot bad" : "dot", title: one.bad ? say("known_fraud") : "" }, ""),
    link(`applicant:${one.applicant_id}`, one.applicant_id, ways),
    date(one.at),
    count(one.amount),
    status(one.status),
  ]);
  const people = table(["known_frauds", "applicant", "date", "amount", "outcome"], latest, "latest_people");
  people.querySelector("th")?.replaceChildren();
  return [
    section(title, grid(cells), found.more && el("p", { class: "quiet" }, say("looked_at", { n: count(found.people) }))),
    found.months.length > 1 && section("months_title", monthsChart(found.months)),
    outcomes.length > 0 && section("outcomes", el("p", { class: "chips" }, ...outcomes)),
    rings.length > 0 && section("in_rings", el("ul", { class: "plain near" }, ...rings)),
    section("latest_people", people),
  ];
}
