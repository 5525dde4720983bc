"""The report of a ring review: one HTML page for a risk meeting, readable offline."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from graph import private
from graph.model.types import Ring, RingChange
from graph.quantities import quantity
from investigations.estimates import TOO_FEW
from investigations.review import report_charts as charts
from investigations.review import report_drawing as drawing
from investigations.review import report_words as words
from investigations.review.flag_words import FLAGS, why
from investigations.review.report_charts import Bar
from investigations.review.report_fairness import fairness_lines
from investigations.review.report_flags import honest_shares, no_longer_flagged
from investigations.review.report_model import alarm_lines
from investigations.review.report_record import case_words, desk_link, tallies, trend_charts
from investigations.review.result import EarlyWarning, ReviewResult
from investigations.review.tally import RingTally

DRAWN_RINGS = 8  # the worst ones
LISTED_RINGS = 60  # rows of the table; rings.parquet has all
LISTED_CHANGES = 30
LISTED_EXPOSURES = 10
LISTED_REASONS = 6  # of what a ring shares, and of its reasons
MONTHS = 12
SIZES = ([2, 5, 10, 20, 50, 100, 10_000], ["2-4", "5-9", "10-19", "20-49", "50-99", "100+"])
SCORES = ([n / 10 for n in range(11)], [f"{n * 10}" for n in range(10)])
DAYS = (
    [-10_000, 0, 15, 30, 60, 90, 180, 10_000],
    ["late", "0-14", "15-29", "30-59", "60-89", "90-179", "180+"],
)


@dataclass(frozen=True, slots=True)
class Changed:
    """A change of the week beside the ring as it is now."""

    change: RingChange
    ring: Ring


@dataclass(frozen=True, slots=True)
class Drawn:
    """One of the worst rings with its picture, the legend of its lines (English, Chinese, colour) and its
    reasons (English, Chinese).
    """

    ring: Ring
    picture: Markup
    legend: tuple[tuple[str, str, str], ...]
    shared: tuple[tuple[str, str, int], ...]
    reasons: tuple[tuple[str, str], ...]
    change: RingChange | None
    early: EarlyWarning | None


@dataclass(frozen=True, slots=True)
class BackTest:
    """The back-test in figures: over flagged rings whose first default or fraud is `known`; medians and sums
    over the `early` ones.

    `unseen` of the rings defaulted before the earliest moment looked at: of those nothing can be said.
    """

    known: int
    early: int
    unseen: int
    median_days: float | None
    loans: int
    amount: float


def render(result: ReviewResult, path: Path) -> None:
    """Write the page to `path` atomically, so that nobody opens half a report."""
    environment = Environment(
        loader=PackageLoader("investigations.review.weekly"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        money=money,
        percent=percent,
        quantity=quantity,
        minute=partial(minute, zone=result.zone),
        day=partial(day, zone=result.zone),
    )
    page = environment.get_template("report.html").render(**_context(result))
    private.write(path, page.encode())


def money(amount: float) -> str:
    """CNY in a meeting's terms: 940, 12.3 k, 4.56 M."""
    for size, unit in ((1e9, " bn"), (1e6, " M"), (1e4, " k")):
        if abs(amount) >= size:
            shown = amount / (1e3 if unit == " k" else size)
            return f"{shown:,.3g}{unit}" if shown < 1000 else f"{shown:,.0f}{unit}"
    return f"{amount:,.0f}"


def percent(share: float | None) -> str:
    """A share as per cent with one digit; a dash where it is not known."""
    return "–" if share is None else f"{100 * share:.1f} %"


def minute(moment: datetime, zone: tzinfo) -> str:
    """A moment in `zone`, which is named: `2026-01-05 08:00 Asia/Shanghai (UTC+08:00)`."""
    local = moment.astimezone(zone)
    return f"{local:%Y-%m-%d %H:%M} {zone} (UTC{local.isoformat()[-6:]})"


def day(moment: datetime, zone: tzinfo) -> str:
    """The day of a moment in `zone`."""
    return f"{moment.astimezone(zone):%Y-%m-%d}"


def back_test(early: Sequence[EarlyWarning]) -> BackTest:
    """The back-test in figures."""
    known = [warning for warning in early if warning.days is not None]
    ahead = [warning for warning in known if (warning.days or 0) > 0]
    return BackTest(
        known=len(known),
        early=len(ahead),
        unseen=sum(warning.days is None and warning.first_default is not None for warning in early),
        median_days=median(w.days or 0 for w in ahead) if ahead else None,
        loans=sum(w.loans for w in ahead),
        amount=sum(w.amount for w in ahead),
    )


def _context(result: ReviewResult) -> dict[str, Any]:
    flagged = result.tally.flagged
    return {
        "result": result,
        "snapshot": result.snapshot,
        "figures": result.figures,
        "flagged": flagged,
        "listed": flagged[:LISTED_RINGS],
        "people": sum(ring.size for ring in flagged),
        "exposure": sum(ring.exposure for ring in flagged),
        "confirmed": sum(ring.confirmed_bad for ring in flagged),
        "largest": result.tally.largest,
        "mistaken": _mistaken(result.figures),
        "changes": Counter(change.change for change in result.changes),
        "changed": _changed(result)[:LISTED_CHANGES],
        "drawn": _drawn(result, flagged[:DRAWN_RINGS]),
        "back_test": back_test(result.early),
        "charts": _charts(result, flagged),
        "gone": no_longer_flagged(result),
        "with_exposure": sum(ring.exposure > 0 for ring in flagged),
        "most_exposures": LISTED_EXPOSURES,
        "honest": honest_shares(result.figures),
        "fairness": fairness_lines(result.fairness),
        "answered": any(one.decisions["approved"].people for one in result.fairness.values()),
        "least": TOO_FEW,
        "flags": FLAGS,
        "why": why,
        "words": words,
        **_record(result),
    }


