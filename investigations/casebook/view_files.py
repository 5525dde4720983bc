"""Saved views in a casebook: kept as they were made, and taken away by whoever made them."""

from __future__ import annotations

import zlib
from typing import Any

import sqlalchemy as sa

from graph.model.errors import ConflictError, NotFoundError
from graph.model.moments import micros, moment
from investigations.casebook.engine import Engines
from investigations.casebook.tables.view_tables import SAVED_VIEWS
from investigations.saved_views import SavedView

LISTED = 50  # views of one node, the latest
MOST_OF_ONE = 500  # views that one person may keep


class ViewFiles:
    """Saved views in a casebook. Every method raises StoreUnavailableError when it cannot be used."""

    def __init__(self, engines: Engines) -> None:
        self._engines = engines

    def save(self, view: SavedView) -> None:
        """Keep one. Raises ConflictError where its maker keeps as many as one person may."""
        own = sa.select(sa.func.count()).select_from(SAVED_VIEWS).where(SAVED_VIEWS.c.by == view.by)
        with self._engines.writing() as connection:
            if connection.execute(own).scalar_one() >= MOST_OF_ONE:
                raise ConflictError(f"{view.by} keeps {MOST_OF_ONE} views: take one away first")
            connection.execute(sa.insert(SAVED_VIEWS), _row(view))

    def view(self, view_id: str) -> SavedView:
        """One view. Raises NotFoundError."""
        with self._engines.reading() as connection:
            query = sa.select(SAVED_VIEWS).where(SAVED_VIEWS.c.view_id == view_id)
            row = connection.execute(query).mappings().first()
        if row is None:
            raise NotFoundError(f"no saved view {view_id}")
        return _view(row)

    def of_node(self, node: str) -> tuple[SavedView, ...]:
        """The latest views of a node, the newest first."""
        query = sa.select(SAVED_VIEWS).where(SAVED_VIEWS.c.node == node)
        order = (SAVED_VIEWS.c.at.desc(), SAVED_VIEWS.c.view_id)
        with self._engines.reading() as connection:
            rows = connection.execute(query.order_by(*order).limit(LISTED)).mappings()
            return tuple(map(_view, rows))

    def remove(self, view_id: str, by: str) -> None:
        """Take one's own view away. Raises NotFoundError, and ConflictError for somebody else's."""
        if self.view(view_id).by != by:
            raise ConflictError(f"the view {view_id} is somebody else's")
        with self._engines.writing() as connection:
            connection.execute(sa.delete(SAVED_VIEWS).where(SAVED_VIEWS.c.view_id == view_id))


def _row(view: SavedView) -> dict[str, Any]:
    return {
        "view_id": view.view_id,
        "name": view.name,
        "node": view.node,
        "as_of": micros(view.as_of),
        "at": micros(view.at),
        "by": view.by,
        "content": zlib.compress(view.content),
    }


def _view(row: sa.RowMapping) -> SavedView:
    return SavedView(
        view_id=row["view_id"],
        name=row["name"],
        node=row["node"],
        as_of=moment(row["as_of"]),
        at=moment(row["at"]),
        by=row["by"],
        content=zlib.decompress(row["content"]),
    )
