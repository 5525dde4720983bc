"""Projection of shared values to links between applicants: every pair that shares something, with kind,
rarity and time."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from graph.facts.hubs import ALL_PAIRS, NEAR
from graph.facts.tables import KINDS, ROLES, Column, Tables
from graph.kernels.compiled import compiled
from graph.model.moments import DAY
from graph.model.types import IdentifierKind, Role
from graph.rings.sharing.incidence import PAYMENT, Incidence, incidence_of

# What a pair can have in common: the identifiers' kinds, told apart by role where the role changes what it
# says.
LINK_KINDS = (
    *(kind.value for kind in KINDS),
    "merchant",
    "agent",
    "payment",  # the same amount at the same shop, soon after they asked for money
    "known_contact",  # one names the other's own phone as a contact's
    "common_contact",  # both name the same third phone
    "employer_phone",
    "transfer",  # money or anything else that goes from one to the other
    "referral",
)
KNOWN_CONTACT, COMMON_CONTACT, EMPLOYER_PHONE, TRANSFER, REFERRAL = range(PAYMENT + 1, PAYMENT + 6)

# How much one shared value with two holders says before anything is learned: about the chance that the pair
# acts together.
PRIOR = {
    "national_id": 0.9, "phone": 0.7, "device": 0.6, "bank_card": 0.8, "email": 0.7, "ip": 0.2, "wifi": 0.2,
    "address": 0.25, "employer": 0.06, "merchant": 0.01, "agent": 0.04, "payment": 0.2, "known_contact": 0.3,
    "common_contact": 0.45, "employer_phone": 0.15, "transfer": 0.35, "referral": 0.3,
}  # fmt: skip
# What honest people seldom share, the most telling first. The others are soft: they are no corroboration that
# two people act together.
HARD = (
    "device",
    "phone",
    "bank_card",
    "national_id",
    "email",
    "common_contact",
    "known_contact",
    "transfer",
    "referral",
)
SOFT = tuple(kind for kind in LINK_KINDS if kind not in HARD)
SHOPS = ("merchant", "agent")
PLACES = tuple(kind for kind in SOFT if kind not in (*SHOPS, "payment"))


@dataclass(frozen=True)
class ApplicantLinks:
    """Pairs a < b of applicants, sorted by (a, b), each once.

    shared   (P, K) float32   noisy-or of 1 / (holders - 1) over the values shared, by LINK_KINDS; 0 = nothing
             of that kind
    values   (P,) float32     how many values they share        holders (P,) float32   of the rarest shared
             value
    gap      (P,) float32     days between their first mentions of a shared value, the least
    together (P,) bool        whether they held a shared value at the same time, rather than one after the
                              other
    weight   (P,) float64     prior weight 0-1: noisy-or over kinds of what each says
    """

    a: Column
    b: Column
    shared: Column
    values: Column
    holders: Column
    gap: Column
    together: Column
    weight: Column

    def __len__(self) -> int:
        return len(self.a)

    def of(self, rows: Column) -> ApplicantLinks:
        """These rows alone."""
        return ApplicantLinks(*(getattr(self, field.name)[rows] for field in fields(self)))


@dataclass(frozen=True)
class PairRows:
    """One row for each value that a pair shares: ends, kind of link, holders of the value, days between first
    mentions, overlap."""

    a: Column
    b: Column
    kind: Column
    holders: Column
    gap: Column
    together: Column


@dataclass(frozen=True)
class Ends:
    """One holder of each shared value (rows,): applicant, role, first and last mention in microseconds."""

    who: Column
    role: Column
    since: Column
    last: Column


def project(tables: Tables, sharing: Incidence | None = None) -> ApplicantLinks:
    """All links between applicants as of the tables' moment."""
    rows = pair_rows(sharing or incidence_of(tables))
    return linked(stacked(rows, _direct(tables)), len(tables.applicant_ids))


def pair_rows(sharing: Incidence, all_pairs: int = ALL_PAIRS) -> PairRows:
    """The pairs behind every value that is no hub: all of them for values with up to `all_pairs` holders."""
    value, left, right = _pairs(sharing.start, sharing.hub, all_pairs, NEAR)
    one, other = (
        Ends(sharing.who[row], sharing.role[row], sharing.since[row], sharing.last[row])
        for row in (left, right)
    )
    return shared_by(one, other, sharing.kind[value], sharing.holders[value])


def shared_by(one: Ends, other: Ends, kind: Column, holders: Column) -> PairRows:
    """A row for each value that two ends share; `kind` (rows,) is the value's, `holders` (rows,) how many it
    has.
    """
    gap = np.abs(one.since - other.since) / DAY
    together = np.maximum(one.since, other.since) <= np.minimum(one.last, other.last) + 3 * DAY
    kinds = _link_kind(kind, one.role, other.role)
    return PairRows(one.who, other.who, kinds, holders, gap.astype(np.float32), together)


