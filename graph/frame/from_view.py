"""Builds a neighbourhood from a view: the simple reference for the frame's compiled walk, and the fall-back
without a frame.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import numpy as np

from graph.facts.fraud_labels import by_person
from graph.facts.hubs import REASONS
from graph.facts.local_time import offsets
from graph.facts.tables import KINDS, ROLES, STATUSES, Column
from graph.frame.neighbourhood import (
    APPLICATION,
    DEALING,
    EVENT,
    EVENT_KINDS,
    IDENTIFIER,
    LABEL,
    LENDER_BANK,
    LENDER_KNOWN,
    LENDER_OWN,
    MENTION,
    NOBODY,
    OTHER,
    OUTCOME,
    PERSON,
    RING,
    SUBJECT,
    TIE,
    UNDATED,
    Neighbourhood,
)
from graph.frame.node_names import NodeNames
from graph.model.moments import micros
from graph.model.types import Application, Event, Identifier, LabelValue, Platform, PlatformType
from graph.store.evidence import Evidence

Row = tuple[Any, ...]
Run = tuple[int, int]  # where a row's list begins, and how long it is


def neighbourhood_of(evidence: Evidence) -> Neighbourhood:
    """The same as arrays, each exactly as long as it must be. `id`s number things in the order in which they
    are met here.
    """
    return node_names_of(evidence)[0]


def node_names_of(evidence: Evidence) -> tuple[Neighbourhood, NodeNames]:
    """The same, with the names behind its numbers."""
    arrays = _Arrays(evidence)
    return arrays.neighbourhood(), arrays.names()


class _Numbers(dict[object, int]):
    """Things by number, in the order of their first mention; nothing, and an empty text, is NOBODY."""

    def __missing__(self, thing: object) -> int:
        if thing is None or thing == "":
            return int(NOBODY)
        self[thing] = len(self)
        return self[thing]


class _Listed(NamedTuple):
    """Names by number."""

    people: tuple[str, ...]
    applications: tuple[str, ...]
    identifiers: tuple[Identifier, ...]
    rings: tuple[str, ...]
    words: tuple[str, ...]
    joined_at: Mapping[str, datetime]
    platforms: Mapping[str, Platform]

    def person(self, number: int) -> str:
        return self.people[number]

    def application(self, number: int) -> str:
        return self.applications[number]

    def identifier(self, number: int) -> Identifier:
        return self.identifiers[number]

    def ring(self, number: int) -> str:
        return self.rings[number]

    def word(self, number: int) -> str:
        return self.words[number]

    def lender_type(self, number: int) -> PlatformType:
        return self.platforms[self.words[number]].type

    def joined(self, number: int) -> datetime | None:
        return self.joined_at.get(self.people[number])


class _Arrays:
    """Rows of each kind, collected as tuples."""

    def __init__(self, evidence: Evidence) -> None:
        self.evidence = evidence
        self.ids, self.identifier_ids, self.application_ids, self.words = (
            _Numbers(),
            _Numbers(),
            _Numbers(),
            _Numbers(),
        )
        nodes = evidence.graph.nodes(data=True)
        self.inside = [node.partition(":")[2] for node, data in nodes if data["type"] == "applicant"]
        there = dict.fromkeys(a.applicant_id for a in (*evidence.at_merchant, *evidence.at_agent))
        self.everybody = [*self.inside, *(who for who in there if f"applicant:{who}" not in evidence.graph)]
        self.row_of = {who: row for row, who in enumerate(self.everybody)}
        self.identifiers: list[Identifier] = [
            data["identifier"] for _, data in nodes if data["type"] != "applicant"
        ]
        self.thing_of = {identifier: row for row, identifier in enumerate(self.identifiers)}
        self.mentions: list[Row] = []
        self.outcomes: list[Row] = []

    def neighbourhood(self) -> Neighbourhood:
        ties = self._ties()
        ties_of = sorted(range(len(ties)), key=lambda n: ties[n][2])
        applications, applications_by, beyond = self._applications()
        labels, label_of = self._labels()
        rings, ring_of = self._rings()
        people = self._people(
            (applications_by, label_of, _runs([ties[n][2] for n in ties_of], len(self.everybody)), ring_of)
        )
        identifiers = self._identifiers(_runs([tie[3] for tie in ties], len(self.identifiers)))
        own, received = self.evidence.events, self.evidence.received
        events = [self._event(e, e.counterparty_id) for e in own] + [
            self._event(e, e.applicant_id) for e in received
        ]
        arrays = {
            "people": _array(people, PERSON), "identifiers": _array(identifiers, IDENTIFIER),
            "ties": _array(ties, TIE), "dealings": _array(self._dealings(), DEALING),
            "applications": _array(applications, APPLICATION), "mentions": _array(self.mentions, MENTION),
            "outcomes": _array(self.outcomes, OUTCOME), "labels": _array(labels, LABEL),
            "events": _array(events, EVENT), "rings": _array(rings, RING),
        }  # fmt: skip
        sizes = (
            {name: len(rows) for name, rows in arrays.items()}
            | beyond
            | {"people": len(self.inside), "received": len(own)}
        )
        subject = self._subject(sizes | {"outsiders": len(self.everybody) - len(self.inside)})
        return Neighbourhood(
            subject=subject, ties_of=np.array(ties_of, np.int32), zone=offsets(self.evidence.zone), **arrays
        )

    def names(self) -> NodeNames:
        """What the numbers stand for; to be asked when the neighbourhood is made."""
        rings = dict.fromkeys(
            one.ring.ring_id for who in self.everybody if (one := self.evidence.memberships.get(who))
        )
        joined = {who: one.member.joined_at for who, one in self.evidence.memberships.items()}
        people, applications, identifiers, words = map(
            tuple[Any, ...], (self.ids, self.application_ids, self.identifier_ids, self.words)
        )
        return _Listed(
            people, applications, identifiers, tuple(rings), words, joined, self.evidence.platforms
        )

    def _applications(self) -> tuple[list[Row], list[Run], dict[str, int]]:
        """All of them, each person's run, and where the lists begin that belong to nobody, with their
        length.
        """
        application = self.evidence.subject.application
        rows = [self._application(application)] if application else []
        applications_by = []
        for who in self.inside:
            applications = self.evidence.applications.get(who, ())
            applications_by.append((len(rows), len(applications)))
            rows += map(self._application, applications)
        applications_by += [(len(rows), 0)] * (len(self.everybody) - len(self.inside))
        beyond = {}
        for name in ("at_merchant", "at_agent", "elsewhere"):
            applications = getattr(self.evidence, name)
            beyond.update({name: len(rows), f"{name}_n": len(applications)})
            rows += map(self._application, applications)
        return rows, applications_by, beyond

    def _subject(self, sizes: Mapping[str, int]) -> Column:
        application, graph = self.evidence.subject.application, self.evidence.graph.graph
        shop = (
            self.evidence.merchants.get(application.merchant_id)
            if application and application.merchant_id
            else None
        )
        subject = np.zeros(1, SUBJECT)
        rows: Mapping[str, int] = {
            **sizes, "as_of": micros(self.evidence.as_of), "asked": application is not None,
            "merchant_known": shop is not None, "merchant_city": self.words[shop.city if shop else None],
            "hubs_ignored": graph["hubs_ignored"], "truncated": graph["truncated"],
            "merchant_opened_at": micros(shop.opened_at) if shop and shop.opened_at else int(UNDATED),
        }  # fmt: skip
        for name, value in rows.items():
            subject[name] = value
        return subject

    def _people(self, lists: tuple[Sequence[Run], ...]) -> list[Row]:
        *ranges, ring_of = lists
        rank = {who: place for place, who in enumerate(sorted(self.everybody))}
        rows = []
        for row, who in enumerate(self.everybody):
            step = self.evidence.graph.nodes[f"applicant:{who}"]["step"] if row < len(self.inside) else -1
            runs = [number for of_each in ranges for number in of_each[row]]
            rows.append((self.ids[who], rank[who], step, *runs, *ring_of[row]))
        return rows

    def _identifiers(self, ties: Sequence[Run]) -> list[Row]:
        rows = []
        for row, identifier in enumerate(self.identifiers):
            data, device = self.evidence.graph.nodes[identifier.node], self.evidence.devices.get(identifier)
            flags = (_flag(device.is_emulator), _flag(device.is_rooted)) if device else (-1, -1)
            stated = KINDS.index(identifier.kind), identifier.linking, REASONS.index(data["hub"] or "")
            rows.append((self.identifier_ids[identifier], data["holders"], *ties[row], *stated, *flags))
        return rows

    def _ties(self) -> list[Row]:
        rows = []
        for thing, identifier in enumerate(self.identifiers):
            for node, tie in self.evidence.graph.adj[identifier.node].items():
                person = self.row_of[node.partition(":")[2]]
                rows.append(
                    (_micros(tie["since"]), _micros(tie["last"]), person, thing, ROLES.index(tie["role"]))
                )
        return rows

    def _dealings(self) -> list[Row]:
        rows = []
        for a, who in enumerate(self.inside):
            for node, message in self.evidence.graph.adj[f"applicant:{who}"].items():
                b = self.row_of[node.partition(":")[2]] if node.startswith("applicant:") else -1
                if b > a:
                    rows.append(
                        (
                            micros(message["since"]),
                            micros(message["last"]),
                            a,
                            b,
                            _event_kind(message["role"]),
                        )
                    )
        return rows

    def _application(self, a: Application) -> Row:
        lender = self.evidence.platforms.get(a.platform_id)
        bits = LENDER_KNOWN + LENDER_BANK * lender.type.is_bank + LENDER_OWN * lender.is_own if lender else 0
        steps = (
            self.evidence.outcomes.get(a.application_id, ())
            if a is not self.evidence.subject.application
            else ()
        )
        mentions, outcomes = (len(self.mentions), len(a.mentions)), (len(self.outcomes), len(steps))
        for identifier, role in a.mentions:
            place = self.thing_of.get(identifier, int(NOBODY))
            numbers = KINDS.index(identifier.kind), ROLES.index(role), identifier.linking
            self.mentions.append((self.identifier_ids[identifier], place, *numbers))
        self.outcomes += [(micros(o.at), _real(o.amount), STATUSES.index(o.status)) for o in steps]
        measured = (a.amount, a.term_months, a.face_match, a.liveness)
        words = (a.platform_id, a.merchant_id, a.agent_id, a.product, a.city)
        return (
            micros(a.applied_at), *map(_real, measured), self.application_ids[a.application_id],
            self.row_of.get(a.applicant_id, int(NOBODY)), self.ids[a.applicant_id],
            *(self.words[word] for word in words), *mentions, *outcomes,
            int(NOBODY) if a.birth_year is None else a.birth_year, _flag(a.phone_three_element),
            _flag(a.new_citizen), bits,
        )  # fmt: skip

    def _labels(self) -> tuple[list[Row], list[Run]]:
        rows: list[Row] = []
        runs = []
        for who in self.everybody:
            labels = self.evidence.labels.get(who, ())
            runs.append((len(rows), len(labels)))
            for label in labels:
                fraud = label.label is LabelValue.FRAUD
                rows.append(
                    (
                        micros(label.known_at),
                        self.application_ids[label.application_id],
                        fraud,
                        by_person(label.source),
                    )
                )
        return rows, runs

    def _rings(self) -> tuple[list[Row], list[Run]]:
        rows: list[Row] = []
        numbers, of_each = _Numbers(), []
        for who in self.everybody:
            membership = self.evidence.memberships.get(who)
            ring = membership.ring if membership else None
            number = numbers[ring.ring_id if ring else None]
            of_each.append((number, int(membership is not None and membership.member.role == "core")))
            if membership and ring and number == len(rows):
                rows.append((ring.score, ring.bad_rate, number, membership.size, ring.kind.flagged))
        return rows, of_each

    def _event(self, event: Event, other: str | None) -> Row:
        return micros(event.at), _real(event.amount), self.ids[other], _event_kind(event.kind)


def _array(rows: Sequence[Row], kind: np.dtype[Any]) -> Column:
    return np.array(rows, kind)


def _runs(sorted_rows: Iterable[int], size: int) -> list[Run]:
    """Where each row's list begins, and how long it is, from the row of each entry in order."""
    count = np.bincount(np.array(list(sorted_rows), np.int64), minlength=size)
    return list(zip((np.cumsum(count) - count).tolist(), count.tolist(), strict=True))


def _micros(when: Any) -> int:
    return int(UNDATED) if when is None else micros(when)


def _real(value: float | None) -> float:
    return float("nan") if value is None else value


def _flag(value: bool | None) -> int:
    return -1 if value is None else int(value)


def _event_kind(kind: str) -> int:
    return EVENT_KINDS.index(kind) if kind in EVENT_KINDS else int(OTHER)
