"""The incidence of values and holders in time order (identifiers, merchants, agents, same payments), with
hubs marked.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from graph.facts.hubs import batch_reasons
from graph.facts.tables import KINDS, ROLES, Column, Tables
from graph.model.types import Role
from graph.rings.sharing.payments import same_payments

# value kinds beyond the identifiers'
MERCHANT, AGENT, PAYMENT = range(len(KINDS), len(KINDS) + 3)
VALUE_KINDS = (*(kind.value for kind in KINDS), "merchant", "agent", "payment")

_CONTACT = ROLES.index(Role.CONTACT)


@dataclass(frozen=True)
class Incidence:
    """Values with two or more holders; rows start[v]:start[v + 1] are the holders of value v, all of them or
    those who were asked for, by (since, applicant).

    kind int8, source int32 (position in identifiers, merchant_ids, agent_ids or
    of what was paid), holders int64: distinct applicants, all of them     (V,), start int64 (V + 1,)
    who int32, role int8, since int64, last int64                                        (rows)
    hub int8: per value an index into graph.facts.hubs.REASONS, 0 = it links
    """

    kind: Column
    source: Column
    holders: Column
    start: Column
    who: Column
    role: Column
    since: Column
    last: Column
    hub: Column

    @property
    def value_of_row(self) -> Column:
        """The value that each row belongs to (rows,)."""
        return np.repeat(np.arange(len(self.kind)), np.diff(self.start))

    def of(self, people: Column) -> Incidence:
        """What `people` (N,) hold, with their rows alone."""
        # np.isin, of many rows, holds some 30 bytes of each for a while
        among = np.zeros(int(max(self.who.max(initial=-1), people.max(initial=-1))) + 1, bool)
        among[people] = True
        row = np.flatnonzero(among[self.who])
        value, first = np.unique(self.value_of_row[row], return_index=True)
        return Incidence(
            self.kind[value],
            self.source[value],
            self.holders[value],
            np.r_[first, len(row)].astype(np.int64),
            self.who[row],
            self.role[row],
            self.since[row],
            self.last[row],
            self.hub[value],
        )


def incidence_of(tables: Tables) -> Incidence:
    """All values that two or more applicants hold before the view's moment."""
    identifiers, merchants, agents = (
        len(tables.identifiers["kind"]),
        len(tables.merchant_ids),
        len(tables.agent_ids),
    )
    paid = same_payments(tables)
    payments = int(paid[0].max(initial=-1)) + 1
    kind = np.r_[
        tables.identifiers["kind"].astype(np.int8),
        np.full(merchants, MERCHANT, np.int8),
        np.full(agents, AGENT, np.int8),
        np.full(payments, PAYMENT, np.int8),
    ]
    counts = (identifiers, merchants, agents, payments)
    source = np.concatenate([np.arange(count) for count in counts]).astype(np.int32)
    rows = _one_per_holder(*_rows(tables, paid))
    value = rows[0]
    count = np.bincount(value, minlength=len(kind))
    rows = tuple(column[count[value] >= 2] for column in rows)
    # they were by applicant before
    value, who, role, since, last = (column[np.lexsort((rows[3], rows[0]))] for column in rows)
    values = np.flatnonzero(count >= 2)
    holders, none = count[values], np.zeros(len(values), np.int8)
    start = np.r_[0, np.cumsum(holders)].astype(np.int64)
    found = Incidence(kind[values], source[values], holders, start, who, role, since, last, none)
    return _with_hubs(found, tables)


def _rows(tables: Tables, paid: tuple[Column, Column, Column]) -> tuple[Column, Column, Column]:
    """Every (value, applicant, role), some more than once, as one number: value << 34 | applicant << 2 |
    role; and since and last (rows,).
    """
    identifiers, merchants = len(tables.identifiers["kind"]), len(tables.merchant_ids)
    ties, applications = tables.ties, tables.applications
    packed = [
        ties["identifier"].astype(np.int64) << 34 | ties["applicant"].astype(np.int64) << 2 | ties["role"]
    ]
    since, last = [ties["since"]], [ties["last"]]
    for column, offset in (("merchant", identifiers), ("agent", identifiers + merchants)):
        at = applications[column] >= 0
        packed.append(
            applications[column][at].astype(np.int64) + offset << 34
            | applications["applicant"][at].astype(np.int64) << 2
        )
        since.append(applications["at"][at])
        last.append(applications["at"][at])
    what, who, when = paid
    offset = identifiers + merchants + len(tables.agent_ids)
    packed.append(what.astype(np.int64) + offset << 34 | who.astype(np.int64) << 2)
    since.append(when)
    last.append(when)
    return np.concatenate(packed), np.concatenate(since), np.concatenate(last)


def _one_per_holder(packed: Column, since: Column, last: Column) -> tuple[Column, ...]:
    """Value, applicant, role, since and last, one row a holder by (value, applicant): strongest role, first
    since, latest last.
    """
    order = np.argsort(packed)
    packed = packed[order]
    first = np.flatnonzero(np.r_[True, np.diff(packed >> 2) != 0]) if len(packed) else np.zeros(0, np.int64)
    since = np.minimum.reduceat(since[order], first) if len(first) else since
    last = np.maximum.reduceat(last[order], first) if len(first) else last
    packed = packed[first]
    return (
        packed >> 34,
        (packed >> 2 & (1 << 32) - 1).astype(np.int32),
        (packed & 3).astype(np.int8),
        since,
        last,
    )


def _with_hubs(incidence: Incidence, tables: Tables) -> Incidence:
    """Mark the values that link nobody."""
    identifier = incidence.kind < MERCHANT
    linking = np.ones(len(incidence.kind), bool)
    linking[identifier] = tables.identifiers["linking"][incidence.source[identifier]]
    start, stop = incidence.start[:-1], incidence.start[1:]
    arrivals = (incidence.since[start], incidence.since[(start + stop) // 2], incidence.since[stop - 1])
    return replace(incidence, hub=batch_reasons(incidence.kind, linking, incidence.holders, arrivals))
