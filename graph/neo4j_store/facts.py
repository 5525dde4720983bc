"""From the record of cypher_nearby.FACTS to an assessment's Evidence, in the orders that the port promises."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import networkx as nx

from graph.evidence import Evidence, Subject
from graph.journal.snapshots import member_of, ring_of
from graph.model import Application, Device, Identifier, Label, Membership, Outcome
from graph.neo4j_store.codec import event_of, label_of, merchant_of, outcome_of, platform_of
from graph.neo4j_store.intern import Interned


def evidence_from(
    row: Sequence[Any], *, subject: Subject, as_of: datetime, graph: nx.Graph[str], devices: Sequence[Identifier], interned: Interned
) -> Evidence:
    """The evidence; `graph` was read before, `devices` are those in it."""
    of_each, told, labels, memberships, events, dealings, described, merchants, platforms, at_merchant, at_agent = row
    people = [node.partition(":")[2] for node, data in graph.nodes(data=True) if data["type"] == "applicant"]
    known = {a.application_id: a for a in (interned.application(columns) for columns, _ in told)}
    ids = dict(of_each)
    applications = {who: _those(known, ids.get(who, ())) for who in people}
    there = (_those(known, at_merchant), _those(known, at_agent))
    made = [a.application_id for each in (*applications.values(), *there) for a in each]
    labelled = [*people, *(a.applicant_id for each in there for a in each)]
    found = {columns[0]: columns for columns in described}
    members = {columns[0]: membership_of(columns) for columns in memberships}
    return Evidence(
        subject=subject,
        as_of=as_of,
        graph=graph,
        applications=applications,
        outcomes=outcomes_by_application(made, [outcome_of(columns) for _, outcomes in told for columns in outcomes]),
        labels=labels_by_person(labelled, [(who, label_of(columns)) for who, columns in labels]),
        memberships={who: members[who] for who in people if who in members},
        events=tuple(event_of(columns) for columns in events),
        dealings=tuple(event_of(columns) for columns in dealings),
        devices={i: device_of(i, found[i.node]) for i in devices if i.node in found},
        merchants={columns[0]: merchant_of(columns) for columns in merchants},
        at_merchant=there[0],
        at_agent=there[1],
        platforms={p.platform_id: p for p in sorted((platform_of(columns) for columns in platforms), key=lambda p: p.platform_id)},
        elsewhere=(),
    )


def outcomes_by_application(asked: Iterable[str], outcomes: Iterable[Outcome]) -> dict[str, tuple[Outcome, ...]]:
    """What became of each application, oldest first."""
    found: dict[str, list[Outcome]] = {application_id: [] for application_id in asked}
    for outcome in sorted(outcomes, key=lambda o: (o.at, o.status.value)):
        found[outcome.application_id].append(outcome)
    return {application_id: tuple(steps) for application_id, steps in found.items()}


def labels_by_person(asked: Iterable[str], labels: Iterable[tuple[str, Label]]) -> dict[str, tuple[Label, ...]]:
    """Each person's labels, oldest first."""
    found: dict[str, list[Label]] = {who: [] for who in asked}
    for who, label in sorted(labels, key=lambda told: _when_known(told[1])):
        found[who].append(label)
    return {who: tuple(known) for who, known in found.items()}


def membership_of(row: Sequence[Any]) -> Membership:
    """(applicant, snapshot, ring_id, body, size, member) as a Membership."""
    who, snapshot, ring_id, body, size, member = row
    return Membership(snapshot, ring_of(ring_id, body, ()), size, member_of((who, *member)))


def device_of(identifier: Identifier, row: Sequence[Any]) -> Device:
    """The columns of cypher.DEVICE as a Device."""
    return Device(identifier=identifier, os=row[1], model=row[2], is_emulator=row[3], is_rooted=row[4])


def _those(known: Mapping[str, Application], ids: Iterable[str]) -> tuple[Application, ...]:
    return tuple(known[i] for i in ids)


def _when_known(label: Label) -> tuple[datetime, str, str, str, str]:
    return label.known_at, label.application_id or "", label.applicant_id or "", label.source or "", label.label.value
