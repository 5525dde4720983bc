"""Counts identical events without an id within one delivery or request."""

from __future__ import annotations

from graph.stores.embedded_connection import EmbeddedConnection, open_file

# contents that are counted in memory, about 80 MB; more go to a temporary file, which is gone with the
# process
_HELD = 1_000_000
_CACHE_KB = 65_536
_COUNT = "INSERT INTO seen VALUES (?, 1) ON CONFLICT DO UPDATE SET times = times + 1 RETURNING times"


class Repeats:
    """Counts contents by their digests, of which the first eight bytes tell them apart."""

    def __init__(self) -> None:
        self._once: set[bytes] = set()
        self._more: dict[bytes, int] = {}
        self._file: EmbeddedConnection | None = None

    def number(self, digest: bytes) -> int:
        """1 for what comes for the first time, 2 for the second, ..."""
        known = digest[:8]
        if self._file is not None:
            ((times,),) = self._file.execute(_COUNT, (_whole(known),)).fetchall()
            return int(times)
        if known not in self._once:
            self._once.add(known)
            if len(self._once) >= _HELD:
                self._file = self._on_disk()
            return 1
        self._more[known] = number = self._more.get(known, 1) + 1
        return number

    def _on_disk(self) -> EmbeddedConnection:
        """All that was counted so far, in a file without a name."""
        file = open_file("list of events that came already", "", 0.0)
        for setting in (
            "journal_mode = OFF",
            "synchronous = OFF",
            "temp_store = FILE",
            f"cache_size = -{_CACHE_KB}",
        ):
            file.execute(f"PRAGMA {setting}")
        file.execute("CREATE TABLE seen (content INTEGER PRIMARY KEY, times INTEGER NOT NULL) WITHOUT ROWID")
        file.execute("BEGIN")
        file.executemany(
            "INSERT INTO seen VALUES (?, ?)",
            ((_whole(known), self._more.get(known, 1)) for known in sorted(self._once)),
        )
        self._once, self._more = set(), {}
        return file


def _whole(known: bytes) -> int:
    return int.from_bytes(known, "big", signed=True)
