"""Why: from contributions, signals and rules to at most four ranked reasons, each with a stable code and a path of masked keys."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from graph import multi_lending
from graph.evidence import Evidence
from graph.signals import SIGNALS
from investigations.assessments import Reason, ReasonCode
from investigations.rules import Fired

MOST = 4  # reasons in one answer
PER_DIMENSION = 2  # so that one finding seen through many windows does not fill the list
_COUNTED = ("count", "people")  # units of signals that count
LEAST = 0.03  # share of the risk below which something is no reason

@dataclass(frozen=True, slots=True)
class Candidate:
    """Something that may become a reason. `name` is the signal's or variable's, `weight` in the units of its source."""

    name: str
    code: ReasonCode
    weight: float
    value: float | None


def variable_code(name: str, value: float) -> ReasonCode | None:
    """The reason behind a multi-lending variable, its value filled in; None for one that is unknown or counts nothing."""
    if name not in multi_lending.NAMES or value <= 0:
        return None
    said = multi_lending.describe(name)
    shown = f"{value:.0f}"
    return ReasonCode(
        code=said.code, dimension="multi_lending", text_en=said.text_en.format(value=shown), text_zh=said.text_zh.format(value=shown)
    )


def signal_code(name: str, value: float) -> ReasonCode | None:
    """The reason behind a signal, its value filled in; None for a signal that only informs the model, and for a value that speaks for somebody."""
    signal = SIGNALS.get(name)
    if signal is None or signal.direction == "either":
        return None
    # "0 loans repaid" may be a reason to doubt, "3 loans repaid" is none; "0 people share it" is none either.
    if value <= 0 if signal.direction == "up" else value > 0 and signal.unit in _COUNTED:
        return None
    text_en, text_zh = signal.texts(value)
    return ReasonCode(code=signal.code, dimension=signal.dimension, text_en=text_en, text_zh=text_zh)


def rises_with_risk(name: str) -> bool:
    """Whether a higher value of the signal or variable is the riskier one."""
    return SIGNALS[name].direction == "up" if name in SIGNALS else name.startswith("ml_")


def dimension_of(name: str) -> str | None:
    """The dimension of a signal or variable."""
    signal = SIGNALS.get(name)
    if signal is not None:
        return signal.dimension
    return "multi_lending" if name.startswith("ml_") else None


def from_figures(weights: Mapping[str, float], values: Mapping[str, float | None]) -> Iterator[Candidate]:
    """Candidates among signals and variables that raise the risk and have words; values that are not known are no reason."""
    for name, weight in weights.items():
        value = values.get(name)
        if weight <= 0 or value is None:
            continue
        code = signal_code(name, value) if name in SIGNALS else variable_code(name, value)
        if code is not None:
            yield Candidate(name, code, weight, value)


def from_rules(fired: Iterable[Fired], scale: float) -> Iterator[Candidate]:
    """Candidates among the rules that fired; `scale` is the weight that a rule of severity 1 has beside the others."""
    for one in fired:
        yield Candidate("", one.code, one.severity * scale, one.value)


def ranked(candidates: Iterable[Candidate], typical: Mapping[str, float], evidence: Evidence | None) -> tuple[Reason, ...]:
    """The weightiest candidates as reasons; contributions are shares of all candidates' weight."""
    order = sorted(candidates, key=lambda c: (-c.weight, c.code.code))
    total = sum(c.weight for c in order)
    taken: dict[str, int] = {}
    chosen: list[Candidate] = []
    for candidate in order:
        dimension = candidate.code.dimension
        if len(chosen) == MOST or candidate.weight < LEAST * total:
            break
        if taken.get(dimension, 0) < PER_DIMENSION:
            taken[dimension] = taken.get(dimension, 0) + 1
            chosen.append(candidate)
    return tuple(
        Reason(
            rank=rank,
            code=c.code,
            contribution=round(c.weight / total, 4),
            value=c.value,
            typical_p95=typical.get(c.name),
            evidence=_paths(c.name, evidence),
        )
        for rank, c in enumerate(chosen, 1)
    )


def _paths(name: str, evidence: Evidence | None) -> tuple[Mapping[str, Any], ...]:
    """Where the subgraph shows it, in masked keys."""
    if evidence is None:
        return ()
    subject = [f"application:{evidence.subject.application.application_id}"] if evidence.subject.application else []
    nodes, since = _found(name, evidence) or ((*subject, evidence.subject.node), None)
    shown = [node if node in subject else masked_node(node) for node in nodes]
    return ({"path": shown, "shared_since": since},)


def _found(name: str, evidence: Evidence) -> tuple[tuple[str, ...], datetime | None] | None:
    if name in SIGNALS:
        return SIGNALS[name].evidence_path(evidence)
    return multi_lending.evidence_path(evidence, name) if name else None


def masked_node(node: str) -> str:
    """A node's name with its key masked: `device:***7f2a`, `applicant:***2c`; a ring's name says nothing about anybody and stays."""
    kind, _, key = node.partition(":")
    if kind == "ring":
        return node
    shown = 2 if kind in ("applicant", "application") else 4
    return f"{kind}:***{key[-shown:] if len(key) > 2 * shown else ''}"
