// The panel beside the drawing: what is known of the selected thing, and the reasons of a person's last assessment.
import type { ApplicationDossier, Assessment, Dossier, IdentifierDossier, Listed, Overview, PersonDossier, Reason, RingDossier, RingSummary, ShopDossier } from "./api";
import { identifierPanel, shopPanel } from "./circles";
import { el } from "./dom";
import { count, date, decimal, minute, percent } from "./formats";
import { chip, deeds, facts, grid, head, link, opening, section, status, table, tile, type Ways, yes } from "./parts";
import { places } from "./places";
import { scorePart } from "./scores";
import { name, say, spoken, why, type Word } from "./words";

const PATHS = 2; // of one reason
type ReasonWays = Pick<Ways, "light" | "lightReason">;

export function panel(dossier: Dossier, node: string, ways: Ways): HTMLElement {
  if (dossier.type === "applicant") return personPanel(dossier as PersonDossier, node, ways);
  if (dossier.type === "application") return applicationPanel(dossier as ApplicationDossier, node, ways);
  if (dossier.type === "ring") return ringPanel(dossier as RingDossier, ways);
  if (dossier.type === "merchant" || dossier.type === "agent") return shopPanel(dossier as ShopDossier, node, ways);
  return identifierPanel(dossier as IdentifierDossier, node, ways);
}

function personPanel(person: PersonDossier, node: string, ways: Ways): HTMLElement {
  const place = person.place;
  return el(
    "article",
    {},
    head("applicant", person.id, [person.bad && chip(say("known_fraud"), "bad")], [...deeds(node, ways), opening(node, ways)], person.bad ? "bad" : ""),
    place &&
      section(
        "in_ring",
        el(
          "p",
          { class: "place" },
          link(`ring:${place.ring_id}`, place.ring_id, ways),
          chip(name(place.kind, "kind_"), place.flagged ? "flagged" : "grouped"),
          ` ${name(place.role)} · ${say("people", { n: count(place.size) })} · ${name(place.state)} · ${say("joined_on", { date: date(place.joined_at) })}`,
        ),
      ),
    el("section", { id: "alerts" }),
    scorePart(person.score, person.in_shadow),
    el("section", { id: "assessment" }, el("h3", {}, say("assessment")), el("p", { class: "quiet" }, say("loading"))),
    section("tied_title", ways.tied(node)),
    section("applications", applications(person.applications, ways)),
    person.events.length > 0 && section("events", events(person, ways)),
    person.labels.length > 0 && section("conclusions", conclusions(person)),
  );
}

function conclusions(person: PersonDossier): HTMLElement {
  const lines = person.labels.map((label) =>
    el("li", {}, chip(name(label.label), label.label === "fraud" ? "bad" : "good"), ` ${date(label.known_at)} ${label.source ? name(label.source, "source_") : ""} ${label.detail ?? ""}`),
  );
  return el("ul", { class: "plain" }, ...lines);
}

function events(person: PersonDossier, ways: Ways): HTMLElement {
  const lines = person.events.map((event) => [
    date(event.at),
    `${event.received ? "← " : event.other ? "→ " : ""}${name(event.kind, "role_")}`,
    event.other ? link(`applicant:${event.other}`, event.other, ways) : "",
    event.amount === null ? "" : count(event.amount),
  ]);
  return table(["date", "event", "with_whom", "amount"], lines, "events");
}

function applications(listed: Listed[], ways: Ways): HTMLElement {
  if (!listed.length) return el("p", { class: "quiet" }, say("none"));
  const lines = listed.map((line) => [
    link(`application:${line.application_id}`, date(line.applied_at), ways),
    line.own ? `${name(line.lender)} (${say("own_lender")})` : name(line.lender),
    count(line.amount),
    status(line.status),
  ]);
  return table(["date", "lender", "amount", "outcome"], lines, "applications");
}

