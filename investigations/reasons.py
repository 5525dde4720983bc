"""Why: from contributions, signals and rules to at most four ranked reasons, each with a stable code and a path of masked keys."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from graph import multi_lending
from graph.signals import SIGNALS
from graph.signals.reading import Reading
from investigations.assessments import Reason, ReasonCode
from investigations.rules import Fired

MOST = 4  # reasons in one answer
PER_DIMENSION = 2  # so that one finding seen through many windows does not fill the list
_COUNTED = ("count", "people")  # units of signals that count
LEAST = 0.03  # share of the risk below which something is no reason

NETWORK = ReasonCode(
    code="NETWORK_PATTERN",
    dimension="ring",
    text_en="The links around the applicant look like those around known frauds",
    text_zh="申请人周边的关联结构与已知欺诈相似",
)
_VARIABLES = frozenset(multi_lending.NAMES)
_DIMENSION = dict.fromkeys(multi_lending.NAMES, "multi_lending") | {signal.name: signal.dimension for signal in SIGNALS.values()}


@dataclass(frozen=True, slots=True)
class Candidate:
    """Something that may become a reason: a signal or variable by its `name`, or what `said` says; `weight` in the units of its source."""

    name: str
    dimension: str
    weight: float
    value: float | None
    said: ReasonCode | None = None

    @property
    def code(self) -> ReasonCode:
        """Its words, the value filled in."""
        return self.said or _words(self.name, self.value or 0.0)


def is_reason(name: str, value: float) -> bool:
    """Whether a value has words and can speak against somebody.

    "0 loans repaid" may be a reason to doubt, "3 loans repaid" is none; "0 people share it" is none either.
    """
    signal = SIGNALS.get(name)
    if signal is None:
        return value > 0 and name in _VARIABLES
    if signal.direction == "down":
        return value <= 0 or signal.unit not in _COUNTED
    return signal.direction == "up" and value > 0


def rises_with_risk(name: str) -> bool:
    """Whether a higher value of the signal or variable is the riskier one."""
    return SIGNALS[name].direction == "up" if name in SIGNALS else name in _VARIABLES


def dimension_of(name: str) -> str | None:
    """The dimension of a signal or variable; None for a name that is neither."""
    return _DIMENSION.get(name)


def from_figures(weights: Mapping[str, float], values: Mapping[str, float | None]) -> Iterator[Candidate]:
    """Candidates among signals and variables that raise the risk; what is not known is no reason."""
    for name, weight in weights.items():
        if weight <= 0:
            continue
        value, dimension = values.get(name), _DIMENSION.get(name)
        if value is not None and dimension is not None and is_reason(name, value):
            yield Candidate(name, dimension, weight, value)


def from_rules(fired: Iterable[Fired], scale: float) -> Iterator[Candidate]:
    """Candidates among the rules that fired; `scale` is the weight that a rule of severity 1 has beside the others."""
    for one in fired:
        yield said(one.code, one.severity * scale, one.value)


def said(code: ReasonCode, weight: float, value: float | None = None) -> Candidate:
    """A candidate that is neither signal nor variable."""
    return Candidate("", code.dimension, weight, value, code)


def ranked(candidates: Iterable[Candidate], typical: Mapping[str, float], reading: Reading | None) -> tuple[Reason, ...]:
    """The weightiest candidates as reasons; contributions are shares of all candidates' weight."""
    order = sorted(candidates, key=lambda c: (-c.weight, c.name, c.said.code if c.said else ""))
    total = sum(c.weight for c in order)
    taken: dict[str, int] = {}
    chosen: list[Candidate] = []
    for candidate in order:
        if len(chosen) == MOST or candidate.weight < LEAST * total:
            break
        if taken.get(candidate.dimension, 0) < PER_DIMENSION:
            taken[candidate.dimension] = taken.get(candidate.dimension, 0) + 1
            chosen.append(candidate)
    return tuple(
        Reason(
            rank=rank,
            code=c.code,
            contribution=round(c.weight / total, 4),
            value=c.value,
            typical_p95=typical.get(c.name),
            evidence=_paths(c.name, reading),
        )
        for rank, c in enumerate(chosen, 1)
    )


def _words(name: str, value: float) -> ReasonCode:
    signal = SIGNALS.get(name)
    if signal is not None:
        text_en, text_zh = signal.texts(value)
        return ReasonCode(code=signal.code, dimension=signal.dimension, text_en=text_en, text_zh=text_zh)
    words, shown = multi_lending.describe(name), f"{value:.0f}"
    texts = words.text_en.format(value=shown), words.text_zh.format(value=shown)
    return ReasonCode(code=words.code, dimension="multi_lending", text_en=texts[0], text_zh=texts[1])


def _paths(name: str, reading: Reading | None) -> tuple[Mapping[str, Any], ...]:
    """Where the subgraph shows it, in masked keys."""
    if reading is None:
        return ()
    evidence = reading.evidence
    subject = [f"application:{evidence.subject.application.application_id}"] if evidence.subject.application else []
    nodes, since = _found(name, reading) or ((*subject, evidence.subject.node), None)
    shown = [node if node in subject else masked_node(node) for node in nodes]
    return ({"path": shown, "shared_since": since},)


def _found(name: str, reading: Reading) -> tuple[tuple[str, ...], datetime | None] | None:
    if name in SIGNALS:
        return SIGNALS[name].path(reading)
    return multi_lending.evidence_path(reading.evidence, name) if name in _VARIABLES else None


def masked_node(node: str) -> str:
    """A node's name with its key masked: `device:***7f2a`, `applicant:***2c`; a ring's name says nothing about anybody and stays."""
    kind, _, key = node.partition(":")
    if kind == "ring":
        return node
    shown = 2 if kind in ("applicant", "application") else 4
    return f"{kind}:***{key[-shown:] if len(key) > 2 * shown else ''}"
