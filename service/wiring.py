"""The plugging together: store, casebook and model are opened here by their URLs, once, and nowhere else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from graph.store import GraphStore
from investigations.casebook import Casebook
from service.settings import Settings


def system_clock() -> datetime:
    """The moment now, UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Wired:
    """What a request needs, made once a process; `current_app.extensions["ringfence"]` in the web application."""

    settings: Settings
    store: GraphStore
    casebook: Casebook
    scorer: Any = None
    clock: Callable[[], datetime] = system_clock
