"""Node and edge features of the network, in compiled code; all of it happened strictly before the moment."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from gnn.graphs.schema import APPLICANT, APPLICATION, IDENTIFIER, LINK, NEVER, SHOP, WIDEST
from graph.facts.fraud_labels import NEVER as NOT_YET
from graph.facts.fraud_labels import compiled_fraud_status, is_fraud_loan
from graph.facts.hubs import REASONS
from graph.facts.loans import CLOSED_BITS, DISBURSED, LATE_BITS, REJECTED_BITS, status_bits
from graph.facts.local_time import night, weekend, year
from graph.facts.tables import KINDS, ROLES, STATUSES, Column
from graph.features.sums import PARTS, exact_add, exact_total
from graph.frame import neighbourhood
from graph.frame.neighbourhood import LENDER_BANK, LENDER_OWN, NOBODY, Neighbourhood
from graph.kernels.compiled import inner
from graph.model.types import Role


def _named(names: Sequence[str]) -> np.dtype[np.void]:
    """A row of WIDEST numbers whose first have names."""
    places = [4 * place for place in range(len(names))]
    return np.dtype(
        {"names": list(names), "formats": ["f4"] * len(names), "offsets": places, "itemsize": 4 * WIDEST}
    )


APPLICANT_ROW, IDENTIFIER_ROW, APPLICATION_ROW, SHOP_ROW = map(
    _named, (APPLICANT, IDENTIFIER, APPLICATION, SHOP)
)
LINK_ROW = np.dtype([(name, "f4") for name in LINK])

UNDATED = int(neighbourhood.UNDATED)
DAY = 86_400_000_000  # microseconds
_WEEK, _MONTH, _QUARTER = 7 * DAY, 30 * DAY, 90 * DAY
_CONTACT = ROLES.index(Role.CONTACT)
_OF_ROLE = np.array([LINK.index(role.value) for role in ROLES])
_OF_KIND = IDENTIFIER.index(f"is_{KINDS[0].value}")
_OF_STATUS = APPLICATION.index(f"was_{STATUSES[0].value}")
_LINKS = REASONS.index("")
_DISBURSED_BITS = 1 << DISBURSED


@inner
def size(value: float) -> float:
    """A count, an amount or a duration on the scale on which twice as much is one step; 0 for what is not
    known.
    """
    return math.log1p(value) if value > 0 else 0.0


@inner
def days(n: Neighbourhood, at: int) -> float:
    """Days from then until the moment; NEVER where nothing tells when."""
    return NEVER if at == UNDATED else max((n.subject[0].as_of - at) / DAY, 0.0)


@inner
def is_new(seen: Column, count: int, value: int) -> bool:
    """Whether a number is not among the first `count` of `seen`; it is put after them then."""
    for place in range(count):
        if seen[place] == value:
            return False
    seen[count] = value
    return True


@inner
def applicant(n: Neighbourhood, p: int, deals: int, row: Any) -> None:
    """A person: what they asked for and how it went, as far as it was known; `deals` with how many others of
    the subgraph they dealt.
    """
    person, t, applications = n.people[p], n.subject[0].as_of, n.people[p].applications
    row.is_seed, row.one_step_away, row.two_steps_away = person.step == 0, person.step == 1, person.step == 2
    row.applications, row.ties = size(applications), size(person.ties + deals)
    verdict = compiled_fraud_status(n.labels, person.label, person.labels)
    row.known_fraud, row.known_good = verdict.fraud, verdict.good
    row.since_fraud = size(days(n, verdict.since if verdict.fraud else UNDATED))
    if applications == 0:
        row.since_first = row.since_last = row.from_seed_start = size(NEVER)
        return
    first, last = (
        days(n, n.applications[person.application + applications - 1].at),
        days(n, n.applications[person.application].at),
    )
    row.since_first, row.since_last = size(first), size(last)
    mine = n.people[0]
    start = days(n, n.applications[mine.application + mine.applications - 1].at) if mine.applications else 0.0
    row.from_seed_start = size(abs(first - start))
    _amounts_applied_for(n, person, t, row)
    _fates(n, person, row)
    _checks(n, person, row)


@inner
def _amounts_applied_for(n: Neighbourhood, person: Any, t: int, row: Any) -> None:
    applications = person.applications
    seen, shops = np.empty(applications, np.int32), np.empty(applications, np.int32)
    lenders, places, banks, day, week, month, quarter, lenders_7d = 0, 0, 0, 0, 0, 0, 0, 0
    for place in range(person.application, person.application + applications):
        one = n.applications[place]
        age = t - one.at
        day += age < DAY
        week += age < _WEEK
        month += age < _MONTH
        quarter += age < _QUARTER
        lenders += is_new(seen, lenders, one.platform)
        if age < _WEEK:
            lenders_7d = lenders  # the newest come first
        banks += one.lender & LENDER_BANK != 0
        if one.merchant != NOBODY:
            places += is_new(shops, places, one.merchant)
    row.applications_1d, row.applications_7d, row.applications_30d, row.applications_90d = (
        size(day),
        size(week),
        size(month),
        size(quarter),
    )
    row.lenders_7d, row.lenders, row.bank_share, row.shops = (
        size(lenders_7d),
        size(lenders),
        banks / applications,
        size(places),
    )


@inner
def _fates(n: Neighbourhood, person: Any, row: Any) -> None:
    rejected, disbursed, closed, trouble = 0, 0, 0, 0
    for place in range(person.application, person.application + person.applications):
        fate = status_bits(n.outcomes, n.applications[place].outcome, n.applications[place].outcomes)
        rejected += fate & REJECTED_BITS != 0
        disbursed += fate & _DISBURSED_BITS != 0
        closed += fate & CLOSED_BITS != 0
        trouble += fate & LATE_BITS != 0
    row.rejected, row.disbursed, row.closed, row.trouble = (
        size(rejected),
        size(disbursed),
        size(closed),
        size(trouble),
    )


@inner
def _checks(n: Neighbourhood, person: Any, row: Any) -> None:
    """Mean amount, checks and profile over somebody's applications; 0 where nothing is known, with a mark for
    the missing checks.
    """
    parts, used, amounts, failed = np.empty(PARTS), 0, 0, 0
    face, live = np.inf, np.inf
    for place in range(person.application, person.application + person.applications):
        one = n.applications[place]
        if not np.isnan(one.amount):
            used = exact_add(parts, used, one.amount)
            amounts += 1
        if one.face_match < face:
            face = one.face_match
        if one.liveness < live:
            live = one.liveness
        failed += one.three_element == 0
    row.mean_amount = size(exact_total(parts, used) / amounts) if amounts else 0.0
    row.face_match, row.verification_missing = (0.0, 1.0) if face == np.inf else (face, 0.0)
    row.liveness = 0.0 if live == np.inf else live
    row.three_element_failed = failed / person.applications
    latest = n.applications[person.application]
    row.new_citizen = latest.new_citizen == 1
    if latest.birth_year > 0:
        row.age = (year(latest.at) - latest.birth_year) / 50


@inner
def identifier(n: Neighbourhood, place: int, frauds: Column, numbers: Column, row: Any) -> None:
    """An identifier and who is seen with it; `frauds` (people,) who is known for fraud, `numbers` the same
    row by position.
    """
    one, t = n.identifiers[place], n.subject[0].as_of
    numbers[_OF_KIND + one.kind] = 1.0
    row.holders, row.is_hub, row.is_linking, row.shown = (
        size(one.holders),
        one.hub != _LINKS,
        one.linking,
        size(one.ties),
    )
    contacts, fresh_7d, fresh_30d, fresh_90d, fraud, dated = 0, 0, 0, 0, 0, 0
    oldest, newest, last = UNDATED, UNDATED, UNDATED
    for i in range(one.tie, one.tie + one.ties):
        tie = n.ties[i]
        contacts += tie.role == _CONTACT
        fraud += frauds[tie.person]
        last = max(last, tie.last)  # UNDATED is before all
        if tie.since == UNDATED:
            continue
        age = t - tie.since
        fresh_7d += age < _WEEK
        fresh_30d += age < _MONTH
        fresh_90d += age < _QUARTER
        oldest = min(oldest, tie.since) if dated else tie.since
        newest = max(newest, tie.since)
        dated += 1
    row.as_contact, row.fresh_7d, row.fresh_30d, row.fresh_90d = (
        size(contacts),
        size(fresh_7d),
        size(fresh_30d),
        size(fresh_90d),
    )
    row.known_fraud_holders, row.known_fraud_share = size(fraud), fraud / one.ties
    row.since_first, row.since_last, row.span = (
        size(days(n, oldest)),
        size(days(n, last)),
        size(days(n, oldest) - days(n, newest)),
    )
    row.named_now, row.is_emulator, row.is_rooted = dated < one.ties, one.emulator == 1, one.rooted == 1


@inner
def application(n: Neighbourhood, place: int, person: int, numbers: Column, row: Any) -> None:
    """An application of that person; the one in question has no fate yet. `numbers`: the same row by
    position.
    """
    one, who = n.applications[place], n.people[person]
    row.in_question, row.days_ago = n.subject[0].asked and place == 0, size(days(n, one.at))
    row.amount, row.term = size(one.amount), size(one.term_months)
    row.at_bank, row.at_own = one.lender & LENDER_BANK != 0, one.lender & LENDER_OWN != 0
    row.face_match, row.face_missing = (0.0, 1.0) if np.isnan(one.face_match) else (one.face_match, 0.0)
    row.liveness = 0.0 if np.isnan(one.liveness) else one.liveness
    row.three_element_yes, row.three_element_no = one.three_element == 1, one.three_element == 0
    fate = status_bits(n.outcomes, one.outcome, one.outcomes)
    for status in range(len(STATUSES)):
        numbers[_OF_STATUS + status] = fate >> status & 1
    row.labelled_fraud = is_fraud_loan(n.labels, who.label, who.labels, one.id)
    row.has_merchant, row.has_agent = one.merchant != NOBODY, one.agent != NOBODY
    row.at_night, row.weekend, row.mentions = (
        night(one.at, n.zone),
        weekend(one.at, n.zone),
        size(one.mentions),
    )


@inner
def shop(n: Neighbourhood, first: int, count: int, is_merchant: bool, row: Any) -> None:
    """The merchant or the agent at which the question arose, from the `count` latest applications there, from
    row `first` on.
    """
    row.is_merchant, row.is_agent, row.people_share = is_merchant, not is_merchant, 1.0
    row.opened = size(days(n, n.subject[0].merchant_opened_at if is_merchant else UNDATED))
    if count == 0:
        return
    t, clients, lenders = n.subject[0].as_of, np.empty(count, np.int32), np.empty(count, np.int32)
    people, platforms, nights, day, week, month = 0, 0, 0, 0, 0, 0
    for place in range(first, first + count):
        one = n.applications[place]
        age = t - one.at
        day += age < DAY
        week += age < _WEEK
        month += age < _MONTH
        people += is_new(clients, people, one.applicant)
        platforms += is_new(lenders, platforms, one.platform)
        nights += night(one.at, n.zone)
    row.applications, row.applications_1d, row.applications_7d, row.applications_30d = (
        size(count),
        size(day),
        size(week),
        size(month),
    )
    row.people_share, row.lenders, row.night_share = people / count, size(platforms), nights / count
    row.span = size(days(n, n.applications[first + count - 1].at) - days(n, n.applications[first].at))
    row.mean_amount, row.amount_spread = _amounts(n, first, count)


@inner
def _amounts(n: Neighbourhood, first: int, count: int) -> tuple[float, float]:
    """Mean and deviation of the sizes of the amounts that are known; 0 where none is."""
    parts, used, sizes, known = np.empty(PARTS), 0, np.empty(count), 0
    for place in range(first, first + count):
        if not np.isnan(n.applications[place].amount):
            sizes[known] = size(n.applications[place].amount)
            used = exact_add(parts, used, sizes[known])
            known += 1
    if known == 0:
        return 0.0, 0.0
    mean, used = exact_total(parts, used) / known, 0
    for place in range(known):
        used = exact_add(parts, used, (sizes[place] - mean) * (sizes[place] - mean))
    return mean, math.sqrt(exact_total(parts, used) / known)


@inner
def tie(n: Neighbourhood, since: int, last: int, row: Any) -> None:
    """A tie or a dealing: how old and how lately used; `now` when only the application in question says
    it.
    """
    row.since = size(days(n, since)) if since != UNDATED else 0.0
    row.last = size(days(n, last)) if last != UNDATED else 0.0
    row.now = since == UNDATED
    row.gap = size(max((last - since) / DAY, 0.0)) if since != UNDATED and last != UNDATED else 0.0


@inner
def role(of: int, numbers: Column) -> None:
    """Write in which role (position in `graph.facts.tables.ROLES`) a person is tied."""
    numbers[_OF_ROLE[of]] = 1.0


@inner
def plain(n: Neighbourhood, since: int, now: bool, row: Any) -> None:
    """A link that has no role: who made an application, where it was made."""
    age = size(days(n, since)) if since != UNDATED else 0.0
    row.since, row.last, row.now = age, age, now


@inner
def known_for_fraud(n: Neighbourhood) -> Column:
    """Who of the people of the subgraph is (people,)."""
    out = np.zeros(n.subject[0].people, np.bool_)
    for p in range(len(out)):
        out[p] = compiled_fraud_status(n.labels, n.people[p].label, n.people[p].labels).since != NOT_YET
    return out
