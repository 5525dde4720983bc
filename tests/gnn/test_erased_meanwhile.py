"""Who is erased while a model is trained or judged is named in no message: it is said what to do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from gnn.registry import last_slice as slices
from gnn.training import run
from gnn.training.run import train_model
from graph.frame.location import frame_of
from graph.model.errors import ConflictError
from graph.model.moments import micros
from graph.store.port import GraphStore
from tests.support.contracts.erasure_contract import erased
from tests.support.models.small_models import SMALL, TODAY, small_facts
from tests.support.small_worlds import day
from tests.support.stores import open_store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[GraphStore]:
    with open_store(tmp_path / "store.db") as opened:
        opened.add(small_facts())
        yield opened


def erased_before(monkeypatch: pytest.MonkeyPatch, module: Any, name: str, store: GraphStore) -> list[str]:
    """Many are erased when that function is called; their ids, once it was."""
    asked, gone = getattr(module, name), list[str]()

    def late(*given: Any) -> Any:
        if not gone:
            gone.extend(sorted({one.applicant_id for one in small_facts().applications})[::2])
            erased(store, *gone)
            with closing(frame_of(store)) as filled_anew:
                assert filled_anew.catch_up()
        return asked(*given)

    monkeypatch.setattr(module, name, late)
    return gone


def test_a_training_during_which_people_are_erased_is_to_be_begun_again(
    store: GraphStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = erased_before(monkeypatch, run, "extract_all", store)
    with pytest.raises(ConflictError, match="erased meanwhile") as refused:
        train_model(store, TODAY, tmp_path / "model", SMALL)
    assert gone
    assert not any(who in str(refused.value) for who in gone)
    assert not (tmp_path / "model").exists()


def test_a_comparison_during_which_people_are_erased_is_to_be_begun_again(
    store: GraphStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(frame_of(store)) as frame:
        assert frame.catch_up()
        erased_before(monkeypatch, slices, "extract_all", store)
        with pytest.raises(ConflictError, match="erased meanwhile"):
            slices.last_slice(store, frame, micros(day(5)), micros(TODAY), 25.0)
