"""What a store holds has a name: work over one store is not gone on with over another."""

from __future__ import annotations

import shutil
from pathlib import Path

from graph.model.types import Facts
from graph.store.forgetting import StoreState
from graph.store.past import past_of
from tests.support.small_worlds import applies, day
from tests.support.stores import open_store


def test_two_stores_of_one_backup_that_are_given_other_facts_have_other_names(tmp_path: Path) -> None:
    (tmp_path / "backup").mkdir()
    with open_store(tmp_path / "backup" / "graph.db") as store:
        store.add(Facts(applications=(applies("ann", 1),)))
        before = store.state()
    shutil.copytree(tmp_path / "backup", tmp_path / "other")
    names, earlier, states = [], [], []
    for copy, who in (("backup", "bo"), ("other", "cy")):
        with open_store(tmp_path / copy / "graph.db") as store:
            store.add(Facts(applications=(applies(who, 2),)))
            states.append(store.state())
            names.append(store.view_of(day(9), store.state()).past)
            earlier.append(past_of(store, before))
    assert states[0] == states[1]
    assert names[0] != names[1]
    assert earlier[0] == earlier[1]


def test_a_store_keeps_the_name_of_its_past_whatever_comes_later(tmp_path: Path) -> None:
    with open_store(tmp_path / "graph.db") as store:
        store.add(Facts(applications=(applies("ann", 1),)))
        state = store.state()
        past = past_of(store, state)
        store.add(Facts(applications=(applies("bo", 2),)))
        assert past_of(store, state) == past
        assert past_of(store, store.state()) != past
        assert past_of(store, StoreState(state.revision, state.edition + 1)) != past
