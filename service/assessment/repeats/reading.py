"""How a command reads the store that recorded answers were given by, as of thousands of moments: through the
frame, without a round trip each.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from graph.model.errors import SettingError
from graph.store.port import GraphStore
from investigations.casebook import Casebook
from service.assessment.views import Views
from service.opening import filled_frame
from service.settings import Settings

_LOOKED_AT = 100  # recorded answers, the latest
_DAY = timedelta(days=1)


def refuse_another_store(casebook: Casebook, store: GraphStore) -> None:
    """Raise SettingError where the latest recorded answers cannot be of that store: it never came to the
    revision that they were read at, or knows none of the applications that they brought it. What is counted
    by it would be of other people. Raises StoreError.
    """
    latest = [one for one in casebook.newest(_LOOKED_AT) if one.recorded_by is not None]
    if not latest:
        return
    revision, read_at = store.revision(), max(one.recorded_by or 0 for one in latest)
    if read_at > revision:
        why = f"it is at revision {revision}, and they were read at {read_at}"
    else:
        brought = [one.application_id for one in latest if one.audit.get("application_stored")]
        view = store.view(latest[0].as_of + _DAY)
        if not brought or any(name and view.application(name) is not None for name in brought):
            return
        why = "it has none of their applications"
    raise SettingError(
        "the store is not the one that the casebook's latest answers were given by, or an older copy: "
        f"{why}; name the one that the service has (RINGFENCE_STORE, or --store)"
    )


@contextmanager
def views_of_many(store: GraphStore, settings: Settings) -> Iterator[Views]:
    """Views of a store through its frame, which is filled first; through the store where there is none to be
    had. Raises StoreError.
    """
    views = Views(store, filled_frame(store, settings, store.revision()))
    try:
        yield views
    finally:
        views.close()
