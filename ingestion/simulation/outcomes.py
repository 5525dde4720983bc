"""What became of the loans, and what is known of it when: outcomes and labels with their delays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ingestion.simulation.keys import NONE, BoolArray, IntArray
from ingestion.simulation.loans import LoanRows
from ingestion.simulation.people import DAY, NEVER, People
from ingestion.simulation.places import Places
from ingestion.simulation.world_spec import WorldSpec

STATUSES = (
    "approved",
    "rejected",
    "withdrawn",
    "disbursed",
    "returned",
    "dpd30",
    "dpd90",
    "written_off",
    "closed",
)
SOURCES = ("collection", "investigation", "application_review", "repaid", "customer_complaint")
MONTH = 30 * DAY


@dataclass(frozen=True)
class Course:
    """How each loan went: moments of shape (loans,), NEVER for what did not happen; `paid` counts
    instalments.
    """

    approved: IntArray
    rejected: IntArray
    withdrawn: IntArray
    disbursed: IntArray
    returned: IntArray
    overdue: IntArray
    cured: BoolArray
    closed: IntArray
    paid: IntArray


@dataclass(frozen=True)
class OutcomeRows:
    """Rows of the outcomes table, in order of time; `loan` is a position, `status` a position in STATUSES."""

    loan: IntArray
    status: IntArray
    at: IntArray
    amount: IntArray


@dataclass(frozen=True)
class LabelRows:
    """Rows of the labels table; a row is about a loan, or about a person where `loan` is NONE."""

    loan: IntArray
    who: IntArray
    fraud: BoolArray
    known_at: IntArray
    source: IntArray


def run_loans(places: Places, people: People, loans: LoanRows, rng: np.random.Generator) -> Course:
    """Decides, pays out and repays every loan, without regard to the end of the time frame."""
    n, who = len(loans), loans.who
    chance = (
        places.lender_approves[loans.lender] + people.approve[who] - 0.25 * ~loans.three - 0.04 * loans.nth
    )
    decided = (
        loans.at
        + np.where(rng.random(n) < 0.7, rng.exponential(900, n), rng.exponential(DAY, n)).astype(np.int64)
        + 30
    )
    fate = rng.random(n)
    yes = fate < np.clip(chance, 0.05, 0.9)
    gave_up = ~yes & (rng.random(n) < 0.06)
    taken = yes & (rng.random(n) < 0.93)
    disbursed = np.where(taken, decided + (rng.exponential(0.35 * DAY, n) + 300).astype(np.int64), NEVER)
    returned = taken & (rng.random(n) < 0.025) & ~people.bad[who]
    term = loans.term
    default = taken & ~returned & (rng.random(n) < people.default[who])
    paid = np.where(default, np.minimum(rng.poisson(people.paid_first[who]), term - 1), term)
    early = ~default & (rng.random(n) < 0.3)
    paid = np.where(early, 1 + (rng.random(n) * (term - 1)).astype(np.int64), paid)
    overdue = np.where(default, disbursed + (paid + 2) * MONTH + rng.integers(0, 3 * DAY, n), NEVER)
    cured = default & ~people.bad[who] & (rng.random(n) < 0.5)
    closed = np.where(
        taken & ~returned & ~default, disbursed + paid * MONTH + rng.integers(-3 * DAY, 3 * DAY, n), NEVER
    )
    closed = np.where(cured, overdue + rng.integers(DAY, 50 * DAY, n), closed)
    return Course(
        approved=np.where(yes, decided, NEVER), rejected=np.where(~yes & ~gave_up, decided, NEVER),
        withdrawn=np.where(gave_up | (yes & ~taken), decided + rng.integers(600, 2 * DAY, n), NEVER),
        disbursed=disbursed, returned=np.where(returned, disbursed + rng.integers(DAY // 2, 7 * DAY, n),
                                               NEVER), overdue=overdue, cured=cured, closed=closed,
        paid=np.where(taken & ~returned, paid, 0),
    )  # fmt: skip


def outcome_rows(recipe: WorldSpec, loans: LoanRows, course: Course, rng: np.random.Generator) -> OutcomeRows:
    """The course of the loans as far as it is known at the end of the time frame."""
    n = len(loans)
    lost = np.where(course.cured, NEVER, course.overdue)
    granted = np.maximum(
        500, loans.amount * rng.choice([1.0, 0.8, 0.6, 0.5], n, p=[0.7, 0.14, 0.1, 0.06])
    ).astype(np.int64)
    moments = (
        course.approved, course.rejected, course.withdrawn, course.disbursed, course.returned, course.overdue,
        np.where(lost < NEVER, lost + 60 * DAY, NEVER), np.where(lost < NEVER, lost + 150 * DAY, NEVER),
        course.closed,
    )  # fmt: skip
    at = np.concatenate(moments)
    loan = np.tile(np.arange(n), len(moments))
    status = np.repeat(np.arange(len(moments)), n)
    keep = np.flatnonzero(at < recipe.end)
    keep = keep[np.argsort(at[keep], kind="stable")]
    amount = np.where(np.isin(status, (1, 2)), NONE, np.tile(granted, len(moments)))
    return OutcomeRows(loan[keep], status[keep], at[keep], amount[keep])


def label_rows(
    recipe: WorldSpec, people: People, loans: LoanRows, course: Course, rng: np.random.Generator
) -> LabelRows:
    """What investigators and collectors came to say: late, incomplete, sometimes wrong."""
    n, who = len(loans), loans.who
    known = np.full(n, NEVER)
    source = np.zeros(n, dtype=np.int64)
    fraud = np.ones(n, dtype=bool)
    bad = people.bad[who]
    confirm = rng.lognormal(np.log(32 * DAY), 0.7, n).astype(np.int64)
    believed = rng.random(n) < people.confirmed[who]
    defaulted = bad & (course.overdue < NEVER)
    known = np.where(defaulted & believed, course.overdue + confirm, known)
    caught = bad & (course.rejected < NEVER) & (rng.random(n) < 0.4 * people.confirmed[who])
    known = np.where(caught, course.rejected + confirm, known)
    source = np.where(caught, 2, source)
    swept = _sweep(people, loans, known, rng)
    source = np.where(swept < known, 1, source)
    known = np.minimum(known, swept)
    unlucky = ~bad & (course.overdue < NEVER) & (rng.random(n) < 0.02)
    slandered = ~bad & (rng.random(n) < 0.0004)
    known = np.where(unlucky, course.overdue + confirm, np.where(slandered, loans.at + confirm, known))
    source = np.where(slandered, 4, source)
    good = (known == NEVER) & (course.closed < NEVER) & (rng.random(n) < np.where(bad, 0.4, 0.55))
    known = np.where(good, course.closed + rng.integers(DAY, 30 * DAY, n), known)
    fraud &= ~good
    source = np.where(good, 3, source)
    keep = np.flatnonzero(known < recipe.end)
    keep = keep[np.argsort(known[keep], kind="stable")]
    about_person = fraud[keep] & (rng.random(len(keep)) < 0.3)
    return LabelRows(np.where(about_person, NONE, keep), who[keep], fraud[keep], known[keep], source[keep])


def _sweep(people: People, loans: LoanRows, known: IntArray, rng: np.random.Generator) -> IntArray:
    """In a third of the crews the first confirmed loan leads investigators to some of the others."""
    crew = people.crew[loans.who]
    swept = np.full(len(loans), NEVER)
    for name in np.unique(crew[(crew != NONE) & (known < NEVER)]):
        if rng.random() < 0.3:
            rows = np.flatnonzero((crew == name) & people.bad[loans.who])
            when = int(known[rows].min()) + int(rng.integers(10, 60)) * DAY
            result = rows[(rng.random(len(rows)) < rng.uniform(0.3, 0.95)) & (loans.at[rows] < when)]
            swept[result] = when + rng.integers(0, 10 * DAY, len(result))
    return swept
