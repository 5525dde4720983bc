"""The libraries that only learning needs: how they are loaded, and what is said where they are missing."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from graph.model.errors import SettingError

_LEARNING = ("torch", "torch_geometric")


@contextmanager
def learning_libraries(what: str) -> Iterator[None]:
    """Import what learns inside it. Raises SettingError where a library is missing: `what` needs it."""
    # before torch is loaded: on graphs of this size a second thread only waits,
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    # and threads that wait for their turn should leave the cores to others
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    try:
        yield
    except ModuleNotFoundError as missing:
        if missing.name not in _LEARNING:
            raise
        raise SettingError(
            f"{what} needs {missing.name}, which is not installed here: pip install 'ringfence[train]', or "
            "use a machine that has it and bring the bundle's folder; serving and scoring need neither"
        ) from missing
