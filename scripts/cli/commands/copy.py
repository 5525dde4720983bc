"""Copy a graph store into an empty one, of another kind or the same: all facts and ring snapshots with their
revisions, so that replays hold.
"""

from __future__ import annotations

import argparse
import time

from graph.model.errors import SettingError, StoreError
from graph.progress import bar
from graph.store.port import GraphStore
from graph.store.replication import copy, inventory
from scripts.cli.command import Command, Result
from service.opening import open_existing, open_store

EXAMPLE = """examples:
  COMMAND sqlite:///ringfence.db neo4j://neo4j:secret@localhost:7687/neo4j
  COMMAND neo4j://neo4j:secret@localhost:7687/neo4j sqlite:///back.db

A copy that was stopped goes on where it was when it is begun again. The key of the pseudonyms is not in a
store: give the new one the same RINGFENCE_HASH_KEY. Facts that come into FROM during the copy are copied by
running it once more."""


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("source", metavar="FROM", help="URL of the store to copy")
    parser.add_argument(
        "target", metavar="TO", help="URL of the store to copy into: empty, or a copy that was stopped"
    )


def _run(options: argparse.Namespace) -> Result:
    if options.source == options.target:
        raise SettingError("FROM and TO are the same store: name another one to copy into")
    with open_existing(options.source) as source, open_store(options.target) as target:
        return Result(_copied(source, target))


def _copied(source: GraphStore, target: GraphStore) -> dict[str, object]:
    started = time.perf_counter()
    facts = sum(
        n for table, n in source.counts().items() if table not in ("applicants", "identifiers", "ties")
    )
    with bar("copy", facts, " rows") as progress:
        upto = copy(source, target, progress.update)
    copied = time.perf_counter() - started
    result = []
    for store, what in ((source, "check FROM"), (target, "check TO")):
        with bar(what, facts, " rows") as progress:
            result.append(inventory(store, upto, progress.update).as_json())
    held = [_held(store) if store.revision() == upto else None for store in (source, target)]
    if result[0] != result[1] or (None not in held and held[0] != held[1]):
        raise StoreError(
            f"the copy is not equal: FROM has {result[0]} {held[0]}, TO has {result[1]} {held[1]}"
        )
    return {
        **result[0],
        "equal": True,
        "copy_seconds": round(copied, 3),
        "seconds": round(time.perf_counter() - started, 3),
    }


def _held(store: GraphStore) -> dict[str, int]:
    """How many facts and ties its tables hold, beside what its journal says. People and identifiers may come
    with facts that were not taken.
    """
    return {table: n for table, n in store.counts().items() if table not in ("applicants", "identifiers")}


COMMAND = Command(
    name="copy", script="copy_store", description=__doc__, example=EXAMPLE, arguments=_arguments, run=_run
)
