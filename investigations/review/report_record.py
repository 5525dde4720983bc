"""The report's sections on what became of flags: links to the desk, cases, the trend, and verdicts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from markupsafe import Markup

from investigations.case_outcomes import CaseStanding, Tally
from investigations.review import report_charts as charts
from investigations.review.record import ReviewRecord, TrendWeek
from investigations.review.report_charts import Bar
from investigations.review.report_words import CASE_STATES, KINDS, VERDICTS, Words, reason

LISTED_CODES = 15


@dataclass(frozen=True, slots=True)
class TallyLine:
    """One line of the table of verdicts: what it counts, in words, and the code where it has one."""

    words: Words
    code: str
    tally: Tally


def desk_link(desk: str, node: str, as_of: datetime) -> str:
    """Where the desk shows a node as of the review; empty without an address of the desk."""
    return f"{desk}?{urlencode({'node': node, 'as_of': as_of.isoformat()})}" if desk else ""


def case_words(standing: CaseStanding | None) -> Words:
    """How a ring's case stands: its state, who has it, and what it came to."""
    if standing is None:
        return "none yet", "尚未立案"
    english, chinese = CASE_STATES[standing.state]
    if standing.verdict is not None:
        verdict = VERDICTS[standing.verdict]
        return f"{english}: {verdict[0]}", f"{chinese}：{verdict[1]}"
    return (f"{english}, {standing.assignee}", chinese) if standing.assignee else (english, chinese)


def trend_charts(trend: Sequence[TrendWeek], money: Mapping[str, str]) -> dict[str, Markup]:
    """Flagged rings, their people and what these owe, week by week; `money` writes the last by snapshot."""
    every = 1 if len(trend) <= 6 else 2
    week = [one.snapshot.rpartition("-")[2] for one in trend]
    rows = list(zip(trend, week, strict=True))
    return {
        "flagged": charts.columns(
            [Bar(w, t.flagged, str(t.flagged), charts.ORANGE) for t, w in rows], every=every
        ),
        "people": charts.columns(
            [Bar(w, t.people, f"{t.people:,}", charts.ORANGE) for t, w in rows], every=every
        ),
        "exposure": charts.columns([Bar(w, t.exposure, money[t.snapshot]) for t, w in rows], every=every),
    }


def tallies(record: ReviewRecord) -> tuple[list[TallyLine], list[TallyLine]]:
    """Verdicts by kind of group and by reason code, the most false positives first."""
    kinds = [TallyLine(_kind(kind), "", tally) for kind, tally in record.verdicts.kinds.items()]
    codes = [TallyLine(reason(code), code, tally) for code, tally in record.verdicts.codes.items()]
    return _sorted(kinds), _sorted(codes)[:LISTED_CODES]


def _sorted(lines: list[TallyLine]) -> list[TallyLine]:
    return sorted(lines, key=lambda one: (-one.tally.false_positive, -one.tally.concluded, one.words))


def _kind(kind: str) -> Words:
    return next((words for one, words in KINDS.items() if one.value == kind), ("one applicant", "单个申请人"))
