"""The embedded adapter: the graph in one SQLite file (standard library, WAL; whole views by Arrow's driver),
for many threads and many processes.
"""

from graph.stores.sqlite.store import SqliteStore

__all__ = ["SqliteStore"]
