"""The gate of promotion: what a model must keep to beside the one that serves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from gnn.registry.checks import GateCheck, GateResult
from gnn.registry.comparison import ModelComparison
from gnn.training.beyond_counts import LIKELY
from gnn.training.intervals import Gain

# What else a gate asks: from a comparison to checks.
GateChecks = Callable[[ModelComparison], Sequence[GateCheck]]


@dataclass(frozen=True, slots=True, kw_only=True)
class GateLimits:
    """How far a model may fall behind: `margin` in the share of frauds found at review capacity (the lower
    end of the interval); where chance does not explain it `group_margin` in that of a group, and `ece` in
    calibration error; `latency_ms` of the processor a score may take, or `latency_times` as much as now.
    """

    margin: float = 0.05
    group_margin: float = 0.05
    ece: float = 0.01
    latency_ms: float = 10.0
    latency_times: float = 1.5


def passed_gate(compared: ModelComparison, limits: GateLimits, more: Sequence[GateChecks] = ()) -> GateResult:
    """The result of all checks, `more` among them."""
    checks = [_recall(compared, limits), *_groups(compared, limits), _ece(compared, limits)]
    checks.append(_latency(compared, limits))
    for others in more:
        checks += others(compared)
    return GateResult(
        version=compared.model.version,
        against=compared.other.version,
        slice=compared.slice.as_json() | {"capacity": compared.capacity},
        checks=tuple(checks),
    )


def _recall(compared: ModelComparison, limits: GateLimits) -> GateCheck:
    gain = compared.recall
    return GateCheck(
        name="recall_at_capacity",
        passed=gain.better >= LIKELY or gain.low >= -limits.margin,
        value=round(gain.more, 4),
        low=round(gain.low, 4),
        high=round(gain.high, 4),
        limit=-limits.margin,
        sentence=f"{_span(gain)} of the frauds found at a capacity of {compared.capacity:g}; better in "
        f"{100 * gain.better:.0f} % of the draws, {100 * LIKELY:.0f} % are ahead, and an interval above the "
        "limit is not worse",
    )


def _groups(compared: ModelComparison, limits: GateLimits) -> list[GateCheck]:
    return [
        GateCheck(
            name=f"recall of {name}",
            passed=gain.more >= -limits.group_margin or gain.high >= 0,
            value=round(gain.more, 4),
            low=round(gain.low, 4),
            high=round(gain.high, 4),
            limit=-limits.group_margin,
            sentence=f"{_span(gain)} of the group's frauds found; it fails below the limit where the whole "
            "interval is below 0",
        )
        for name, gain in compared.groups.items()
    ]


def _ece(compared: ModelComparison, limits: GateLimits) -> GateCheck:
    gain = compared.ece
    return GateCheck(
        name="calibration",
        passed=gain.more <= limits.ece or gain.low <= 0,
        value=round(gain.more, 4),
        low=round(gain.low, 4),
        high=round(gain.high, 4),
        limit=limits.ece,
        sentence=f"{_span(gain)} of calibration error, now {compared.model.measures['ece']}; it fails above "
        "the limit where the whole interval is above 0",
    )


def _latency(compared: ModelComparison, limits: GateLimits) -> GateCheck:
    ours, now = compared.model.latency_ms, compared.other.latency_ms
    limit = max(limits.latency_ms, limits.latency_times * now if now is not None else 0.0)
    beside = f", {now:.2f} ms now" if now is not None else ""
    return GateCheck(
        name="latency",
        passed=ours is not None and ours <= limit,
        value=round(ours, 3) if ours is not None else None,
        limit=round(limit, 3),
        sentence=f"a score takes {ours or 0.0:.2f} ms of the processor (median){beside}",
    )


def _span(gain: Gain) -> str:
    return f"{gain.more:+.3f} ({gain.low:+.3f} to {gain.high:+.3f})"
