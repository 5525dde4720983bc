"""Outcomes that a foreign table dates by a column of their own: a loan paid out, closed, written off."""

from __future__ import annotations

from ingestion.suggest.drafts import Draft, Line
from ingestion.suggest.foreign import Foreign
from ingestion.suggest.meaning import Meaning

STEPS = {
    "disbursed_at": "disbursed",
    "closed_at": "closed",
    "rejected_at": "rejected",
    "written_off_at": "written_off",
}


def steps_of(has: Meaning, foreign: Foreign) -> list[tuple[Draft, set[str]]]:
    """For each dated step of a loan the table of outcomes that it feeds, and the columns that it reads."""
    loan = has.first("application_id")
    if loan is None:
        return []
    result = []
    for concept, status in STEPS.items():
        placed = has.first(concept)
        if placed is None:
            continue
        form = placed.fit.says.get("time", "")
        draft = Draft(table="outcomes", foreign=foreign)
        draft.where.append(
            Line("", {"column": placed.column, "is_not": ""}, "the others have not come so far")
        )
        draft.constants.append(Line("status", status, f"{placed.column} is when"))
        draft.columns.append(Line("application_id", loan.column, loan.why))
        draft.columns.append(
            Line("at", {"column": placed.column, "time": form} if form else placed.column, placed.why)
        )
        paid = has.first("amount") if status == "disbursed" and not has.has("applied_at") else None
        if paid is not None:
            draft.columns.append(Line("amount", paid.column, paid.why))
        result.append((draft, {placed.column, loan.column, *([paid.column] if paid else [])}))
    return result
