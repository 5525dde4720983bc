"""Reads facts from rows of the frame."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np

from graph.facts.tables import KINDS, PLATFORM_TYPES, ROLES, STATUSES, Column
from graph.frame.columns.layout import NONE, NOT_REPORTED, Arrays, Int
from graph.frame.columns.texts import NO_KIND, after, find, place_of
from graph.model.moments import moment
from graph.model.types import (
    Application,
    Device,
    Event,
    Identifier,
    Label,
    LabelValue,
    Mention,
    Merchant,
    Outcome,
    Platform,
    Tie,
)

_FLAGS = {-1: None, 0: False, 1: True}
_NO_TERMS = {"amount": math.nan, "counterparty": NONE, "merchant": NONE, "attributes": NONE}


class FactReader:
    """Facts by their rows, from arrays that nobody changes meanwhile."""

    def __init__(self, arrays: Arrays) -> None:
        self.arrays = arrays
        self._identifiers: dict[int, Identifier] = {}

    def row(self, of: Int, text: str, kind: Int = NO_KIND) -> int:
        """The row of a person, word, application or identifier with that text, or -1."""
        heap = np.frombuffer(text.encode(), "u1")
        return int(find(self.arrays, of, kind, heap, np.int64(0), np.int64(len(heap))))

    def text(self, number: int) -> str | None:
        """A text, None for -1."""
        if number == NONE:
            return None
        return text_in(self.arrays.texts, int(number))

    def word(self, row: int) -> str | None:
        """A word, None for -1."""
        return None if row == NONE else self.text(self.arrays.words[row]["text"])

    def person(self, row: int) -> str:
        """A person's id."""
        return str(self.text(self.arrays.people[row]["name"]))

    def identifier(self, row: int) -> Identifier:
        """An identifier."""
        result = self._identifiers.get(row)
        if result is None:
            stored = self.arrays.identifiers[row]
            token, masked = (
                str(self.text(stored["token"])),
                text_in(self.arrays.texts, int(after(self.arrays.texts, stored["token"]))),
            )
            result = self._identifiers[row] = Identifier(
                KINDS[stored["kind"]], token, masked, bool(stored["linking"])
            )
        return result

    def application(self, row: int) -> Application:
        """An application."""
        t = _named(self.arrays.applications[row])
        return Application(
            application_id=str(self.text(t["id"])), applied_at=moment(t["at"]),
            applicant_id=self.person(t["applicant"]), platform_id=str(self.word(t["platform"])),
            product=self.word(t["product"]), amount=_number(t["amount"]),
            term_months=_whole(t["term_months"]), merchant_id=self.word(t["merchant"]),
            agent_id=self.word(t["agent"]), channel=self.word(t["channel"]),
            face_match=_number(t["face_match"]), liveness=_number(t["liveness"]),
            phone_three_element=_FLAGS[t["three_element"]], birth_year=_whole(t["birth_year"]),
            city=self.word(t["city"]), new_citizen=_FLAGS[t["new_citizen"]], mentions=self._mentions(t),
            attributes=self._attributes(t),
        )  # fmt: skip

    def event(self, row: int) -> Event:
        """An event."""
        t = _named(self.arrays.events[row])
        t |= _named(self.arrays.terms[t["terms"]]) if t["terms"] >= 0 else _NO_TERMS
        other = None if t["counterparty"] == NONE else self.person(t["counterparty"])
        return Event(
            event_id=str(self.text(t["id"])), kind=str(self.word(t["kind"])), at=moment(t["at"]),
            applicant_id=self.person(t["applicant"]), counterparty_id=other,
            merchant_id=self.word(t["merchant"]), amount=_number(t["amount"]), mentions=self._mentions(t),
            attributes=self._attributes(t),
        )  # fmt: skip

    def outcome(self, row: int) -> Outcome:
        """A step of an application."""
        t = _named(self.arrays.outcomes[row])
        loan = str(self.text(self.arrays.applications[t["application"]]["id"]))
        return Outcome(
            application_id=loan, status=STATUSES[t["status"]], at=moment(t["at"]), amount=_number(t["amount"])
        )

    def label(self, row: int) -> Label:
        """A label."""
        t = _named(self.arrays.labels[row])
        loan = t["application"]
        return Label(
            label=LabelValue.FRAUD if t["fraud"] else LabelValue.GOOD,
            known_at=moment(t["known_at"]),
            application_id=None if loan == NONE else self.text(self.arrays.applications[loan]["id"]),
            applicant_id=None if t["person"] == NONE else self.person(t["person"]),
            source=self.word(t["source"]),
            detail=self.text(t["detail"]),
        )

    def tie(self, row: int, last: int) -> Tie:
        """A tie with its latest mention (microseconds)."""
        stored = self.arrays.ties[row]
        person, identifier = self.person(stored["person"]), self.identifier(int(stored["identifier"]))
        return Tie(person, identifier, ROLES[stored["role"]], moment(int(stored["since"])), moment(int(last)))

    def device(self, row: int, identifier: Identifier) -> Device:
        """A device."""
        t = _named(self.arrays.devices[row])
        flags = {"is_emulator": _FLAGS[t["emulator"]], "is_rooted": _FLAGS[t["rooted"]]}
        return Device(identifier=identifier, os=self.word(t["os"]), model=self.word(t["model"]), **flags)

    def platform(self, row: int) -> Platform:
        """A lender."""
        stored = self.arrays.words[row]
        return Platform(
            platform_id=str(self.text(stored["text"])),
            type=PLATFORM_TYPES[stored["type"]],
            is_own=bool(stored["own"]),
        )

    def merchant(self, row: int) -> Merchant:
        """A merchant."""
        t = _named(self.arrays.words[row])
        opened = None if t["opened_at"] == NOT_REPORTED else moment(t["opened_at"])
        return Merchant(
            merchant_id=str(self.text(t["text"])),
            category=self.word(t["category"]),
            city=self.word(t["city"]),
            opened_at=opened,
        )

    def _mentions(self, record: dict[str, Any]) -> tuple[Mention, ...]:
        mention = self.arrays.mentions[record["mention"] : record["mention"] + record["mentions"]].tolist()
        return tuple([Mention(self.identifier(packed >> 2), ROLES[packed & 3]) for packed in mention])

    def _attributes(self, record: dict[str, Any]) -> tuple[tuple[str, str], ...]:
        text = self.text(record["attributes"])
        return tuple((name, value) for name, value in json.loads(text)) if text else ()


def text_in(texts: Column, number: int) -> str:
    """The text of that number."""
    at, length, plain = place_of(texts, np.int64(number))
    begins, packed = at + plain, (length - plain) // 2
    return texts[at:begins].tobytes().decode() + texts[begins : begins + packed].tobytes().hex()


def _named(row: np.void) -> dict[str, Any]:
    """A row by the names of its fields."""
    return dict(zip(row.dtype.names or (), row.item(), strict=True))


def _number(value: float) -> float | None:
    return None if math.isnan(value) else value


def _whole(value: int) -> int | None:
    return None if value == NOT_REPORTED else value
