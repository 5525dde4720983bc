"""The folder in which the workers of one run share their metrics."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from service.folders import folder_for
from service.own_folder import own_folder


@contextmanager
def metrics_folder(given: str) -> Iterator[Path]:
    """The folder that is given, or one for this run alone. Raises SettingError for a folder that cannot be
    made.
    """
    if given:
        yield folder_for(Path(given))
        return
    with own_folder("ringfence-metrics-") as folder:
        yield folder
