"""What the tests of `ringfence erase` share: a service's folder with people, and a place for certificates."""

from __future__ import annotations

from pathlib import Path

import pytest

from service.settings import Settings
from tests.support.erasure.worlds import filled
from tests.support.stores import HASH_KEY


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Of a service that was used and is closed again."""
    monkeypatch.setenv("RINGFENCE_HASH_KEY", HASH_KEY)
    return filled(tmp_path)


@pytest.fixture
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where certificates go: not the service's folder, in which names are searched for."""
    return tmp_path_factory.mktemp("certificates")
