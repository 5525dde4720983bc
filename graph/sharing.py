"""Who holds which value, in time order: identifiers, merchants and agents alike, with the values that say nothing marked as hubs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from graph.model import IdentifierKind, Role
from graph.tables import KINDS, ROLES, Column, Tables

DAY = 86_400_000_000  # microseconds
MERCHANT, AGENT = len(KINDS), len(KINDS) + 1  # value kinds beyond the identifiers'
VALUE_KINDS = (*(kind.value for kind in KINDS), "merchant", "agent")

# More holders than this and a value never links anybody in the batch. Far above the live guard: below it, weight falls with the holders
# instead, because a ring can hide among the holders of a dormitory's Wi-Fi.
BATCH_GUARD = 2_000
_CONTACT = ROLES.index(Role.CONTACT)


@dataclass(frozen=True)
class Sharing:
    """Values with two or more holders; holders of value v are rows start[v]:start[v + 1], by (since, applicant).

    kind int8, source int32 (position in identifiers, merchant_ids or agent_ids), start int64 (V + 1,)
    who int32, role int8, since int64, last int64                                        (rows)
    hub_reason: per value an index into HUB_REASONS, 0 = it links
    """

    kind: Column
    source: Column
    start: Column
    who: Column
    role: Column
    since: Column
    last: Column
    hub: Column

    @property
    def holders(self) -> Column:
        """Distinct applicants of each value (V,)."""
        return np.diff(self.start)

    @property
    def value_of_row(self) -> Column:
        """The value that each row belongs to (rows,)."""
        return np.repeat(np.arange(len(self.kind)), self.holders)


HUB_REASONS = ("", "not_linking", "many_holders", "turnover")


def sharing_of(tables: Tables) -> Sharing:
    """All values that two or more applicants hold before the view's moment."""
    key, kind, source, rows = _rows(tables)
    order = np.lexsort((rows[0], rows[2], key))
    key, rows = key[order], rows[:, order]
    edge = np.flatnonzero(np.r_[True, key[1:] != key[:-1]]) if len(key) else np.zeros(0, np.int64)
    count = np.diff(np.r_[edge, len(key)])
    shared = count >= 2
    keep = np.repeat(shared, count)
    values = key[edge][shared]
    rows = rows[:, keep]
    start = np.r_[0, np.cumsum(count[shared])].astype(np.int64)
    found = Sharing(
        kind[values], source[values], start, rows[0].astype(np.int32), rows[1].astype(np.int8), rows[2], rows[3], np.zeros(len(values), np.int8)
    )
    return _with_hubs(found, tables)


def _rows(tables: Tables) -> tuple[Column, Column, Column, Column]:
    """Every (value, applicant) once: key (rows,), kind and source by key, and rows = applicant, role, since, last (4, rows)."""
    identifiers, merchants, agents = len(tables.identifiers["kind"]), len(tables.merchant_ids), len(tables.agent_ids)
    ties, made = tables.ties, tables.applications
    parts = [np.stack([ties["identifier"], ties["applicant"], ties["role"], ties["since"], ties["last"]]).astype(np.int64)]
    for column, offset in (("merchant", identifiers), ("agent", identifiers + merchants)):
        at = made[column] >= 0
        moment = made["at"][at]
        parts.append(np.stack([made[column][at] + offset, made["applicant"][at], np.zeros(at.sum()), moment, moment]).astype(np.int64))
    rows = _one_per_holder(np.concatenate(parts, axis=1))
    kind = np.r_[tables.identifiers["kind"].astype(np.int8), np.full(merchants, MERCHANT, np.int8), np.full(agents, AGENT, np.int8)]
    source = np.r_[np.arange(identifiers), np.arange(merchants), np.arange(agents)].astype(np.int32)
    return rows[0], kind, source, rows[1:]


def _one_per_holder(rows: Column) -> Column:
    """Rows of (value, applicant, role, since, last) merged to one a holder: strongest role, first since, latest last."""
    order = np.lexsort((rows[2], rows[1], rows[0]))
    rows = rows[:, order]
    if not rows.shape[1]:
        return rows
    first = np.flatnonzero(np.r_[True, (np.diff(rows[0]) != 0) | (np.diff(rows[1]) != 0)])
    merged = rows[:, first]
    merged[3] = np.minimum.reduceat(rows[3], first)
    merged[4] = np.maximum.reduceat(rows[4], first)
    return merged


def _with_hubs(found: Sharing, tables: Tables) -> Sharing:
    """Mark the values that link nobody: placeholders and wrong ids, endless lists of holders, values that pass from hand to hand."""
    holders = found.holders
    identifier = found.kind < MERCHANT
    linking = np.ones(len(found.kind), bool)
    linking[identifier] = tables.identifiers["linking"][found.source[identifier]]
    hub = np.zeros(len(found.kind), np.int8)
    hub[_hand_to_hand(found)] = 3
    hub[(holders > BATCH_GUARD) & identifier] = 2
    hub[~linking] = 1
    return Sharing(found.kind, found.source, found.start, found.who, found.role, found.since, found.last, hub)


def _hand_to_hand(found: Sharing) -> Column:
    """Values with a steady stream of new holders for months: a counter's tablet, a carrier's address, a shop's own number."""
    holders = found.holders
    if not len(holders):
        return np.zeros(0, bool)
    first, final = found.since[found.start[:-1]], found.since[found.start[1:] - 1]
    days = (final - first) / DAY
    middle = found.since[(found.start[:-1] + found.start[1:]) // 2]
    steady = np.abs((middle - first) / np.maximum(final - first, 1) - 0.5) < 0.25
    phone = found.kind == KINDS.index(IdentifierKind.PHONE)
    limit = np.where(phone, 60, 100)
    return np.asarray((holders > limit) & (days > 90) & steady & (found.kind < MERCHANT))
