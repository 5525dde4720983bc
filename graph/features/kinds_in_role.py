"""Identifier kinds by role as signals name them: a phone number as one's own, a contact's or an
employer's.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from graph.facts.tables import KINDS, ROLES
from graph.model.types import IdentifierKind as Kind
from graph.model.types import Role


class KindInRole(NamedTuple):
    """Identifiers of a kind, numbers in a role, and the words for one of them."""

    kind: Kind
    role: Role
    text_en: str
    text_zh: str

    @property
    def role_code(self) -> int:
        """Position in ROLES."""
        return ROLES.index(self.role)


WHAT = {
    "device": KindInRole(Kind.DEVICE, Role.OWN, "this device", "该设备"),
    "phone": KindInRole(Kind.PHONE, Role.OWN, "this number", "该手机号"),
    "contact": KindInRole(Kind.PHONE, Role.CONTACT, "a contact's number", "联系人号码"),
    "employer_phone": KindInRole(Kind.PHONE, Role.EMPLOYER, "the employer's number", "单位电话"),
    "card": KindInRole(Kind.BANK_CARD, Role.OWN, "this bank card", "该银行卡"),
    "email": KindInRole(Kind.EMAIL, Role.OWN, "this e-mail address", "该邮箱"),
    "address": KindInRole(Kind.ADDRESS, Role.OWN, "this address", "该地址"),
    "wifi": KindInRole(Kind.WIFI, Role.OWN, "this Wi-Fi", "该Wi-Fi"),
    "ip": KindInRole(Kind.IP, Role.OWN, "this IP address", "该IP"),
    "employer": KindInRole(Kind.EMPLOYER, Role.OWN, "this employer", "该单位"),
}
"""Things whose other holders are counted."""
NEWCOMERS = ("device", "contact", "address", "wifi", "ip", "employer")
"""Things at which newcomers are counted."""
ARRIVED_AT = ("address", "wifi", "ip", "employer")
"""Of these the places and works, to which honest people arrive together."""
BAD = ("device", "phone", "contact", "card", "address")
"""Things at which those who are known to be bad are counted."""

KINDS_IN_ROLE = (*WHAT, "national_id")
_PLACE = {(thing.kind, thing.role): place for place, thing in enumerate(WHAT.values())} | {
    (Kind.NATIONAL_ID, Role.OWN): len(WHAT)
}
KIND_IN_ROLE = np.array(
    [[_PLACE[kind, role if kind is Kind.PHONE else Role.OWN] for role in ROLES] for kind in KINDS], np.int8
)
"""Kind and role (positions in KINDS and ROLES) -> position in THINGS."""
