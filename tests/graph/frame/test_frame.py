"""The frame keeps the contract of every store's views."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.support.contracts.people_range_contract import PeopleRangeContract
from tests.support.contracts.store_contract import Open, StoreContract
from tests.support.frames import FramedStore


class TestFrame(StoreContract, PeopleRangeContract):
    @pytest.fixture
    def open_store(self, tmp_path: Path) -> Open:
        return partial(FramedStore, tmp_path / "graph.db")

    @pytest.fixture
    def store(self, open_store: Open) -> Iterator[FramedStore]:
        with open_store() as store:
            yield store

    @pytest.fixture
    def second(self, tmp_path: Path) -> Iterator[FramedStore]:
        with FramedStore(tmp_path / "second.db") as store:
            yield store
