"""The embedded adapter: the graph in one SQLite file (standard library, WAL), for many threads and many processes."""

from graph.sqlite_store.store import SqliteStore

__all__ = ["SqliteStore"]
