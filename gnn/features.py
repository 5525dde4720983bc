"""The rows of nodes and links from what a view read: slow and obvious, they are what the compiled ones are held to."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from gnn.schema import NEVER, WINDOWS
from graph.evidence import Evidence
from graph.facts.loans import LATE
from graph.facts.local_time import at_night, on_weekend
from graph.facts.verdicts import standings
from graph.model import Application, Outcome, OutcomeStatus, Role
from graph.tables import KINDS, STATUSES

_DAY = timedelta(days=1)

Row = list[float]


def size(value: float) -> float:
    """A count, an amount or a duration on the scale on which twice as much is one step."""
    return math.log1p(value) if value > 0 else 0.0


def days(later: datetime, earlier: datetime | None) -> float:
    """Days between; NEVER when there is no earlier moment."""
    return NEVER if earlier is None else max((later - earlier) / _DAY, 0.0)


class Reader:
    """Reads the rows of one assessment; whatever it looks at is in the evidence, so nothing later than the moment can come in."""

    def __init__(self, evidence: Evidence) -> None:
        self.evidence = evidence
        self.now = evidence.as_of
        self.banks = {p.platform_id for p in evidence.platforms.values() if p.type.is_bank}
        self.own = {p.platform_id for p in evidence.platforms.values() if p.is_own}
        self.fraud_since, self.good, self.fraud_loans = _verdicts(evidence)
        self.frauds = {f"applicant:{who}" for who in self.fraud_since}
        self.start = days(self.now, min((a.applied_at for a in evidence.own), default=self.now))
        self.cuts = [self.now - timedelta(days=width) for width in WINDOWS]

    def applicant(self, applicant_id: str, step: int, ties: int) -> Row:
        """The row of a person: what they asked for and how it went, as far as it was known."""
        made = self.evidence.applications.get(applicant_id, ())
        fraud = self.fraud_since.get(applicant_id)
        first = days(self.now, made[-1].applied_at) if made else NEVER
        lenders = [a.platform_id for a in made]
        within = _within([a.applied_at for a in made], self.cuts)
        return [
            float(step == 0),
            float(step == 1),
            float(step == 2),
            size(len(made)),
            *map(size, within),
            size(len(set(lenders[: within[1]]))),
            size(len(set(lenders))),
            sum(map(self.banks.__contains__, lenders)) / len(made) if made else 0.0,
            *self._fates(made),
            float(fraud is not None),
            float(applicant_id in self.good),
            size(days(self.now, fraud)),
            size(first),
            size(days(self.now, made[0].applied_at) if made else NEVER),
            *_verification(made),
            size(len({a.merchant_id for a in made if a.merchant_id})),
            size(ties),
            size(abs(first - self.start)) if made else size(NEVER),
        ]

    def _fates(self, made: Sequence[Application]) -> Row:
        """Refused, paid out, paid back and gone bad: how many of these applications."""
        outcomes = self.evidence.outcomes
        fates = [{o.status for o in told} for a in made if (told := outcomes.get(a.application_id))]
        return [
            size(sum(OutcomeStatus.REJECTED in fate for fate in fates)),
            size(sum(OutcomeStatus.DISBURSED in fate for fate in fates)),
            size(sum(OutcomeStatus.CLOSED in fate for fate in fates)),
            size(sum(not fate.isdisjoint(LATE) for fate in fates)),
        ]

    def identifier(self, data: Mapping[str, Any], links: Mapping[str, Mapping[str, Any]]) -> Row:
        """The row of an identifier: `data` its node in the subgraph, `links` its shown ties by applicant node."""
        identifier = data["identifier"]
        since = sorted([link["since"] for link in links.values() if link["since"] is not None], reverse=True)
        last = [link["last"] for link in links.values() if link["last"] is not None]
        fraud = len(links.keys() & self.frauds)
        device = self.evidence.devices.get(identifier)
        oldest, newest = (days(self.now, since[-1]), days(self.now, since[0])) if since else (NEVER, NEVER)
        return [
            *_IS_KIND[identifier.kind],
            size(data["holders"]),
            float(data["hub"] is not None),
            float(identifier.linking),
            size(len(links)),
            size(sum([link["role"] == "contact" for link in links.values()])),
            *map(size, _within(since, self.cuts[1:])),
            size(fraud),
            fraud / len(links) if links else 0.0,
            size(oldest),
            size(days(self.now, max(last, default=None))),
            float(len(since) < len(links)),
            float(bool(device and device.is_emulator)),
            float(bool(device and device.is_rooted)),
            size(oldest - newest),
        ]

    def application(self, application: Application) -> Row:
        """The row of an application; the one in question has no fate yet."""
        a, at = application, application.applied_at
        asked = a is self.evidence.subject.application
        outcomes: Sequence[Outcome] = () if asked else self.evidence.outcomes.get(a.application_id, ())
        fate = {o.status for o in outcomes}
        return [
            float(asked),
            size(days(self.now, at)),
            size(a.amount or 0.0),
            size(a.term_months or 0.0),
            float(a.platform_id in self.banks),
            float(a.platform_id in self.own),
            a.face_match or 0.0,
            float(a.face_match is None),
            a.liveness or 0.0,
            float(a.phone_three_element is True),
            float(a.phone_three_element is False),
            *(float(status in fate) for status in STATUSES),
            float(a.application_id in self.fraud_loans),
            float(a.merchant_id is not None),
            float(a.agent_id is not None),
            float(at_night(at, self.evidence.zone)),
            float(on_weekend(at, self.evidence.zone)),
            size(len(a.mentions)),
        ]

    def shop(self, seen: Sequence[Application], merchant_id: str | None) -> Row:
        """The row of the merchant (or, with None, the agent) at which the question arose, from its latest applications `seen`."""
        ages = [days(self.now, a.applied_at) for a in seen]
        amounts = [size(a.amount) for a in seen if a.amount is not None]
        mean = math.fsum(amounts) / len(amounts) if amounts else 0.0
        merchant = self.evidence.merchants.get(merchant_id) if merchant_id else None
        night = sum(at_night(a.applied_at, self.evidence.zone) for a in seen)
        return [
            float(merchant_id is not None),
            float(merchant_id is None),
            size(len(seen)),
            *(size(sum(age < width for age in ages)) for width in WINDOWS[:3]),
            len({a.applicant_id for a in seen}) / len(seen) if seen else 1.0,
            size(len({a.platform_id for a in seen})),
            size(days(self.now, merchant.opened_at if merchant else None)),
            mean,
            math.sqrt(math.fsum((x - mean) * (x - mean) for x in amounts) / len(amounts)) if amounts else 0.0,
            size(ages[-1] - ages[0]) if ages else 0.0,
            night / len(seen) if seen else 0.0,
        ]

    def link(self, data: Mapping[str, Any]) -> Row:
        """The row of a tie or a transfer: its role, how old and how lately used; `now` when only the application in question says it."""
        role, since, last = data["role"], data["since"], data["last"]
        return [
            *_IS_ROLE.get(role, _NO_ROLE),
            size(days(self.now, since)) if since is not None else 0.0,
            size(days(self.now, last)) if last is not None else 0.0,
            float(since is None),
            size(days(last, since)) if since is not None and last is not None else 0.0,
        ]

    def plain(self, *, since: datetime | None = None, now: bool = False) -> Row:
        """The row of a link that has no role: who made an application, where it was made."""
        age = size(days(self.now, since)) if since is not None else 0.0
        return [0.0, 0.0, 0.0, 0.0, age, age, float(now), 0.0]


_IS_ROLE = {role.value: (*(float(role is other) for other in (Role.OWN, Role.CONTACT, Role.EMPLOYER)), 0.0) for role in Role}
_NO_ROLE = (0.0, 0.0, 0.0, 1.0)  # a transfer or a referral
_IS_KIND = {kind: tuple(float(kind is other) for other in KINDS) for kind in KINDS}


def _within(moments: Sequence[datetime], cuts: Sequence[datetime]) -> list[int]:
    """How many of the moments, newest first, lie after each cut; the cuts go back in time."""
    counts, position = [], 0
    for cut in cuts:
        while position < len(moments) and moments[position] > cut:
            position += 1
        counts.append(position)
    return counts


def _verdicts(evidence: Evidence) -> tuple[dict[str, datetime], set[str], set[str]]:
    """Since when each applicant is known for fraud, who is known as good, and which applications are held for fraud."""
    found = standings(evidence.labels)
    fraud = {who: verdict.since for who, verdict in found.items() if verdict.since is not None}
    good = {who for who, verdict in found.items() if verdict.good}
    return fraud, good, {loan for verdict in found.values() for loan in verdict.loans}


def _verification(made: Sequence[Application]) -> Row:
    """Mean amount, checks and profile over somebody's applications; 0 where nothing is known, with a mark for the missing checks."""
    if not made:
        return [0.0] * 7
    amounts = [a.amount for a in made if a.amount is not None]
    faces = [a.face_match for a in made if a.face_match is not None]
    lives = [a.liveness for a in made if a.liveness is not None]
    latest = made[0]
    return [
        size(math.fsum(amounts) / len(amounts)) if amounts else 0.0,
        min(faces, default=0.0),
        min(lives, default=0.0),
        float(not faces),
        sum(a.phone_three_element is False for a in made) / len(made),
        float(latest.new_citizen is True),
        (latest.applied_at.year - latest.birth_year) / 50 if latest.birth_year else 0.0,
    ]
