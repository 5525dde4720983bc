"""Replays many recorded assessments and compares them, which proves the audit."""

from __future__ import annotations

from collections import Counter
from time import perf_counter

from graph.model.errors import RingfenceError
from graph.progress import bar
from service.assessment.context import AppContext
from service.assessment.repeats.replay import replay

NAMED = 20  # assessments that differ are named up to here


def replay_latest(context: AppContext, last: int) -> dict[str, object]:
    """Compute the `last` assessments in the casebook again: how many are equal, which fields of which
    differ.
    """
    started, equal, fields, named = perf_counter(), 0, Counter[str](), list[str]()
    ids = context.casebook.latest_ids(last)
    with bar("replay", len(ids), " assessments") as progress:
        for assessment_id in ids:
            differs = _differences(context, assessment_id)
            equal += not differs
            fields.update(differs)
            if differs and len(named) < NAMED:
                named.append(assessment_id)
            progress.update()
    return {
        "assessments": len(ids),
        "equal": equal,
        "different": len(ids) - equal,
        "fields": dict(fields.most_common()),
        "named": named,
        "seconds": round(perf_counter() - started, 2),
    }


def _differences(context: AppContext, assessment_id: str) -> list[str]:
    try:
        again = replay(context, assessment_id)
    except RingfenceError as error:
        return [f"could not be computed: {error}"]
    return [difference["field"] for difference in again["differences"]]