def stacked(*parts: PairRows) -> PairRows:
    """Rows of several sources, one after the other."""
    columns = (
        np.concatenate([getattr(part, name) for part in parts])
        for name in ("a", "b", "kind", "holders", "gap", "together")
    )
    return PairRows(*columns)


def linked(rows: PairRows, applicants: int) -> ApplicantLinks:
    """Rows added up to one link a pair."""
    key = np.minimum(rows.a, rows.b).astype(np.int64) * applicants + np.maximum(rows.a, rows.b)
    order = np.argsort(key, kind="stable")
    key = key[order]
    first = np.flatnonzero(np.r_[True, key[1:] != key[:-1]]) if len(key) else np.zeros(0, np.int64)
    holders, gap, kind, together = (
        rows.holders[order],
        rows.gap[order],
        rows.kind[order],
        rows.together[order],
    )
    shared = _add_up(first, kind.astype(np.int64), holders.astype(np.float64), len(LINK_KINDS))
    prior = np.array([PRIOR[name] for name in LINK_KINDS])
    # A value that passed from one to the other long ago (a second-hand phone) says far less than one that
    # both use.
    apart = np.where(np.logical_or.reduceat(together, first), 1.0, 0.4) if len(first) else np.zeros(0)
    return ApplicantLinks(
        a=(key[first] // max(applicants, 1)).astype(np.int32),
        b=(key[first] % max(applicants, 1)).astype(np.int32),
        shared=shared.astype(np.float32),
        values=np.diff(np.r_[first, len(key)]).astype(np.float32),
        holders=(np.minimum.reduceat(holders, first) if len(first) else holders).astype(np.float32),
        gap=(np.minimum.reduceat(gap, first) if len(first) else gap).astype(np.float32),
        together=np.logical_or.reduceat(together, first) if len(first) else together,
        weight=(1.0 - np.prod(1.0 - shared * prior, axis=1)) * apart,
    )


def _link_kind(kind: Column, left: Column, right: Column) -> Column:
    """What a shared value says, by the roles of both ends."""
    out = kind.astype(np.int8).copy()
    phone = kind == KINDS.index(IdentifierKind.PHONE)
    contact, employer = ROLES.index(Role.CONTACT), ROLES.index(Role.EMPLOYER)
    out[phone & ((left == contact) ^ (right == contact))] = KNOWN_CONTACT
    out[phone & (left == contact) & (right == contact)] = COMMON_CONTACT
    out[phone & ((left == employer) | (right == employer))] = EMPLOYER_PHONE
    return out


def _direct(tables: Tables) -> PairRows:
    """Transfers and referrals between two applicants: no third thing in between."""
    events = tables.events
    at = (events["counterparty"] >= 0) & (events["counterparty"] != events["applicant"])
    a, b = events["applicant"][at], events["counterparty"][at]
    kind = np.where(events["kind"][at] == "referral", REFERRAL, TRANSFER).astype(np.int8)
    partners = (
        np.maximum(
            _partners(a, b, len(tables.applicant_ids))[a], _partners(a, b, len(tables.applicant_ids))[b]
        )
        + 1
    )
    return PairRows(
        a.astype(np.int32),
        b.astype(np.int32),
        kind,
        partners,
        np.zeros(len(a), np.float32),
        np.ones(len(a), bool),
    )


def _partners(a: Column, b: Column, applicants: int) -> Column:
    """How many different people each applicant has dealt with (applicants,)."""
    pairs = (
        np.unique(np.stack([np.minimum(a, b), np.maximum(a, b)]), axis=1)
        if len(a)
        else np.zeros((2, 0), np.int64)
    )
    return np.bincount(pairs.ravel(), minlength=applicants)


@compiled
def _pairs(start: Column, hub: Column, all_pairs: int, near: int) -> tuple[Column, Column, Column]:
    """Value and holder rows of every pair: all of a value's pairs when it has few holders, else
    neighbours in time."""
    total = 0
    for v in range(len(hub)):
        h = start[v + 1] - start[v]
        if hub[v] == 0:
            reach = h - 1 if h <= all_pairs else near
            total += reach * h - reach * (reach + 1) // 2
    value, left, right = np.empty(total, np.int32), np.empty(total, np.int64), np.empty(total, np.int64)
    n = 0
    for v in range(len(hub)):
        if hub[v] != 0:
            continue
        h = start[v + 1] - start[v]
        reach = h - 1 if h <= all_pairs else near
        for i in range(start[v], start[v + 1]):
            for j in range(i + 1, min(i + reach + 1, start[v + 1])):
                value[n], left[n], right[n] = v, i, j
                n += 1
    return value, left, right


@compiled
def _add_up(first: Column, kind: Column, holders: Column, kinds: int) -> Column:
    """Noisy-or of 1 / (holders - 1) by pair and kind."""
    out = np.zeros((len(first), kinds))
    for p in range(len(first)):
        last = first[p + 1] if p + 1 < len(first) else len(kind)
        for row in range(first[p], last):
            out[p, kind[row]] = 1.0 - (1.0 - out[p, kind[row]]) * (1.0 - 0.999 / (holders[row] - 1.0))
    return out
