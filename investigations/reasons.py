"""Reasons: from contributions, signals and rules to at most four ranked reasons, each with a stable code and
a masked evidence path.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

from graph.features.lending import multi_lending
from graph.features.path_rules import TO_RING, is_of_links
from graph.features.paths.evidence_paths import EvidencePaths, Path
from graph.features.signals.catalogue import SIGNALS
from graph.model.types import Membership
from investigations.assessments import Reason, ReasonCode
from investigations.masks import masked_node
from investigations.reference_ranges import ReferenceRanges
from investigations.rules import RING_LISTED, FiredRule

_COUNTED = ("count", "people")  # units of signals that count
# shares that are drawn towards one in twenty
_DRAWN = frozenset({"bad_share", "merchant_bad_share", "agent_bad_share"})
_VARIABLES = frozenset(multi_lending.NAMES)
_DIMENSION = dict.fromkeys(multi_lending.NAMES, "multi_lending") | {
    signal.name: signal.dimension for signal in SIGNALS.values()
}
_WINDOW = re.compile(r"_(24h|\d+d|\d+m)(?=_|$)")
_SEGMENT = re.compile(rf"_({'|'.join(multi_lending.SEGMENTS)})(?=_)")

# What a rule and a signal or variable tell alike.
_STATED_BY_RULES: Mapping[str, str] = {
    "RULE_FRAUD_KNOWN": "own_fraud_labels",
    "RULE_LOAN_GONE_BAD": "own_late",
    "RULE_FACE_MISMATCH": "face_match",
    "RULE_LIVENESS_FAILED": "liveness",
    "RULE_THREE_ELEMENT_FAILED": "three_element_failed",
    "RULE_MANY_APPLICATIONS_7D": "ml_person_apps",
    "RULE_DEVICE_BURST": "device_burst",
    "RULE_CONTACT_BURST": "contact_burst",
    "RULE_CARD_BURST": "card_burst",
}

Evidence = tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReasonChoice:
    """How reasons are chosen.

    At most `most` in one answer, and of one dimension `of_a_dimension`; one more of it where a place is free,
    or where it weighs at least `outweighs` times what it pushes out. What has less than the share `least` of
    the risk is no reason. An age of `new_days` or more is no news, and no reason; nor is a share that is
    drawn towards `drawn_towards` and does not exceed it: nobody bad need be behind it.
    """

    most: int = 4
    of_a_dimension: int = 2
    outweighs: float = 2.0
    least: float = 0.03
    new_days: float = 30.0
    drawn_towards: float = 0.05


class Candidate(NamedTuple):
    """A candidate for a reason: a signal or variable by its `name`, or a stated reason code; `weight` in the
    units of its source; `asks`: for a person, whatever it weighs.

    `shown` is where the subgraph shows what `stated` says: None where that lies in the application and its
    applicant themselves.
    """

    name: str
    dimension: str
    weight: float
    value: float | None
    stated: ReasonCode | None = None
    shown: tuple[Path, ...] | None = None
    asks: bool = False

    @property
    def code(self) -> ReasonCode:
        """Its words, the value filled in."""
        return self.stated or _words(self.name, self.value or 0.0)

    @property
    def finding(self) -> str:
        """What it tells, through whatever window or segment: two candidates of one finding are one reason."""
        if self.stated is not None:
            return _STATED_BY_RULES.get(self.stated.code, self.stated.code)
        return _finding(self.name)


@cache
def _finding(name: str) -> str:
    """What a signal or variable tells, through whatever window or segment."""
    return _WINDOW.sub("", _SEGMENT.sub("", name) if name in _VARIABLES else name)


class _Telling(NamedTuple):
    """Between which values a signal or variable is a reason, and of which dimension; `below` None: below what
    is usual.
    """

    dimension: str
    above: float
    below: float | None

    def of(self, name: str, value: float, usual: ReferenceRanges) -> bool:
        """Whether that value of it is a reason."""
        below = usual.low.get(name, -math.inf) if self.below is None else self.below
        return self.above < value < below


@cache
def _telling_values(telling: ReasonChoice) -> Mapping[str, _Telling]:
    """By name: the values that have words and speak against somebody; good news, and the lack of any, does
    not.

    "0 loans repaid" may be a reason to doubt, "3 loans repaid" is none; "0 people share it" is none either,
    nor is a face that matched as nearly everybody's does. An age of 0 days is one that nothing is known of.
    """
    out = {name: _Telling("multi_lending", 0.0, math.inf) for name in multi_lending.NAMES}
    for name, signal in SIGNALS.items():
        if signal.direction == "up":
            above, below = telling.drawn_towards if name in _DRAWN else 0.0, math.inf
        elif signal.direction == "either":
            above, below = math.inf, -math.inf
        elif signal.unit == "days":
            above, below = 0.0, telling.new_days
        elif signal.unit in _COUNTED:
            above, below = -math.inf, math.nextafter(0.0, 1.0)  # 0, the least that is counted
        else:
            above, below = -math.inf, math.inf
        falls = signal.direction == "down" and signal.unit not in (*_COUNTED, "days", "steps")
        out[name] = _Telling(signal.dimension, above, None if falls else below)
    return out


def is_reason(name: str, value: float, usual: ReferenceRanges, telling: ReasonChoice) -> bool:
    """Whether a value has words and speaks against somebody."""
    one = _telling_values(telling).get(name)
    return one is not None and one.of(name, value, usual)


def falls_with_risk(name: str) -> bool:
    """Whether a lower value of the signal or variable is the riskier one."""
    return name in SIGNALS and SIGNALS[name].direction == "down"


def dimension_of(name: str) -> str | None:
    """The dimension of a signal or variable; None for a name that is neither."""
    return _DIMENSION.get(name)


def from_figures(
    weights: Mapping[str, float],
    value_of: Callable[[str], float | None],
    usual: ReferenceRanges,
    telling: ReasonChoice,
) -> Iterator[Candidate]:
    """Candidates among signals and variables that raise the risk; what is not known is no reason."""
    known = _telling_values(telling)
    for name, weight in weights.items():
        if weight > 0 and (one := known.get(name)) is not None:
            value = value_of(name)
            if value is not None and one.of(name, value, usual):
                yield Candidate(name, one.dimension, weight, value)


def from_rules(
    fired: Iterable[FiredRule], strongest: float, membership: Membership | None, guide: EvidencePaths | None
) -> Iterator[Candidate]:
    """Candidates among the rules that fired: one of severity 1 weighs twice what the `strongest` other
    candidate does. One that asks for a person weighs as much as that at least, however grave a policy says it
    is: it is why a person is asked.

    That of a ring leads over a link to another member; where none was looked at it is told to be the weekly
    search's word.
    """
    for one in fired:
        code, shown = one.code, None
        if membership is not None and code.code == "RULE_RING_MEMBER":
            result = guide.by(TO_RING) if guide else None
            if result is None:
                code = RING_LISTED
                path = (
                    Path(
                        (guide.itself.nodes[0], f"ring:{membership.ring.ring_id}"),
                        membership.member.joined_at,
                    )
                    if guide
                    else None
                )
            else:
                path = result.path
            shown = (path,) if path else None
        elif guide is not None and code.code == "RULE_MANY_APPLICATIONS_7D":
            result = guide.to_variable("ml_7d_person_all_apps")
            shown = (result.path,) if result else None
        elif guide is not None and code.code.endswith("_BURST"):
            result = guide.to_signal(_STATED_BY_RULES[code.code])
            shown = (result.path,) if result else None
        weight = one.severity * 2.0 * strongest
        if one.forces_review:
            yield stated(code, max(weight, strongest), one.value, shown)._replace(asks=True)
        else:
            yield stated(code, weight, one.value, shown)


def stated(
    code: ReasonCode, weight: float, value: float | None = None, shown: tuple[Path, ...] | None = None
) -> Candidate:
    """A candidate that is neither signal nor variable."""
    return Candidate("", code.dimension, weight, value, code, shown)


def ranked(
    candidates: Iterable[Candidate],
    usual: ReferenceRanges,
    guide: EvidencePaths | None,
    telling: ReasonChoice,
) -> tuple[Reason, ...]:
    """The weightiest candidates as reasons; contributions are shares of all candidates' weight."""
    order = sorted(
        candidates, key=lambda c: (-c.weight, not c.asks, c.name, c.stated.code if c.stated else "")
    )
    total = sum(c.weight for c in order)
    weighty = [c for c in order if c.asks or c.weight >= telling.least * total]
    return tuple(
        Reason(
            rank=rank,
            code=c.code,
            contribution=round(c.weight / total, 4) if total else 0.0,
            value=c.value,
            typical_p95=None if falls_with_risk(c.name) else usual.high.get(c.name),
            typical_p05=usual.low.get(c.name) if falls_with_risk(c.name) else None,
            evidence=evidence,
        )
        for rank, (c, evidence) in enumerate(_chosen(weighty, guide, telling), 1)
    )