/** The reasons of an assessment, as recorded: strongest first, each with its share of the risk. */
export function assessment(found: Assessment | null, ways: ReasonWays, again: (() => void) | null = null): HTMLElement[] {
  const title = el("h3", {}, say("assessment"), again && el("button", { type: "button", id: "assess-now", class: "quiet", click: again }, say("assess_now")));
  if (!found) return [title, el("p", { class: "quiet" }, say("no_assessment"))];
  const figures = el(
    "p",
    { class: "verdict" },
    chip(name(found.decision), `decision ${found.decision}`),
    el("b", {}, count(found.score)),
    ` ${say("score")} · `,
    el("b", {}, percent(found.probability)),
    ` ${say("probability")} · ${say("uncertainty")} ${name(found.uncertainty)}`,
  );
  const most = Math.max(...found.reasons.map((reason) => Math.abs(reason.contribution)), 1e-9);
  const degraded = found.degraded && found.degraded.level !== "full";
  return [
    title,
    figures,
    el("p", { class: "quiet" }, minute(found.as_of)),
    dimensions(found),
    ...(degraded ? [el("p", { class: "note" }, `${say("degraded")}: ${name(found.degraded.level)}`)] : []),
    found.reasons.length ? el("ol", { class: "reasons" }, ...found.reasons.map((reason) => reasonLine(reason, most, ways))) : el("p", { class: "quiet" }, say("no_reasons")),
  ];
}

function reasonLine(reason: Reason, most: number, ways: ReasonWays): HTMLElement {
  const [text, figures] = spoken() === "zh" ? [reason.text_zh, reason.figures_zh] : [reason.text_en, reason.figures_en];
  const paths = (reason.evidence ?? []).filter((found) => found.path.length > 1).slice(0, PATHS);
  return el(
    "li",
    { title: reason.code },
    el("button", { type: "button", class: "reason", click: () => (paths.length ? ways.light(paths[0]?.path ?? [], reason.code) : ways.lightReason(reason.code)) }, text),
    el("meter", { min: 0, max: most, value: Math.abs(reason.contribution), title: say("share_of_risk", { share: percent(reason.contribution) }), "aria-label": say("share_of_risk", { share: percent(reason.contribution) }) }),
    figures !== "" && el("small", {}, figures),
    ...paths.map((found) => pathLine(found, ways.light)),
  );
}

/** How two people are tied, in masked keys: application, device ***7f2a, applicant ***2c, since when. */
function pathLine(found: { path: string[]; shared_since: string | null }, light: (path: string[]) => void): HTMLElement {
  const steps = found.path.map((step) => {
    const [kind = "", ...rest] = step.split(":");
    return el("span", { class: "step", title: name(kind) }, tile(kind), rest.join(":"));
  });
  return el("button", { type: "button", class: "path", title: say("light_path"), click: () => light(found.path) }, ...steps, found.shared_since && el("small", {}, `${say("since")} ${date(found.shared_since)}`));
}

function dimensions(found: Assessment): HTMLElement {
  const lines = Object.entries(found.dimensions ?? {}).filter(([, share]) => share >= 0.01).sort((a, b) => b[1] - a[1]);
  if (!lines.length) return el("p", { class: "chips" });
  return el("p", { class: "chips" }, el("small", { class: "quiet" }, say("by_dimension")), ...lines.map(([dimension, share]) => chip(`${name(dimension, "dimension_")} ${percent(share)}`)));
}

function applicationPanel(found: ApplicationDossier, node: string, ways: Ways): HTMLElement {
  const lines: [Word, string | null][] = [
    ["date", minute(found.listed.applied_at)],
    ["lender", name(found.listed.lender) + (found.listed.own ? ` (${say("own_lender")})` : "")],
    ["product", name(found.listed.product, "product_")],
    ["amount", count(found.listed.amount)],
    ["term", count(found.term_months)],
    ["channel", name(found.channel, "channel_")],
    ["city", found.city],
    ["face_match", decimal(found.face_match)],
    ["liveness", decimal(found.liveness)],
    ["three_element", yes(found.phone_three_element)],
  ];
  const outcomes = found.outcomes.map((step) => el("li", {}, status(step.status), ` ${date(step.at)}`));
  return el(
    "article",
    {},
    head("application", found.id, [], deeds(node, ways)),
    el("p", { class: "place" }, `${say("of_applicant")} `, link(`applicant:${found.applicant_id}`, found.applicant_id, ways)),
    facts(lines),
    section("outcome", outcomes.length ? el("ul", { class: "plain" }, ...outcomes) : el("p", { class: "quiet" }, say("none"))),
    el("section", { id: "assessment" }, el("h3", {}, say("assessment")), el("p", { class: "quiet" }, say("loading"))),
  );
}

