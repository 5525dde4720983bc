"""The ml_* variables: who asked how many lenders for money, by key, window and segment, strictly before the moment of the assessment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate, chain, product
from types import MappingProxyType
from typing import Literal, NamedTuple

from graph.entity import Entity, resolve
from graph.evidence import Evidence
from graph.facts.loans import first_told, given_back
from graph.keys import Keys, keys, name
from graph.model import Application, IdentifierKind, OutcomeStatus, Role

WINDOWS: Mapping[str, timedelta] = MappingProxyType(
    {"24h": timedelta(hours=24), "7d": timedelta(days=7), "1m": timedelta(days=30), "3m": timedelta(days=90), "12m": timedelta(days=360)}
)
"""Half-open spans [t - w, t), shortest first; a month is 30 days."""

KEYS: Mapping[str, IdentifierKind | None] = MappingProxyType(
    {
        "id": IdentifierKind.NATIONAL_ID,
        "phone": IdentifierKind.PHONE,
        "device": IdentifierKind.DEVICE,
        "card": IdentifierKind.BANK_CARD,
        "person": None,
    }
)
"""Whose applications are counted: those that name the same identifier as their own, or (person) those of the resolved entity."""

SEGMENTS = ("all", "others", "bank", "nbank")


_APPLIED, _REJECTED, _DISBURSED = "applied", "rejected", "disbursed"


class Stat(NamedTuple):
    """Which marks are counted (applications, rejections or disbursements, each at its own moment); `distinct`: by lender, once each."""

    of: str
    distinct: bool
    one_en: str
    text_en: str
    text_zh: str


STATS: Mapping[str, Stat] = MappingProxyType(
    {
        "apps": Stat(_APPLIED, False, "application", "applications", "申请次数"),
        "lenders": Stat(_APPLIED, True, "lender asked", "lenders asked", "申请机构数"),
        "rejected": Stat(_REJECTED, False, "rejection", "rejections", "被拒次数"),
        "disbursed": Stat(_DISBURSED, False, "disbursement", "disbursements", "放款次数"),
    }
)
_BY_LENDER = frozenset(stat.of for stat in STATS.values() if stat.distinct)

NAMES: tuple[str, ...] = tuple(f"ml_{w}_{k}_{segment}_{stat}" for k, segment, stat, w in product(KEYS, SEGMENTS, STATS, WINDOWS))
"""All variables, in the order in which they are computed and given to the model."""

_BY_KEY: Mapping[str, tuple[str, ...]] = MappingProxyType({k: tuple(n for n in NAMES if n.split("_")[2] == k) for k in KEYS})
_WORDS = MappingProxyType(
    {
        "id": ("this national id", "同一身份证"), "phone": ("this number", "同一手机号"), "device": ("this device", "同一设备"),
        "card": ("this card", "同一银行卡"), "person": ("this person", "同一人"), "all": ("", ""), "others": (" at other lenders", "其他机构"),
        "bank": (" at banks", "银行"), "nbank": (" at non-banks", "非银机构"), "24h": ("24 hours", "24小时"), "7d": ("7 days", "7天"),
        "1m": ("1 month", "1个月"), "3m": ("3 months", "3个月"), "12m": ("12 months", "12个月"),
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class MultiLending:
    """All variables by name. None: nothing at all is known under that key; 0: something is, and nothing in the window.

    `left_out`: the keys under which nothing was counted though they are named, with the reason.
    """

    status: Literal["found", "no_record"]
    variables: Mapping[str, float | None]
    left_out: Mapping[str, str]


class _Mark(NamedTuple):
    """Something counted: when, what, and at which lender (of which SEGMENTS)."""

    at: datetime
    kind: str
    lender: str
    segments: tuple[bool, ...]


def compute(evidence: Evidence, entity: Entity | None = None) -> MultiLending:
    """All variables of one evidence. Pure; no lender is named in it, and the application in question is not counted.

    `entity`: the person behind it, where that was found out already.
    """
    variables: dict[str, float | None] = {}
    known: dict[str, Sequence[_Mark]] = {}
    cuts = [evidence.as_of - span for span in WINDOWS.values()]
    named = keys(evidence.graph, evidence.subject)
    for key, kind in KEYS.items():
        made = of_person(evidence, entity) if kind is None else naming(evidence, kind, named)
        if not made:
            variables.update(_NOTHING[key])
            continue
        marks = [mark for one in made for mark in known.get(one.application_id) or known.setdefault(one.application_id, _marks(one, evidence))]
        marks.sort(reverse=True)
        variables.update(zip(_BY_KEY[key], _values(marks, cuts), strict=True))
    status: Literal["found", "no_record"] = "no_record" if all(value is None for value in variables.values()) else "found"
    return MultiLending(status, variables, left_out(named))


def naming(evidence: Evidence, kind: IdentifierKind, named: Keys | None = None) -> list[Application]:
    """Earlier applications by anybody that name, as the applicant's own, what this application names of `kind`; the subject's own among them.

    Without an application in question it is what the applicant ever named. What says nothing (a hub, a placeholder, a national id
    that fails its checksum) counts for nobody. `named`: the subject's keys, where they are at hand.
    """
    graph, subject = evidence.graph, evidence.subject
    wanted = [node for node, data in (named or keys(graph, subject)).items() if data["type"] == kind and not data["hub"]]
    people = {person.partition(":")[2] for node in wanted for person in graph[node]}
    made = chain.from_iterable(evidence.applications.get(person, ()) for person in people)
    return name(chain(made, evidence.elsewhere), wanted) if wanted else []


def left_out(named: Keys) -> dict[str, str]:
    """Of the keys that a subject names, those under which nothing is counted, with the reason: `many_holders` (a hub), or `not_linking`."""
    hubs = {data["type"]: data["hub"] for data in named.values() if data["hub"]}
    linking = {data["type"] for data in named.values() if not data["hub"]}
    return {key: hubs[kind] for key, kind in KEYS.items() if kind in hubs and kind not in linking}


def of_person(evidence: Evidence, entity: Entity | None = None) -> list[Application]:
    """Earlier applications of the resolved person, under all its applicant ids."""
    return [one for applicant in (entity or resolve(evidence)).applicants for one in evidence.applications.get(applicant, ())]


def _marks(application: Application, evidence: Evidence) -> tuple[_Mark, ...]:
    """What an application counts as; a loan given back within the cooling-off period is neither shopping nor stacking."""
    lender, asked = application.platform_id, evidence.subject.application
    platform = evidence.platforms.get(lender)
    is_asking = lender == asked.platform_id if asked else platform is not None and platform.is_own
    is_bank = platform is not None and platform.type.is_bank
    segments = (True, not is_asking, is_bank, platform is not None and not is_bank)
    told = first_told(evidence.outcomes.get(application.application_id, ()))
    returned = given_back(told)
    marks = [] if returned else [_Mark(application.applied_at, _APPLIED, lender, segments)]
    if (at := told.get(OutcomeStatus.REJECTED)) is not None:
        marks.append(_Mark(at, _REJECTED, lender, segments))
    if not returned and (at := told.get(OutcomeStatus.DISBURSED)) is not None:
        marks.append(_Mark(at, _DISBURSED, lender, segments))
    return tuple(marks)


def _values(marks: Sequence[_Mark], cuts: Sequence[datetime]) -> list[float]:
    """Values for one key in the order of `_BY_KEY`: segments, then stats, then windows. `marks` newest first, the cuts go back in time.

    Each mark is counted in the shortest window that holds it, and each lender where it is met first; what a window holds, the longer ones hold too.
    """
    width = len(cuts)
    counts = {(segment, of, distinct): [0] * (width + 1) for segment in range(len(SEGMENTS)) for of, distinct, *_ in STATS.values()}
    met: set[tuple[int, str, str]] = set()
    window = 0
    for mark in marks:
        while window < width and mark.at < cuts[window]:
            window += 1
        for segment, inside in enumerate(mark.segments):
            if not inside:
                continue
            counts[segment, mark.kind, False][window] += 1
            if mark.kind in _BY_LENDER and (segment, mark.kind, mark.lender) not in met:
                met.add((segment, mark.kind, mark.lender))
                counts[segment, mark.kind, True][window] += 1
    return [float(count) for found in counts.values() for count in accumulate(found[:width])]


_NOTHING: Mapping[str, Mapping[str, None]] = MappingProxyType({k: MappingProxyType(dict.fromkeys(names)) for k, names in _BY_KEY.items()})


@dataclass(frozen=True, slots=True)
class Description:
    """A variable in words: its reason code, and texts that contain `{value}`; `one_en` says the English one of a single thing."""

    code: str
    one_en: str
    text_en: str
    text_zh: str

    def texts(self, value: float) -> tuple[str, str]:
        """The reason in English and in Chinese, its value filled in."""
        shown = f"{value:.0f}"
        return (self.one_en if shown == "1" else self.text_en).format(value=shown), self.text_zh.format(value=shown)


def describe(variable: str) -> Description:
    """The reason code and texts of a variable. Raises KeyError for a name that is not in NAMES."""
    if variable not in _KNOWN:
        raise KeyError(variable)
    _, window, key, segment, stat = variable.split("_")
    (key_en, key_zh), (segment_en, segment_zh), (window_en, window_zh) = _WORDS[key], _WORDS[segment], _WORDS[window]
    where = f"{segment_en} in {window_en} with {key_en}"
    return Description(
        code=variable.upper(),
        one_en=f"{{value}} {STATS[stat].one_en}{where}",
        text_en=f"{{value}} {STATS[stat].text_en}{where}",
        text_zh=f"{key_zh}近{window_zh}{segment_zh}{STATS[stat].text_zh}为{{value}}",
    )


def evidence_path(evidence: Evidence, variable: str) -> tuple[tuple[str, ...], datetime | None] | None:
    """Nodes from the application over the key to the latest applicant counted, another one where there is one, and since when.

    For the person: over the applicant to the latest application counted. None where nothing is counted.
    """
    kind, me = KEYS[variable.split("_")[2]], evidence.subject.applicant_id
    entity, named = resolve(evidence), keys(evidence.graph, evidence.subject)
    made = of_person(evidence, entity) if kind is None else naming(evidence, kind, named)
    if not made:
        return None
    last = max(made, key=lambda one: (kind is not None and one.applicant_id != me, one.applied_at, one.application_id))
    asked, person = evidence.subject.application, f"applicant:{last.applicant_id}"
    start = f"application:{asked.application_id}" if asked else evidence.subject.node
    if kind is None:
        between = [node for node in entity.because if person in evidence.graph.adj[node]] if last.applicant_id != me else []
        nodes: tuple[str, ...] = (start, *between[:1], person, f"application:{last.application_id}")
    else:
        between = sorted(m.identifier.node for m in last.mentions if m.identifier.kind is kind and m.role is Role.OWN)
        nodes = (start, *([node for node in between if node in named] or between)[:1], person)
    return nodes if nodes[0] != nodes[1] else nodes[1:], min(one.applied_at for one in made)


_KNOWN = frozenset(NAMES)