def _record(result: ReviewResult) -> dict[str, Any]:
    """What became of the flags: cases, trend, verdicts, and links to the desk."""
    record, as_of = result.record, result.snapshot.as_of
    kinds, codes = tallies(record)
    return {
        "saved": record.saved,
        "trend": trend_charts(record.trend, {week.snapshot: money(week.exposure) for week in record.trend}),
        "weeks": record.trend,
        "verdicts_by_kind": kinds,
        "verdicts_by_code": codes,
        "case_of": lambda ring_id: (record.cases or {}).get(ring_id),
        "case_words": case_words,
        "has_cases": record.cases is not None,
        "alarms": None if record.alarms is None else alarm_lines(record.alarms),
        "monitored": record.monitored,
        "desk_of": lambda ring_id: desk_link(result.desk, f"ring:{ring_id}", as_of),
        "case_at": lambda standing: f"{result.desk}?case={standing.case_id}" if result.desk else "",
    }


def _mistaken(figures: Mapping[str, float | int]) -> float | None:
    """The share of people known to be good who are in flagged groups; None while nobody is known to be
    good.
    """
    known = figures.get("known_good", 0)
    return figures.get("known_good_flagged", 0) / known if known else None


def _changed(result: ReviewResult) -> list[Changed]:
    """What is new in flagged rings, and why their flags came or stay; births first, then the most
    newcomers.
    """
    rings = {ring.ring_id: ring for ring in result.tally.flagged}
    order = list(words.CHANGES)
    of_flagged = [c for c in result.changes if c.ring_id in rings]
    summary = [c for c in of_flagged if c.change != "unchanged" or c.flag == "newly_flagged" or c.why]
    shown = [Changed(c, rings[c.ring_id]) for c in summary]
    return sorted(
        shown, key=lambda one: (order.index(one.change.change), -one.change.joined, one.change.ring_id)
    )


def _drawn(result: ReviewResult, worst: Sequence[Ring]) -> list[Drawn]:
    drawn = {ring.ring_id for ring in worst}
    changes = {change.ring_id: change for change in result.changes if change.ring_id in drawn}
    early = {warning.ring_id: warning for warning in result.early}
    pictures = []
    for ring in worst:
        edges = result.edges.get(ring.ring_id, ())
        pictures.append(
            Drawn(
                ring=ring,
                picture=drawing.draw(ring, edges, result.snapshot.as_of, result.zone),
                legend=tuple(
                    (*words.shared(kind), drawing.colour_of(kind)) for kind in drawing.kinds_drawn(edges)[:4]
                ),
                shared=tuple(
                    (*words.shared(kind), n)
                    for kind, n in Counter(ring.shared_by_kind).most_common(LISTED_REASONS)
                    if n
                ),
                reasons=tuple(words.reason(code) for code in ring.reason_codes[:LISTED_REASONS]),
                change=changes.get(ring.ring_id),
                early=early.get(ring.ring_id),
            )
        )
    return pictures


def _charts(result: ReviewResult, flagged: Sequence[Ring]) -> dict[str, Markup]:
    days = [warning.days for warning in result.early if warning.days is not None]
    return {
        "kinds": charts.bars(_kind_bars(result.tally), 210),
        "exposure": charts.bars(
            [Bar(r.ring_id, r.exposure, money(r.exposure), charts.ORANGE) for r in _by_exposure(flagged)]
        ),
        "sizes": charts.histogram([ring.size for ring in flagged], *SIZES, charts.ORANGE),
        "scores": charts.histogram(result.tally.scores, *SCORES),
        "months": charts.columns(_month_bars(flagged, result), every=2),
        "days": charts.histogram(days, *DAYS, charts.BLUE) if days else Markup(""),
    }


def _kind_bars(tally: RingTally) -> list[Bar]:
    groups, people, bars = tally.rings, tally.people, []
    for kind, (english, chinese) in words.KINDS.items():
        if groups[kind]:
            colour = charts.ORANGE if kind.flagged else charts.GREY
            bars.append(
                Bar(f"{english} {chinese}", groups[kind], f"{groups[kind]:,} ({people[kind]:,})", colour)
            )
    return bars


def _by_exposure(flagged: Sequence[Ring]) -> list[Ring]:
    exposed = [ring for ring in flagged if ring.exposure > 0]
    return sorted(exposed, key=lambda ring: (-ring.exposure, ring.ring_id))[:LISTED_EXPOSURES]


def _month_bars(flagged: Sequence[Ring], result: ReviewResult) -> list[Bar]:
    """Members of today's flagged rings by the month in which they joined, the last MONTHS months."""
    last = _month(result.snapshot.as_of, result.zone)
    joined = Counter(_month(m.joined_at, result.zone) for ring in flagged for m in ring.members)
    months = range(last - MONTHS + 1, last + 1)
    return [
        Bar(f"{month // 12}-{month % 12 + 1:02d}", joined[month], str(joined[month]), charts.ORANGE)
        for month in months
    ]


def _month(moment: datetime, zone: tzinfo) -> int:
    """The month of a moment in `zone`, counted from year 0."""
    local = moment.astimezone(zone)
    return local.year * 12 + local.month - 1
