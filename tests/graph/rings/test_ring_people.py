"""A close look at people is what serving sees of them through the frame, without labels, fates and the
future.
"""

from __future__ import annotations

import shutil
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from graph.facts.tables import Column
from graph.features.extraction import SIGNAL_NAMES
from graph.frame import files
from graph.frame.location import folder_of as frame_folder
from graph.frame.location import frame_of
from graph.model.types import Facts
from graph.rings.applicants.rows import HeldApplicants
from graph.rings.projected import in_this_process
from graph.rings.search import search
from graph.rings.suspicion.people import INFORMATIVE, NAMES, of_few, signals_of, through_frame, through_view
from tests.support.frames import tiny_rooms
from tests.support.ring_searches import of_everybody, same_groups
from tests.support.small_worlds import before, day, fraud, random_facts, shuffled
from tests.support.stores import open_store
from tests.support.worlds.rings import both

MOMENT = day(35)


def looked_at(path: Path, facts: Facts, some: list[int] | None = None) -> tuple[Column, Column]:
    """Ids of some people (everybody) and their signals as of MOMENT."""
    with open_store(path) as store:
        store.add(facts)
        tables = store.view(MOMENT).tables()
        people = np.arange(len(tables.applicant_ids)) if some is None else np.array(some)
        with closing(frame_of(store)) as frame:
            return tables.applicant_ids[people], signals_of(
                frame, store.revision(), HeldApplicants(tables), people
            ).values


@pytest.mark.parametrize("seed", range(2))
def test_shuffling_and_deleting_the_future_changes_no_signal(tmp_path: Path, seed: int) -> None:
    facts = random_facts(seed, people=60)
    ids, whole = looked_at(tmp_path / "a.db", facts)
    others, cut = looked_at(tmp_path / "b.db", shuffled(before(facts, MOMENT), seed))
    assert ids.tolist() == others.tolist()
    np.testing.assert_array_equal(whole, cut)


def test_a_label_changes_no_signal_of_anybody(tmp_path: Path) -> None:
    facts = random_facts(3, people=60)
    labels = Facts(labels=tuple(fraud(a.application_id, 20) for a in facts.applications[::4]))
    np.testing.assert_array_equal(
        looked_at(tmp_path / "a.db", facts)[1], looked_at(tmp_path / "b.db", both(facts, labels))[1]
    )


def test_some_people_are_seen_as_all_of_them_are(tmp_path: Path) -> None:
    facts = random_facts(5, people=60)
    ids, whole = looked_at(tmp_path / "a.db", facts)
    some = [3, 17, 40, 41]
    names, rows = looked_at(tmp_path / "a.db", Facts(), some)
    assert names.tolist() == ids[some].tolist()
    np.testing.assert_array_equal(rows, whole[some])


def test_people_are_seen_through_the_store_as_through_the_frame(tmp_path: Path) -> None:
    facts = random_facts(6, people=60)
    with open_store(tmp_path / "a.db") as store:
        store.add(facts)
        people = HeldApplicants(store.view(MOMENT).tables())
        some, revision = np.arange(len(people)), store.revision()
        by_frame, by_view = (way(store, revision) for way in (through_frame, through_view))
        assert set(people.latest(some).tolist()) > {None}
        np.testing.assert_array_equal(by_frame(people, some).values, by_view(people, some).values)


def test_where_the_frame_cannot_hold_the_store_the_first_look_is_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    facts = random_facts(9, people=400)
    labelled = both(facts, Facts(labels=tuple(fraud(a.application_id, 30) for a in facts.applications[::7])))
    with open_store(tmp_path / "a.db") as store:
        store.add(labelled)
        projected, revision = in_this_process(store.view(day(45)).tables()), store.revision()
        whole = search(projected, closely=through_frame(store, revision))
        shutil.rmtree(frame_folder(store))
        monkeypatch.setattr(files, "_ROWS", 1_000)
        closely = through_frame(store, revision)
        with tiny_rooms():
            found = search(projected, closely=closely)
            seen = of_few(closely, store, revision)(projected.applicants, np.arange(5))
    assert "nobody is looked at closely" in caplog.text
    assert found.known.totals.are_enough
    assert of_everybody(found, "suspicion")[0].tolist() != of_everybody(whole, "suspicion")[0].tolist()
    assert seen.names == NAMES
    assert len(seen.values) == 5


def test_every_signal_is_seen_or_speaks_of_labels_and_fates() -> None:
    assert set(NAMES) | INFORMATIVE == set(SIGNAL_NAMES)
    assert not set(NAMES) & INFORMATIVE


def test_a_search_that_looks_closely_gives_the_same_whatever_comes_later(tmp_path: Path) -> None:
    facts = random_facts(9, people=400)
    labelled = both(facts, Facts(labels=tuple(fraud(a.application_id, 30) for a in facts.applications[::7])))
    moment, result = day(45), []
    for name, known in (("a.db", labelled), ("b.db", shuffled(before(labelled, moment), 4))):
        with open_store(tmp_path / name) as store:
            store.add(known)
            result.append(
                search(
                    in_this_process(store.view(moment).tables()),
                    closely=through_frame(store, store.revision()),
                )
            )
    assert result[0].known.totals.are_enough
    assert result[0].rates == result[1].rates
    assert same_groups(*result)
