"""Groups rows by the applicant or application that they are about, in the orders that the port promises."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from graph.journal.snapshots import member_of, ring_of
from graph.model.types import Device, Identifier, Label, Membership, Outcome


def outcomes_by_application(
    ids: Iterable[str], outcomes: Iterable[Outcome]
) -> dict[str, tuple[Outcome, ...]]:
    """What became of each application, oldest first."""
    results: dict[str, list[Outcome]] = {application_id: [] for application_id in ids}
    for outcome in sorted(outcomes, key=lambda o: (o.at, o.status.value)):
        results[outcome.application_id].append(outcome)
    return {application_id: tuple(steps) for application_id, steps in results.items()}


def labels_by_person(ids: Iterable[str], labels: Iterable[tuple[str, Label]]) -> dict[str, tuple[Label, ...]]:
    """Each person's labels, oldest first."""
    results: dict[str, list[Label]] = {who: [] for who in ids}
    for who, label in sorted(labels, key=lambda pair: _when_known(pair[1])):
        results[who].append(label)
    return {who: tuple(existing) for who, existing in results.items()}


def membership_of(row: Sequence[Any]) -> Membership:
    """(applicant, snapshot, ring_id, body, size, member) as a Membership."""
    who, snapshot, ring_id, body, size, member = row
    return Membership(snapshot, ring_of(ring_id, body, ()), size, member_of((who, *member)))


def device_of(identifier: Identifier, row: Sequence[Any]) -> Device:
    """The columns of cypher.DEVICE as a Device."""
    return Device(identifier=identifier, os=row[1], model=row[2], is_emulator=row[3], is_rooted=row[4])


def _when_known(label: Label) -> tuple[datetime, str, str, str, str]:
    return (
        label.known_at,
        label.application_id or "",
        label.applicant_id or "",
        label.source or "",
        label.label.value,
    )
