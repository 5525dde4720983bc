"""Which way shows each signal and variable, and the way itself in names: what a reason gives as its evidence."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from graph import multi_lending
from graph.features import finders
from graph.features.finders import Finder, Who, own, shared, to
from graph.features.keys import PERSON
from graph.features.observe import FAMILIES
from graph.features.paths import find
from graph.features.room import CONTACT, Reading, ways
from graph.features.trail import Node, Trail, trail_for
from graph.frame.names import Names
from graph.frame.neighbourhood import UNDATED, Neighbourhood
from graph.model import Application
from graph.model import IdentifierKind as Kind
from graph.moments import moment
from graph.signals.holders import BAD, NEWCOMERS, WHAT
from graph.signals.registry import Path
from graph.tables import KINDS, ROLES

_NAMES, _CONTACT = ways(["names"]), ways(["contact"])
_BY_FAMILY = (
    finders.STRONGEST_BOND, finders.STRONGEST_BOND, shared(Kind.DEVICE), shared(Kind.PHONE), shared(Kind.DEVICE), finders.TO_MERCHANT,
    finders.TO_SUBJECT,
)  # fmt: skip
_ROLE = {role.value: code for code, role in enumerate(ROLES)}
_OF_ITS_OWN: dict[str, Finder] = {
    "sharing_weight": finders.HEAVIEST_BOND,
    "closest_bond_weight": finders.HEAVIEST_BOND,
    "kinds_shared_max": finders.MOST_WAYS,
    "multi_kind_people": finders.MOST_WAYS,
    "strong_strangers": finders.TO_STRANGER,
    "strong_component": to(Who.GROUP),
    "core_number": to(Who.GROUP),
    **dict.fromkeys(("strong_bad", "bad_weight", "bad_two_steps", "bad_distance", "bad_share"), to(Who.BAD)),
    **dict.fromkeys(("ring_score", "ring_size", "ring_bad_rate"), finders.TO_RING),
    "ring_near_score": finders.INTO_FLAGGED,
    "strong_rejected_share": to(Who.REJECTED),
    "neighbours_late_share": to(Who.LATE),
    **dict.fromkeys(("strong_applied_7d", "strong_applied_30d", "strong_lenders_mean_30d"), to(Who.RECENT)),
    "strong_new_share": to(Who.NEW),
    "lookalikes_30d": to(Who.ALIKE),
    "strong_other_city_share": to(Who.OTHER_CITY),
    "strong_same_place_share": to(Who.SAME_PLACE),
    "place_applied_7d": to(Who.RECENT_AT_PLACE),
    "group_applied_30d": to(Who.RECENT_IN_GROUP),
    "group_new_share": to(Who.NEW_IN_GROUP),
    "group_bad": to(Who.BAD_IN_GROUP),
    "device_shared_strangers": shared(Kind.DEVICE, strangers=True),
    "device_age_days": own(Kind.DEVICE),
    "devices_new_30d": own(Kind.DEVICE),
    "card_shared_others": shared(Kind.BANK_CARD),
    "email_shared_others": shared(Kind.EMAIL),
    "card_age_days": own(Kind.BANK_CARD),
    "cards_new_30d": own(Kind.BANK_CARD),
    "phone_named_by": shared(Kind.PHONE, ways=_NAMES),
    "phone_named_by_30d": shared(Kind.PHONE, ways=_NAMES),
    "contact_shared_others": shared(Kind.PHONE, CONTACT, _CONTACT),
    "contact_shared_strangers": shared(Kind.PHONE, CONTACT, _CONTACT, strangers=True),
    "contact_shared_30d": shared(Kind.PHONE, CONTACT, _CONTACT),
    "contact_applicants": shared(Kind.PHONE, CONTACT, _NAMES),
    "contacts_new_share": own(Kind.PHONE, CONTACT),
    "phone_age_days": own(Kind.PHONE),
    **{f"{what}_holders": shared(kind, _ROLE[role]) for what, (kind, role, *_) in WHAT.items()},
    **{f"{what}_newcomers_30d": shared(WHAT[what][0], _ROLE[WHAT[what][1]]) for what in NEWCOMERS},
    **{f"{what}_bad": to(Who.BAD_AT, WHAT[what][0], _ROLE[WHAT[what][1]]) for what in BAD},
    **dict.fromkeys(("agent_bad_share", "agent_rejected_share", "agent_applications_7d", "agent_entangled_share"), finders.TO_AGENT),
    "payers": finders.TO_PAYER,
    "common_counterparty": finders.TO_COLLECTOR,
    "device_tampered": own(Kind.DEVICE),
    "national_id_unverified": own(Kind.NATIONAL_ID),
    "other_applicant_ids": finders.TO_OTHER_SELF,
}
FINDERS: Mapping[str, Finder] = MappingProxyType(
    {one.name: _OF_ITS_OWN.get(one.name, usual) for family, usual in zip(FAMILIES, _BY_FAMILY, strict=True) for one in family}
)
"""Signal -> the way that shows it."""


class Shown(NamedTuple):
    """A path in names, and whether it leads beyond the application and its applicant."""

    path: Path
    beyond: bool


class Guide:
    """Goes ways through one neighbourhood that was read, and says them in names; `asked` is the application in question.

    `n`, `r` and the room of the trail are used, not kept: a guide is of no use any more when the next subject is looked at.
    """

    def __init__(self, n: Neighbourhood, r: Reading, names: Names, asked: Application | None, trail: Trail | None = None) -> None:
        self._n, self._r, self._names, self._asked = n, r, names, asked
        self._trail = trail_for(n) if trail is None else trail

    def to_signal(self, name: str) -> Shown | None:
        """To what shows the signal; None where nothing there does."""
        return self.by(FINDERS[name])

    def by(self, finder: Finder) -> Shown | None:
        """That way; None where it leads nowhere."""
        return self._said() if find(self._n, self._r, self._trail, Finder(*map(int, finder))) else None

    def to_variable(self, name: str) -> Shown | None:
        """Over the key of a multi-lending variable to the latest application counted under it."""
        kind = multi_lending.KEYS[name.split("_")[2]]
        return self.by(finders.lending(PERSON if kind is None else 1 << KINDS.index(kind)))

    @property
    def itself(self) -> Path:
        """From the application in question to its applicant; without one the applicant alone."""
        shown = self.by(finders.TO_SUBJECT)
        assert shown is not None  # it is there, whatever else is
        return shown.path

    def _said(self) -> Shown:
        about = self._trail.about[0]
        steps = self._trail.steps[: about["steps"]].tolist()
        since = int(about["since"])
        shared_since = None if since == UNDATED else moment(since)
        if shared_since is None and steps[-1][0] == Node.RING and steps[-2][0] == Node.PERSON:
            shared_since = self._names.joined(steps[-2][1])
        return Shown(Path(tuple(self._node(*one) for one in steps), shared_since), bool(about["beyond"]))

    def _node(self, node: int, number: int) -> str:
        names = self._names
        if node == Node.IDENTIFIER:
            return names.identifier(number).node
        if node == Node.PERSON:
            return f"applicant:{names.person(number)}"
        if node == Node.APPLICATION:
            return f"application:{names.application(number)}"
        if node == Node.RING:
            return f"ring:{names.ring(number)}"
        assert self._asked is not None  # a way to a shop begins there
        return f"merchant:{self._asked.merchant_id}" if node == Node.MERCHANT else f"agent:{self._asked.agent_id}"