def _chosen(
    order: Sequence[Candidate], guide: EvidencePaths | None, telling: ReasonChoice
) -> list[tuple[Candidate, Evidence]]:
    """Two of a dimension at first, so that one finding does not fill the list; then a third where it says
    more than what stands there.
    """
    findings: set[str] = set()
    taken: dict[str, int] = {}
    first: list[tuple[Candidate, Evidence]] = []
    more: list[tuple[Candidate, Evidence]] = []
    for candidate in order:
        count = taken.get(candidate.dimension, 0)
        if candidate.finding in findings or count > telling.of_a_dimension or len(first) == telling.most:
            continue
        evidence = _evidence(candidate, guide)
        if evidence is None:
            continue
        findings.add(candidate.finding)
        taken[candidate.dimension] = count + 1
        (first if count < telling.of_a_dimension else more).append((candidate, evidence))
    for extra in more:
        if len(first) < telling.most:
            first.append(extra)
        elif extra[0].weight >= telling.outweighs * first[-1][0].weight:
            first[-1] = extra
        first.sort(key=lambda one: -one[0].weight)
    return first


def _words(name: str, value: float) -> ReasonCode:
    signal = SIGNALS.get(name)
    if signal is not None:
        text_en, text_zh = signal.texts(value)
        return ReasonCode(code=signal.code, dimension=signal.dimension, text_en=text_en, text_zh=text_zh)
    words = multi_lending.describe(name)
    text_en, text_zh = words.texts(value)
    return ReasonCode(code=words.code, dimension="multi_lending", text_en=text_en, text_zh=text_zh)


def _evidence(candidate: Candidate, guide: EvidencePaths | None) -> Evidence | None:
    """Where the subgraph shows it, in masked keys; None for links of which it shows nothing: then there is no
    reason.
    """
    if guide is None:
        return ()
    itself = guide.itself
    if candidate.shown is not None:
        return tuple(_masked(path, itself) for path in candidate.shown)
    if candidate.stated is not None:
        return (_masked(itself, itself),)
    if candidate.name in _VARIABLES:
        result = guide.to_variable(candidate.name)
        return (_masked(result.path, itself),) if result else None
    result = guide.to_signal(candidate.name)
    if is_of_links(SIGNALS[candidate.name].path_rule) and (result is None or not result.beyond):
        return None
    return (_masked(result.path if result else itself, itself),)


def _masked(path: Path, itself: Path) -> Mapping[str, Any]:
    """A path whose keys are masked, but for the application in question, which the caller named."""
    mine = next((node for node in itself.nodes if node.startswith("application:")), None)
    return {
        "path": [node if node == mine else masked_node(node) for node in path.nodes],
        "shared_since": path.shared_since,
    }
