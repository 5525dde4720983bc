"""Ids of one to three characters, as lenders number their customers: where erased ones leave least room."""

from __future__ import annotations

import random
from collections.abc import Callable

from graph.journal.renaming import renamed_facts
from graph.model.erasure import Renaming
from graph.model.types import Facts
from tests.support.small_worlds import random_facts

_LENDERS = ("", "@L1/", "@L1+L2/")


def _numbers(rng: random.Random, most: int) -> set[str]:
    return {f"{rng.randrange(10 ** rng.randint(1, 3))}" for _ in range(most)}


def _texts(letters: str) -> Callable[[random.Random, int], set[str]]:
    return lambda rng, most: {"".join(rng.choices(letters, k=rng.randint(1, 3))) for _ in range(most)}


SHORT_IDS: dict[str, Callable[[random.Random, int], set[str]]] = {
    "numbered without gaps": lambda _, most: {f"{n}" for n in range(most)},
    "numbers": _numbers,
    "with zeros before them": lambda rng, most: _numbers(rng, most) | {f"{n:03d}" for n in range(most)},
    "letters": _texts("abAZz"),
    "letters, figures and signs": _texts("ab019Z-_"),
    "of lenders too": lambda _, most: {f"{space}{n}" for n in range(most // 2) for space in _LENDERS},
}
"""By form: at most so many ids, or some more."""


def _renamed(old: set[str], form: str, rng: random.Random) -> dict[str, str]:
    """New names for the old ones, in no order of theirs."""
    new, most = set[str](), len(old)
    while len(new) < len(old):
        new |= SHORT_IDS[form](rng, most)
        most += len(old)
    return dict(zip(sorted(old), rng.sample(sorted(new), len(old)), strict=True))


def short_named_facts(seed: int, form: str) -> Facts:
    """A random small world whose people, applications and events have such ids: one id may be a person's,
    somebody else's application's and an event's.
    """
    rng, facts = random.Random(f"{seed} {form}"), random_facts(seed)
    people = {f"p{n:03d}" for n in range(30)}
    loans = {a.application_id for a in facts.applications}
    events = {e.event_id for e in facts.events}
    names = Renaming(
        people=_renamed(people, form, rng),
        applications=_renamed(loans, form, rng),
        events=_renamed(events, form, rng),
    )
    return renamed_facts(facts, names)
