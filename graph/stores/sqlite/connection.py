"""How the store's file is opened: many processes read it, one writes."""

from __future__ import annotations

from pathlib import Path

from graph.stores.embedded_connection import EmbeddedConnection, open_file

BUSY_SECONDS = 30.0  # how long a writer waits for another one
_SETTINGS = ("synchronous = NORMAL", "cache_size = -65536", "mmap_size = 1073741824", "temp_store = MEMORY")


def connect(path: Path, patience: float = BUSY_SECONDS) -> EmbeddedConnection:
    """Open the file as `open_file` says."""
    connection = open_file("store", path, patience)
    for setting in _SETTINGS:
        connection.execute(f"PRAGMA {setting}")
    return connection
