"""Normalises identifiers to one canonical form for all spellings, and marks values that cannot be valid."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

from graph.model.types import IdentifierKind as K
from ingestion.characters import compatible
from ingestion.digits import whole
from ingestion.identifiers.gaps import shows_gaps
from ingestion.identifiers.machines import device, ip, wifi
from ingestion.identifiers.masks import FORMLESS, mask
from ingestion.identifiers.numbers import bank_card, national_id
from ingestion.identifiers.phones import phone
from ingestion.identifiers.placeholders import is_placeholder
from ingestion.identifiers.validity import Formed, Validity, Why
from ingestion.identifiers.words import address, email, employer
from ingestion.nulls import is_null

_NUMBERS = frozenset((K.NATIONAL_ID, K.PHONE, K.BANK_CARD, K.DEVICE))
_FORMS: Mapping[K, Callable[[str], Formed]] = MappingProxyType(
    {
        K.NATIONAL_ID: national_id,
        K.PHONE: phone,
        K.DEVICE: device,
        K.BANK_CARD: bank_card,
        K.EMAIL: email,
        K.IP: ip,
        K.WIFI: wifi,
        K.ADDRESS: address,
        K.EMPLOYER: employer,
    }
)


class NormalisedValue(NamedTuple):
    """A value in its canonical form, the form for people, its standing, and of an unverified one why."""

    value: str
    masked: str
    validity: Validity
    why: Why | None = None


def normalise(kind: K, text: str) -> NormalisedValue:
    """`text` (not empty) as the canonical value of its kind. One that shows gaps stays as it is, so that two
    of them stay two.
    """
    text = compatible(text)
    if kind in _NUMBERS:
        text = whole(text)  # a column of numbers with gaps, as spreadsheets and data frames write it
    value, why = (" ".join(text.split()), Why.GAPS) if shows_gaps(kind, text) else _FORMS[kind](text)
    masked = FORMLESS if why else mask(kind, value)
    if not text or is_null(text) or is_placeholder(kind, value):
        return NormalisedValue(value, masked, Validity.PLACEHOLDER)
    return NormalisedValue(value, masked, Validity.UNVERIFIED if why else Validity.VALID, why)
