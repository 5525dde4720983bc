"""One cohort from its seed: plan, people, groups, crews, loans, outcomes, events."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ingestion.simulation.cohort_plan import draw_plan
from ingestion.simulation.crews import settle_crew, settle_solo_stackers
from ingestion.simulation.events import Events, Lives, live
from ingestion.simulation.habits import Habits, draw_habits
from ingestion.simulation.honest import Scene, settle_group, touch_of_everything
from ingestion.simulation.keys import NONE, IntArray, Mint
from ingestion.simulation.loans import LoanRows, apply_for_loans
from ingestion.simulation.outcomes import LabelRows, OutcomeRows, label_rows, outcome_rows, run_loans
from ingestion.simulation.people import People, draw_people
from ingestion.simulation.places import Places
from ingestion.simulation.world_spec import WorldSpec


@dataclass(frozen=True)
class Cohort:
    """Everything about some thousands of people; values are keys still."""

    number: int
    begin: int
    people: People
    loans: LoanRows
    outcomes: OutcomeRows
    labels: LabelRows
    events: Events
    contacts: Contacts


@dataclass(frozen=True)
class Contacts:
    """Rows of the contacts table; `relation` is a position in RELATIONS."""

    who: IntArray
    phone: IntArray
    relation: IntArray
    at: IntArray


RELATIONS = ("self", "spouse", "parent", "relative", "friend", "colleague", "other")


def make_cohort(recipe: WorldSpec, places: Places, number: int, begin: int, city: IntArray) -> Cohort:
    """The people with positions begin..begin+len(city) of the world; the same recipe gives the same
    cohort.
    """
    rng = np.random.default_rng(np.random.SeedSequence(recipe.seed, spawn_key=(number,)))
    mint = Mint(number)
    people = draw_people(recipe, begin, city, mint, rng)
    crews = _settle(Scene(recipe, places, people, mint, rng), rng)
    loans = apply_for_loans(recipe, places, people, crews, rng)
    course = run_loans(places, people, loans, rng)
    hours = np.full(len(people), 40.0)
    for name, habits in crews.items():
        hours[(people.crew == name) & people.bad] = habits.cash_out_hours
    cash_out = (rng.exponential(hours[loans.who]) * 3_600).astype(np.int64) + 60
    events = live(Lives(recipe, places, people, loans, course, cash_out), rng)
    return Cohort(
        number, begin, people, loans, outcome_rows(recipe, loans, course, rng),
        label_rows(recipe, people, loans, course, rng), events, _draw_contacts(people, mint, rng),
    )  # fmt: skip


def _settle(scene: Scene, rng: np.random.Generator) -> dict[int, Habits]:
    plan = draw_plan(scene.recipe, len(scene.people), rng)
    for number, group in enumerate(plan.honest):
        settle_group(scene, group, number)
    touch_of_everything(scene, np.concatenate([group.members for group in plan.honest]))
    settle_solo_stackers(scene, plan.solo_stackers)
    houses = [group.members for group in plan.honest if group.kind in ("dormitory", "campus")]
    crews: dict[int, Habits] = {}
    for number, group in enumerate(plan.crews):
        crews[number] = draw_habits(group.kind, rng)
        settle_crew(scene, group.members, crews[number], number, houses)
    return crews


def _draw_contacts(people: People, mint: Mint, rng: np.random.Generator) -> Contacts:
    """The two contacts of the application, and up to three more from the address book; some are other
    applicants.
    """
    n = len(people)
    more = np.repeat(np.arange(n), rng.integers(0, 4, n))
    stranger = mint.fresh("phone", len(more))
    known = rng.random(len(more)) < 0.04
    near = (more + rng.integers(1, 400, len(more))) % n
    who = np.concatenate([np.arange(n), np.arange(n), more])
    phone = np.concatenate(
        [people.contact_1, people.contact_2, np.where(known, people.phone_a[near], stranger)]
    )
    relation = np.concatenate([
        rng.choice([1, 2, 3], n, p=[0.4, 0.45, 0.15]), rng.choice([3, 4, 5, 6], n, p=[0.4, 0.35, 0.2, 0.05]),
        rng.choice([3, 4, 5, 6], len(more)),
    ])  # fmt: skip
    at = people.first[who] - rng.integers(60, 7_200, len(who))
    keep = np.flatnonzero(phone != NONE)
    keep = keep[np.argsort(at[keep], kind="stable")]
    return Contacts(who[keep], phone[keep], relation[keep], at[keep])
