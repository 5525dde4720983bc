"""What the desk shows of the model that answers: alarms, drift by name, the score's spread, months."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson
from flask import Blueprint, Response, request

from graph.model.errors import InputError
from investigations.casebook.monitor_files import MonitorFiles
from investigations.monitoring.periods import DECISION, LINKING, SCORE
from investigations.monitoring.record import Kept, KeptAlarm, KeptKind
from service.http.calls import app_context

bp = Blueprint("desk_model", __name__, url_prefix="/desk")

SHOWN_DAYS, MOST_DAYS = 28, 366
_DIGITS = 3  # of MOST_DAYS: Python refuses to read numbers of thousands
NAMES = 12  # beside the score, decisions and the linking shares: those that moved most
SCORES_OF = 7  # days whose scores are drawn together
MONTHS = timedelta(days=400)
ENDED_ALARMS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class NameOverDays:
    """A name: its index on each day (None where it had none), and how it was spread on the last."""

    name: str
    index: tuple[float | None, ...]
    says: str
    mean: float | None
    median: float | None
    missing: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreSpread:
    """The shares of scores between `edges`, the last is that of none: as was usual, and lately, of so many
    `assessments`.
    """

    edges: tuple[float, ...]
    usual: tuple[float, ...]
    now: tuple[float, ...]
    assessments: int


@bp.get("/model")
def shown() -> Response:
    """What monitoring kept of the last `days` about the model that it looked at last; null where it has not
    run yet.
    """
    days, context = _days(request.args.get("days", str(SHOWN_DAYS))), app_context()
    now, monitoring = context.clock(), context.casebook.monitoring
    run = monitoring.latest(KeptKind.RUN, now)
    found = None if run is None else _found(monitoring, run, days, now)
    return Response(orjson.dumps(found), mimetype="application/json")


def _days(text: str) -> int:
    if not (text.isdecimal() and len(text) <= _DIGITS and 1 <= int(text) <= MOST_DAYS):
        raise InputError(f"days: a whole number from 1 to {MOST_DAYS}")
    return int(text)


def _found(kept: MonitorFiles, run: Kept, days: int, now: datetime) -> dict[str, Any]:
    rows = kept.kept(KeptKind.DAY, run.since - timedelta(days=days), now, run.model_version)
    months = kept.kept(KeptKind.MONTH, run.since - MONTHS, now, run.model_version)
    alarms = kept.alarms(lasting=False)
    lasting = [one for one in alarms if one.ended_at is None]
    ended = [one for one in alarms if one.ended_at is not None][:ENDED_ALARMS]
    return {
        "model_version": run.model_version,
        "ran_at": run.since.isoformat(),
        "reference": run.content["reference"],
        "label_delay": run.content["label_delay"],
        "alarms": [_alarm(one) for one in (*lasting, *ended)],
        "days": [
            {"since": one.since.isoformat(), **{n: one.content[n] for n in ("assessments", "decisions")}}
            for one in rows
        ],
        "names": [asdict(one) for one in _names(rows)],
        "score": asdict(spread) if (spread := _score(run, rows[-SCORES_OF:])) else None,
        "months": [one.content for one in months],
    }


def _alarm(one: KeptAlarm) -> dict[str, Any]:
    return {
        "code": one.alarm.code.value,
        "name": one.alarm.name,
        "since": one.alarm.since.isoformat(),
        "sentence": one.alarm.sentence,
        "model_version": one.model_version,
        "ended_at": one.ended_at.isoformat() if one.ended_at else None,
    }


def _names(rows: Sequence[Kept]) -> list[NameOverDays]:
    """The score, decisions, linking shares, then what moved most on any of the days."""
    if not rows:
        return []
    last = rows[-1].content
    found = [_over_days(name, rows) for name in last["stability"]]
    first = [one for one in found if one.name in (SCORE, DECISION) or one.name.startswith(LINKING)]
    others = [one for one in found if one not in first]
    others.sort(key=lambda one: (-max(index or 0.0 for index in one.index), one.name))
    return [*sorted(first, key=lambda one: (one.name.startswith(LINKING), one.name)), *others[:NAMES]]


def _over_days(name: str, rows: Sequence[Kept]) -> NameOverDays:
    last = rows[-1].content
    spread = last["population"][name]
    return NameOverDays(
        name=name,
        index=tuple(one.content["stability"].get(name, {}).get("index") for one in rows),
        says=last["stability"][name]["says"],
        mean=spread["mean"],
        median=spread["q50"],
        missing=spread["missing"],
    )


def _score(run: Kept, rows: Sequence[Kept]) -> ScoreSpread | None:
    usual = run.content["score"]
    same = [one.content["score"] for one in rows if one.content["score"]]
    same = [one for one in same if usual is not None and one["edges"] == usual["edges"]]
    total = sum(one["count"] for one in same)
    if usual is None or not total:
        return None
    now = [
        sum(one["shares"][place] * one["count"] for one in same) / total
        for place in range(len(usual["shares"]))
    ]
    return ScoreSpread(
        edges=tuple(usual["edges"]), usual=tuple(usual["shares"]), now=tuple(now), assessments=total
    )
