"""A large store is made of a small one, whoever holds its key."""

from __future__ import annotations

from pathlib import Path

import pytest

from graph.model.types import Facts
from scripts.tools.multiply_store import main
from tests.support.small_worlds import applies, day
from tests.support.stores import open_store, sqlite_only


@sqlite_only
@pytest.mark.parametrize("own_key", [True, False])
def test_a_store_is_multiplied_with_the_key_that_it_has(tmp_path: Path, own_key: bool) -> None:
    (tmp_path / "small").mkdir()
    if own_key:
        (tmp_path / "small" / "graph.db.key").write_text("secret")
    with open_store(tmp_path / "small" / "graph.db") as store:
        store.add(Facts(applications=(applies("ann", 1), applies("bob", 2))))
    assert main([str(tmp_path / "small"), str(tmp_path / "large"), "--copies", "3"]) == 0
    with open_store(tmp_path / "large" / "graph.db") as store:
        assert len(list(store.view(day(9)).applications(day(0)))) == 6
    assert (tmp_path / "large" / "graph.db.key").exists() == own_key


def test_a_folder_without_a_store_is_refused_in_words(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "large").mkdir()
    (tmp_path / "large" / "graph.db").write_text("of before")
    assert main([str(tmp_path), str(tmp_path / "large")]) == 2
    assert "there is no graph.db in" in capsys.readouterr().err
    assert (tmp_path / "large" / "graph.db").read_text() == "of before"
