"""Encodes facts and ring snapshots as journal entries."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from itertools import accumulate
from math import nan

import numpy as np

from graph.facts.tables import KINDS, PLATFORM_TYPES, ROLES, STATUSES, Column
from graph.journal import entry as rows
from graph.journal.entry import EMPTY, NO_NUMBER, write, write_snapshot
from graph.journal.snapshots import snapshot_text
from graph.kernels.packed_rows import packed_rows
from graph.model.moments import micros
from graph.model.rings_in_turn import AnySnapshot
from graph.model.types import Facts, Identifier, LabelValue, Mention

_KIND = {kind: code for code, kind in enumerate(KINDS)}
_ROLE = {role: code for code, role in enumerate(ROLES)}
_STATUS = {status: code for code, status in enumerate(STATUSES)}
_TYPE = {kind: code for code, kind in enumerate(PLATFORM_TYPES)}
_TABLES = tuple(Facts.__dataclass_fields__)
_FLAG = {None: -1, False: 0, True: 1}


def encode(facts: Facts, shown: Mapping[str, Identifier] | None = None) -> bytes:
    """The entry of a revision that added `facts` (only the accepted ones). `shown` has each identifier, by
    node, as the store shows it.
    """
    created = _Encoder(shown)
    columns = {name: getattr(created, name)(facts) for name in _TABLES if getattr(facts, name)}
    mentions, identifiers = created.mentions(), created.identifiers()  # last: with all that the others named
    heap, ends = created.texts.columns()
    return write(EMPTY._replace(heap=heap, ends=ends, mentions=mentions, identifiers=identifiers, **columns))


def encode_snapshot(snapshot: AnySnapshot) -> bytes:
    """The entry of a revision that added a ring snapshot; no more than one ring of it is held at once."""
    return write_snapshot(snapshot_text(snapshot))


class _Texts(dict[str | None, int]):
    """Texts and their numbers; a new one gets the next."""

    def __init__(self) -> None:
        super().__init__({None: rows.NO_TEXT})

    def __missing__(self, text: str) -> int:
        number = self[text] = len(self) - 1
        return number

    def columns(self) -> tuple[Column, Column]:
        """`heap` and `ends` of an entry."""
        encoded = [text.encode() for text in self if text is not None]
        heap = b"".join(encoded)
        if len(heap) >= 2**31:
            raise ValueError("the texts of one batch have more than 2 GB: add fewer facts at once")
        return np.frombuffer(heap, "u1"), np.array(list(accumulate(map(len, encoded))), "i4")


class _Encoder:
    """The tables of one batch."""

    def __init__(self, shown: Mapping[str, Identifier] | None) -> None:
        self.texts = _Texts()
        self._shown = shown
        self._rows: dict[str, int] = {}  # node -> row
        self._identifiers: list[Identifier] = []
        self._packed: dict[int, int] = {}  # id of a Mention of the batch -> row << 2 | role
        self._mentions: list[int] = []

    def applications(self, facts: Facts) -> Column:
        """The rows of APPLICATION."""
        t = self.texts
        return packed_rows(
            [
                (
                    micros(a.applied_at), _float(a.amount), _float(a.face_match), _float(a.liveness),
                    _int(a.term_months), _int(a.birth_year), t[a.application_id], t[a.applicant_id],
                    t[a.platform_id], t[a.product], t[a.merchant_id], t[a.agent_id], t[a.channel], t[a.city],
                    t[_json(a.attributes)], *self._mentioned(a.mentions), _FLAG[a.phone_three_element],
                    _FLAG[a.new_citizen],
                )
                for a in facts.applications
            ],
            rows.APPLICATION,
        )  # fmt: skip

    def events(self, facts: Facts) -> Column:
        """The rows of EVENT."""
        t = self.texts
        return packed_rows(
            [
                (
                    micros(e.at), _float(e.amount), t[e.event_id], t[e.kind], t[e.applicant_id],
                    t[e.counterparty_id], t[e.merchant_id], t[_json(e.attributes)],
                    *self._mentioned(e.mentions),
                )
                for e in facts.events
            ],
            rows.EVENT,
        )  # fmt: skip

    def contacts(self, facts: Facts) -> Column:
        """The rows of CONTACT."""
        t = self.texts
        return packed_rows(
            [
                (micros(c.at), t[c.applicant_id], self._row(c.phone), t[c.relation or None])
                for c in facts.contacts
            ],
            rows.CONTACT,
        )

    def outcomes(self, facts: Facts) -> Column:
        """The rows of OUTCOME."""
        return packed_rows(
            [
                (micros(o.at), _float(o.amount), self.texts[o.application_id], _STATUS[o.status])
                for o in facts.outcomes
            ],
            rows.OUTCOME,
        )

    def labels(self, facts: Facts) -> Column:
        """The rows of LABEL."""
        t = self.texts
        return packed_rows(
            [
                (
                    micros(label.known_at), t[label.application_id or None], t[label.applicant_id or None],
                    t[label.source or None], t[label.detail], label.label is LabelValue.FRAUD, 0,
                )
                for label in facts.labels
            ],
            rows.LABEL,
        )  # fmt: skip

    def platforms(self, facts: Facts) -> Column:
        """The rows of PLATFORM."""
        return packed_rows(
            [(self.texts[p.platform_id], _TYPE[p.type], p.is_own) for p in facts.platforms], rows.PLATFORM
        )

    def merchants(self, facts: Facts) -> Column:
        """The rows of MERCHANT."""
        t = self.texts
        opened = [None if m.opened_at is None else micros(m.opened_at) for m in facts.merchants]
        values = [
            (_int(at), t[m.merchant_id], t[m.category], t[m.city])
            for at, m in zip(opened, facts.merchants, strict=True)
        ]
        return packed_rows(values, rows.MERCHANT)

    def devices(self, facts: Facts) -> Column:
        """The rows of DEVICE."""
        t = self.texts
        return packed_rows(
            [
                (self._row(d.identifier), t[d.os], t[d.model], _FLAG[d.is_emulator], _FLAG[d.is_rooted])
                for d in facts.devices
            ],
            rows.DEVICE,
        )

    def mentions(self) -> Column:
        """The rows of MENTION."""
        packed = np.array(self._mentions, np.int64)
        out = np.zeros(len(packed), rows.MENTION)
        out["identifier"], out["role"] = packed >> 2, packed & 3
        return out

    def identifiers(self) -> Column:
        """The rows of IDENTIFIER."""
        t = self.texts
        return packed_rows(
            [(t[i.token], t[i.masked], _KIND[i.kind], i.linking) for i in self._identifiers], rows.IDENTIFIER
        )

    def _mentioned(self, mentions: Sequence[Mention]) -> tuple[int, int]:
        """Where the mentions of a fact begin, and how many there are."""
        begins, packed = len(self._mentions), self._packed
        # Whoever reads a delivery makes a mention once and repeats it: it is worth more to tell them apart by
        # `is` than to look inside each.
        self._mentions += [packed[id(m)] if id(m) in packed else self._pack(m) for m in mentions]
        return begins, len(mentions)

    def _pack(self, mention: Mention) -> int:
        packed = self._packed[id(mention)] = self._row(mention.identifier) << 2 | _ROLE[mention.role]
        return packed

    def _row(self, identifier: Identifier) -> int:
        row = self._rows.setdefault(identifier.node, len(self._identifiers))
        if row == len(self._identifiers):
            self._identifiers.append(self._shown[identifier.node] if self._shown else identifier)
        return row


def _float(value: float | None) -> float:
    return nan if value is None else value


def _int(value: int | None) -> int:
    return NO_NUMBER if value is None else value


def _json(attributes: tuple[tuple[str, str], ...]) -> str | None:
    return json.dumps(attributes, ensure_ascii=False) if attributes else None
