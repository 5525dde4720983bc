"""Multi-lending variables by the words of docs/multi_lending.md, slowly and in pandas over the raw facts."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta

import pandas as pd

from graph.model.types import Application, Facts, IdentifierKind, OutcomeStatus, PlatformType, Role

HOURS = {
    "1h": 1,
    "3h": 3,
    "6h": 6,
    "12h": 12,
    "24h": 24,
    "3d": 72,
    "7d": 168,
    "15d": 360,
    "1m": 720,
    "3m": 2_160,
    "6m": 4_320,
    "12m": 8_640,
}
KINDS = {"id": "national_id", "phone": "phone", "device": "device", "card": "bank_card"}
TYPES = {
    "bank_tra": PlatformType.BANK_TRADITIONAL,
    "bank_onl": PlatformType.BANK_ONLINE,
    "nbank_cf": PlatformType.CONSUMER_FINANCE,
    "nbank_nml": PlatformType.NETWORK_MICROLOAN,
    "nbank_ml": PlatformType.MICROLOAN,
    "nbank_p2p": PlatformType.P2P,
    "nbank_auto": PlatformType.AUTO_FINANCE,
    "nbank_lease": PlatformType.LEASING,
    "nbank_oth": PlatformType.OTHER,
}
PRODUCTS = ("cash", "cash_inst", "off_inst", "cons_inst", "card", "auto")
STATS = ("disbursed_amount", "new_lenders", "apps", "lenders", "approved", "rejected", "disbursed", "amount")
RELATIONS = {
    "id_phones": ("id", "phone"),
    "id_devices": ("id", "device"),
    "id_cards": ("id", "bank_card"),
    "id_addresses": ("id", "address"),
    "phone_ids": ("phone", "national_id"),
    "device_ids": ("device", "national_id"),
    "card_ids": ("card", "national_id"),
}
MONTH = pd.Timedelta(days=30)
DAY = pd.Timedelta(days=1)


class PlainLending:
    """What is known to whoever assesses an application; `person` are the ids of the resolved person,
    `ring` the members of its ring, None for who is in none.
    """

    def __init__(
        self,
        facts: Facts,
        asked: Application,
        person: Collection[str],
        ring: Collection[str] | None,
        zone: str,
    ) -> None:
        self.now = pd.Timestamp(asked.applied_at)
        self.asked, self.person, self.ring, self.facts = asked, person, ring, facts
        self.past = [
            a
            for a in facts.applications
            if a.applied_at < asked.applied_at and a.application_id != asked.application_id
        ]
        lenders = {p.platform_id: p.type for p in facts.platforms}
        rows = []
        for a in self.past:
            steps = sorted(
                (
                    o
                    for o in facts.outcomes
                    if o.application_id == a.application_id and o.at < asked.applied_at
                ),
                key=lambda o: o.at,
            )
            first = {s: next((o.at for o in steps if o.status is s), None) for s in OutcomeStatus}
            paid, back = first[OutcomeStatus.DISBURSED], first[OutcomeStatus.RETURNED]
            parts = [o.amount for o in steps if o.status is OutcomeStatus.DISBURSED]
            rows.append(
                {
                    "application_id": a.application_id,
                    "at": pd.Timestamp(a.applied_at),
                    "lender": a.platform_id,
                    "type": lenders.get(a.platform_id),
                    "product": (a.product or "").lower(),
                    "amount": a.amount,
                    "clock": pd.Timestamp(a.applied_at).tz_convert(zone),
                    "approved": first[OutcomeStatus.APPROVED],
                    "rejected": first[OutcomeStatus.REJECTED],
                    "disbursed": paid,
                    "paid_out": _paid(a.amount, parts),
                    "returned": back is not None and (paid is None or back - paid <= timedelta(days=7)),
                }
            )
        columns = [
            "application_id",
            "at",
            "lender",
            "type",
            "product",
            "amount",
            "clock",
            "approved",
            "rejected",
            "disbursed",
            "paid_out",
            "returned",
        ]
        self.loans = pd.DataFrame(rows, columns=columns).set_index("application_id", drop=False)
        for mark in ("at", "approved", "rejected", "disbursed"):
            self.loans[mark] = pd.to_datetime(self.loans[mark], utc=True)

    def value(self, name: str) -> float | None:
        """One variable, None where nothing is known."""
        head, _, rest = name.removeprefix("ml_").partition("_")
        if head in HOURS and rest in (*RELATIONS, "phone_as_contact_of"):
            return self._relation(rest, pd.Timedelta(hours=HOURS[head]))
        if name.endswith("_days_since_change"):
            return self._change(name.removeprefix("ml_").removesuffix("_days_since_change"))
        if head not in HOURS:  # acceleration and bursts have a span of their own
            known = self._under(head)
            return None if known.empty else self._windowless(known[~known.returned], rest)
        key, _, rest = rest.partition("_")
        known = self._under(key)
        if known.empty:
            return None
        window = pd.Timedelta(hours=HOURS[head])
        stat = next((s for s in STATS if rest.endswith(f"_{s}")), None)
        if stat is None:
            return self._rhythm(known[~known.returned], window, rest)
        return self._count(known, window, rest.removesuffix(f"_{stat}"), stat)

    def _under(self, key: str) -> pd.DataFrame:
        if key in ("person", "ring"):
            who = self.person if key == "person" else self.ring or ()
            return self.loans.loc[[a.application_id for a in self.past if a.applicant_id in who]]
        mine = _own(self.asked, KINDS[key])
        return self.loans.loc[[a.application_id for a in self.past if _own(a, KINDS[key]) & mine]]

    def _count(self, known: pd.DataFrame, window: pd.Timedelta, segment: str, stat: str) -> float | None:
        chosen = known[self._belongs(known, segment)]
        if stat != "rejected":
            chosen = chosen[~chosen.returned]
        mark = {
            "approved": "approved",
            "rejected": "rejected",
            "disbursed": "disbursed",
            "disbursed_amount": "disbursed",
        }.get(stat, "at")
        inside = chosen[chosen[mark] >= self.now - window]
        if stat.endswith("amount"):
            amounts = inside["amount" if stat == "amount" else "paid_out"].astype(float)
            return None if len(amounts) and amounts.isna().all() else round(float(amounts.sum()), 2)
        if stat == "lenders":
            return float(inside.lender.nunique())
        if stat == "new_lenders":
            ever = known[~known.returned].groupby("lender")["at"].min()
            return float(sum(ever[lender] >= self.now - window for lender in inside.lender.unique()))
        return float(len(inside))

    def _belongs(self, loans: pd.DataFrame, segment: str) -> pd.Series:
        bank = loans.type.isin([PlatformType.BANK_TRADITIONAL, PlatformType.BANK_ONLINE])
        hour, weekday = (
            loans.clock.map(lambda at, what=what: getattr(at, what)) for what in ("hour", "day_of_week")
        )
        if segment in TYPES:
            return loans.type == TYPES[segment]
        if segment in PRODUCTS:
            return loans["product"] == segment
        choices = {
            "all": pd.Series(True, loans.index),
            "own": loans.lender == self.asked.platform_id,
            "others": loans.lender != self.asked.platform_id,
            "bank": bank,
            "nbank": loans.type.notna() & ~bank,
            "week": weekday >= 5,
            "night": (hour >= 22) | (hour < 6),
            "small_hours": hour < 5,
        }
        return choices[segment].astype(bool)

    def _rhythm(self, made: pd.DataFrame, window: pd.Timedelta, measure: str) -> float | None:
        at = made["at"][made["at"] >= self.now - window].sort_values()
        gaps = at.diff().dropna()
        months = pd.Series(
            [
                ((at >= self.now - (m + 1) * MONTH) & (at < self.now - m * MONTH)).sum()
                for m in range(window // MONTH)
            ]
        )
        active = months[months > 0]
        if measure == "active_months":
            return float(len(active))
        if measure == "mean_per_active_month":
            return float(active.mean()) if len(active) else 0.0
        if measure in ("max_month", "min_month"):
            return float(active.agg(measure[:3])) if len(active) else 0.0
        if measure in ("max_gap_days", "min_gap_days"):
            return float(gaps.agg(measure[:3]) // DAY) if len(gaps) else None
        if measure in ("first_days_ago", "last_days_ago"):
            return (
                float((self.now - at.agg("min" if measure[0] == "f" else "max")) // DAY) if len(at) else None
            )
        days = made.clock[at.index].map(lambda one: one.date())
        run, day = 0, max(days, default=None)
        length = 0
        while day in set(days):
            run, length, day = run + 1, length + int((days == day).sum()), day - timedelta(days=1)
        return float(length if measure == "run_length" else run)

    def _windowless(self, made: pd.DataFrame, measure: str) -> float:
        at = made["at"]
        if measure == "acceleration":
            month = (at >= self.now - MONTH).sum()
            return float((at >= self.now - 7 * DAY).sum() / month) if month else 0.0
        slice_ = pd.Timedelta(hours=int(measure.removeprefix("burst_").removesuffix("h")))
        late = at[at >= self.now - 14 * DAY]
        return float(max((((late >= one) & (late < one + slice_)).sum() for one in late), default=0))

    def _relation(self, relation: str, window: pd.Timedelta) -> float | None:
        if relation == "phone_as_contact_of":
            named = self._named_as_contact()
            if not named and self._under("phone").empty:
                return None
            return float(len({who for who, at in named if at >= self.now - window}))
        uses = self._uses(relation)
        return None if uses is None else float(len({what for what, at in uses if at >= self.now - window}))

    def _change(self, relation: str) -> float | None:
        uses = self._named_as_contact() if relation == "phone_as_contact_of" else self._uses(relation)
        if not uses:
            return None
        first: dict[str, pd.Timestamp] = {}
        for what, at in uses:
            first[what] = min(at, first.get(what, at))
        return float((self.now - max(first.values())) // DAY)

    def _uses(self, relation: str) -> list[tuple[str, pd.Timestamp]] | None:
        key, kind = RELATIONS[relation]
        under = set(self._under(key).index)
        if not under:
            return None
        made = [a for a in self.past if a.application_id in under]
        return [(token, pd.Timestamp(a.applied_at)) for a in made for token in _own(a, kind)]

    def _named_as_contact(self) -> list[tuple[str, pd.Timestamp]]:
        mine = _own(self.asked, "phone")
        said = [
            (a.applicant_id, a.applied_at)
            for a in self.past
            for m in a.mentions
            if m.role is Role.CONTACT
            and m.identifier.kind is IdentifierKind.PHONE
            and m.identifier.token in mine
        ]
        said += [
            (c.applicant_id, c.at)
            for c in self.facts.contacts
            if c.phone.token in mine and c.relation != "self" and c.at < self.asked.applied_at
        ]
        return [(who, pd.Timestamp(at)) for who, at in said if who not in self.person]


def _own(application: Application, kind: str) -> set[str]:
    return {
        m.identifier.token
        for m in application.mentions
        if m.role is Role.OWN and m.identifier.kind == kind and m.identifier.linking
    }


def _paid(amount: float | None, parts: list[float | None]) -> float | None:
    """What was paid out: the parts together, and never more than was asked for."""
    known = [part for part in parts if part is not None]
    if amount is None:
        return max(known, default=None)
    if not parts:
        return None
    return min(sum(known), amount) if len(known) == len(parts) else amount
