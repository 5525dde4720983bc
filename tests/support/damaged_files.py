"""Database files with pages that are not what was written there."""

from __future__ import annotations

import random
import sqlite3
from contextlib import closing
from pathlib import Path

_PAGE = 4096


def damage(path: Path, seed: int, share: float) -> None:
    """Overwrite bytes in about that share of a SQLite file's pages, never in the first."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        assert connection.execute("PRAGMA page_size").fetchone() == (_PAGE,)
    chance = random.Random(seed)
    with path.open("r+b") as file:
        for page in range(1, path.stat().st_size // _PAGE):
            if chance.random() < share:
                size = chance.choice((16, 80, 400, _PAGE))
                file.seek(page * _PAGE + chance.randrange(_PAGE - size + 1))
                file.write(chance.choice((bytes(size), chance.randbytes(size))))
