"""Views of the desk that people saved: a drawing with what they made of it, as of its moment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedView:
    """`name`: what its maker called it; `node`: of what it is a drawing; `as_of`: the moment that it shows.

    `content`: JSON of what was made of it (expanded nodes, filters, places), as the page gave it.
    """

    view_id: str
    name: str
    node: str
    as_of: datetime
    at: datetime
    by: str
    content: bytes