function ringPanel(found: RingDossier, ways: Ways): HTMLElement {
  const ring = found.ring;
  const lines = found.members.map((member) => [
    el("span", { class: member.bad ? "dot bad" : "dot" }, ""),
    link(`applicant:${member.applicant_id}`, member.applicant_id, ways),
    name(member.role),
    date(member.joined_at),
    decimal(member.strength),
  ]);
  const change = found.change ? `${name(found.change)} · ${say("joined_left", { joined: found.joined, left: found.left })}` : say("no_change_known");
  const shares = Object.entries(ring.shared_by_kind).sort((a, b) => b[1] - a[1]);
  return el(
    "article",
    {},
    head("ring", found.id, [chip(name(ring.kind, "kind_"), ring.flagged ? "flagged" : "grouped"), chip(name(ring.state))], [opening(`ring:${found.id}`, ways)]),
    figures(ring),
    (found.flag === "no_longer_flagged" || found.flag_why.en !== "") &&
      el("p", { class: "note why-flag" }, found.flag ? `${name(found.flag)}${say("colon")}` : "", found.flag_why[spoken()]),
    facts([["since_last_week", change], ["first_seen", date(ring.first_seen)], ["burst", decimal(ring.burst_days, 1)], ["snapshot", found.snapshot]]),
    el("section", { id: "alerts" }),
    ...places(ways.past(), found.id),
    shares.length > 0 && section("shares", el("p", { class: "chips" }, ...shares.map(([kind, times]) => chip(`${name(kind)} × ${count(times)}`)))),
    ring.reason_codes.length > 0 && section("why_flagged", el("p", { class: "chips" }, ...ring.reason_codes.map((code) => el("button", { type: "button", class: "chip", title: code, click: () => ways.lightCode(code) }, why(code))))),
    section(
      "members",
      found.members.length < found.size && el("p", { class: "quiet" }, say("members_listed", { shown: found.members.length, total: found.size })),
      memberTable(lines),
    ),
  );
}

function memberTable(lines: (Node | string)[][]): HTMLElement {
  const made = table(["bad_confirmed", "applicant", "role", "joined", "strength"], lines, "members");
  made.classList.add("members");
  made.querySelector("th")?.replaceChildren();
  return made;
}

function figures(ring: RingSummary): HTMLElement {
  const cells: [string, Word][] = [
    [percent(ring.score), "bad_share"],
    [count(ring.size), "size"],
    [count(ring.confirmed_bad), "bad_confirmed"],
    [count(ring.suspected), "suspected"],
    [count(ring.exposure), "exposure"],
    [count(ring.platforms), "lenders"],
  ];
  return grid(cells);
}

function goneLine(one: Overview["gone"][number], ways: Ways): HTMLElement {
  const id = one.here ? link(`ring:${one.ring_id}`, one.ring_id, ways) : el("b", { class: "id" }, one.ring_id);
  return el("li", {}, id, one.kind !== null && chip(name(one.kind, "kind_"), "grouped"), el("small", { class: "why" }, one.why[spoken()]));
}

/** What the panel shows before anything is searched. */
export function overviewPanel(found: Overview, ways: Ways): HTMLElement {
  if (!found.snapshot) return el("article", {}, section("worst_rings", el("p", { class: "note" }, say("no_snapshot"))));
  const totals: [string, Word][] = [[count(found.groups), "groups"], [count(found.flagged), "flagged"], [count(found.members_flagged), "people_flagged"]];
  const items = found.worst.map((ring) =>
    el(
      "li",
      {},
      link(`ring:${ring.ring_id}`, ring.ring_id, ways),
      chip(name(ring.kind, "kind_"), "flagged"),
      el("meter", { min: 0, max: 1, value: ring.score, title: percent(ring.score) }),
      el("small", {}, say("ring_line", { score: percent(ring.score), people: say("people", { n: count(ring.size) }), bad: count(ring.confirmed_bad), exposure: count(ring.exposure) })),
    ),
  );
  return el(
    "article",
    {},
    el("p", { class: "quiet" }, `${say("snapshot")} ${found.snapshot} · ${date(found.snapshot_as_of)}`),
    grid(totals),
    section("worst_rings", items.length ? el("ol", { class: "rings" }, ...items) : el("p", { class: "note" }, say("no_flagged"))),
    found.gone.length > 0 && section("flags_gone", el("ul", { class: "rings" }, ...found.gone.map((one) => goneLine(one, ways)))),
  );
}
