"""A store whose views are read through a frame: what is added goes to SQLite, what is asked is answered by the resident copy."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from graph.frame.frame import Frame
from graph.frame.view import FrameView
from graph.sqlite_store import SqliteStore


class FramedStore(SqliteStore):
    """A SqliteStore with a frame beside it: `view` catches up and reads there."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.frame = Frame.open(path.with_suffix(".frame"), self)

    def view(self, as_of: datetime, recorded_by: int | None = None) -> FrameView:  # type: ignore[override]
        assert self.frame.catch_up()
        return self.frame.view(as_of, recorded_by)

    def of_sqlite(self, as_of: datetime, recorded_by: int | None = None):
        """The view of the store itself."""
        return super().view(as_of, recorded_by)

    def close(self) -> None:
        self.frame.close()
        super().close()
