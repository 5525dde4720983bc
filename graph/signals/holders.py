"""Signals of crowding: how many hold what the application names, how many of them are new, and how many of them are known to be bad."""

from __future__ import annotations

from graph.model import IdentifierKind as Kind
from graph.signals.neighbours import Neighbour
from graph.signals.paths import shared, to_people
from graph.signals.reading import MONTH, Held, Reading
from graph.signals.registry import Dimension, SignalFunction

# What is counted -> kind, role, English, Chinese.
WHAT: dict[str, tuple[Kind, str, str, str]] = {
    "device": (Kind.DEVICE, "own", "this device", "该设备"),
    "phone": (Kind.PHONE, "own", "this number", "该手机号"),
    "contact": (Kind.PHONE, "contact", "a contact's number", "联系人号码"),
    "employer_phone": (Kind.PHONE, "employer", "the employer's number", "单位电话"),
    "card": (Kind.BANK_CARD, "own", "this bank card", "该银行卡"),
    "email": (Kind.EMAIL, "own", "this e-mail address", "该邮箱"),
    "address": (Kind.ADDRESS, "own", "this address", "该地址"),
    "wifi": (Kind.WIFI, "own", "this Wi-Fi", "该Wi-Fi"),
    "ip": (Kind.IP, "own", "this IP address", "该IP"),
    "employer": (Kind.EMPLOYER, "own", "this employer", "该单位"),
}
NEWCOMERS = ("device", "contact", "address", "wifi", "ip", "employer")
BAD = ("device", "phone", "contact", "card", "address")


def _current(r: Reading, kind: Kind, role: str) -> list[Held]:
    """What the application names of it; without an application, or where it names none, what was ever held."""
    held = r.of(kind, role)
    return [one for one in held if one.now] or held


def _holders(what: str) -> SignalFunction:
    kind, role, en, zh = WHAT[what]

    def measure(r: Reading) -> float | None:
        counts = [one.holders - (one.since is not None) for one in _current(r, kind, role)]
        return float(max(0, *counts)) if counts else None

    return SignalFunction(
        name=f"{what}_holders",
        dimension=_dimension(what),
        direction="either",
        unit="people",
        text_en=f"{{value}} others hold {en}",
        text_zh=f"另有{{value}}人使用{zh}",
        doc=f"Others known to hold {en} by then, in whatever role, hubs included and counted up to a cap; the most where there are several.",
        measure=measure,
        path=shared(kind, role),
    )


def _newcomers(what: str) -> SignalFunction:
    kind, role, en, zh = WHAT[what]

    def measure(r: Reading) -> float | None:
        counts = [sum(other.since >= r.t - MONTH for other in one.others) for one in _current(r, kind, role) if not one.hub]
        return float(max(counts)) if counts else None

    return SignalFunction(
        name=f"{what}_newcomers_30d",
        dimension=_dimension(what),
        direction="up",
        unit="people",
        text_en=f"{{value}} others are new at {en} within 30 days",
        text_zh=f"30天内{{value}}人新使用{zh}",
        doc=f"Others first seen at {en} in the last 30 days, the most where there are several; None where it is a hub.",
        measure=measure,
        path=shared(kind, role),
    )


def _bad(what: str) -> SignalFunction:
    kind, role, en, zh = WHAT[what]

    def measure(r: Reading) -> float | None:
        marked = _marked(r, kind, role)
        return None if marked is None else float(len(marked))

    return SignalFunction(
        name=f"{what}_bad",
        dimension=_dimension(what),
        direction="up",
        unit="people",
        text_en=f"{{value}} others at {en} are known frauds or defaulted",
        text_zh=f"{zh}的其他使用者中{{value}}人有欺诈或违约",
        doc=f"Others at {en} (any the subject ever held) of whom a fraud is known or who defaulted; None where all are hubs.",
        measure=measure,
        path=lambda r: to_people(_marked(r, kind, role) or (), r),
    )


def _marked(r: Reading, kind: Kind, role: str) -> list[Neighbour] | None:
    linking = [one for one in r.of(kind, role) if not one.hub]
    if not linking:
        return None
    others = {other.person for one in linking for other in one.others}
    return [r.people[one] for one in sorted(others) if r.people[one].bad or r.people[one].defaulted]


def _dimension(what: str) -> Dimension:
    if what == "device":
        return "device"
    return "phone" if what in ("phone", "contact", "employer_phone") else "ring"


HOLDERS: tuple[SignalFunction, ...] = (*map(_holders, WHAT), *map(_newcomers, NEWCOMERS), *map(_bad, BAD))
