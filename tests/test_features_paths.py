"""Where a neighbourhood shows a signal or a variable, gone by compiled code: the ways that the Python before it went."""

from __future__ import annotations

import random
from collections import Counter
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from graph import multi_lending, signals
from graph.evidence import Evidence
from graph.features.reading import read
from graph.features.room import room_for
from graph.features.shown import FINDERS, Guide, Shown
from graph.frame.of_view import named
from graph.signals import SIGNALS, Path, Reading
from graph.signals import paths as before
from tests.feature_worlds import made_evidence, odd_evidence

VARIABLES = [f"ml_12m_{key}_all_apps" for key in multi_lending.KEYS]


def guide(evidence: Evidence) -> Guide:
    n, names = named(evidence)
    r = room_for(n)
    assert read(n, r)
    return Guide(n, r, names, evidence.subject.application)


def both_ways(evidence: Evidence) -> list[tuple[str, Path | None, Shown | None]]:
    reading, by_arrays = signals.read(evidence), guide(evidence)
    found = [(name, one.path(reading), by_arrays.to_signal(name)) for name, one in SIGNALS.items()]
    for name in VARIABLES:
        path = multi_lending.evidence_path(evidence, name)
        found.append((name, Path(*path) if path else None, by_arrays.to_variable(name)))
    return found


def is_walkable(path: Path, reading: Reading) -> bool:
    """Whether each step between people and identifiers is a link of the graph that was looked at, or leads to another id of the subject."""
    graph, selves = reading.evidence.graph, reading.selves
    return all(a not in graph or b not in graph or graph.has_edge(a, b) or {a, b} <= selves for a, b in pairwise(path.nodes))


def agree(evidence: Evidence) -> Counter[bool]:
    reading, same = signals.read(evidence), Counter[bool]()
    for name, path, shown in both_ways(evidence):
        assert (path is None) == (shown is None), name
        if path is None or shown is None:
            continue
        assert is_walkable(shown.path, reading), name
        assert [node.partition(":")[0] for node in shown.path.nodes][-1:] == [node.partition(":")[0] for node in path.nodes][-1:], name
        same[shown.path == path] += 1
        if name in SIGNALS:
            assert shown.beyond == before.goes_through(shown.path, reading), name
    return same


@given(st.integers(0, 2**32))
@settings(max_examples=40, deadline=None)
def test_a_path_is_found_where_one_was_found_before_and_can_be_walked(seed: int) -> None:
    for evidence in odd_evidence(random.Random(seed), 2):
        agree(evidence)


def test_paths_are_those_of_before_but_for_which_of_two_equals_is_shown() -> None:
    same = sum((agree(evidence) for evidence in made_evidence(100)), Counter[bool]())
    assert same[True] > 3_000
    assert same[False] < 0.03 * same[True]


def test_every_signal_has_a_way_that_shows_it() -> None:
    assert list(FINDERS) == list(SIGNALS)
