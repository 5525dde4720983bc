"""Makes a large store of a small one for benchmarks: so many copies of its people and facts in one graph, who
share its hubs, shops and lenders.
"""

from __future__ import annotations

import argparse
import json
import secrets
import shutil
import sqlite3
import sys
import time
from pathlib import Path

import numpy as np

from graph.facts.tables import Column
from graph.journal.entry import EncodedEntry, decode, write

HUB = 20  # more holders than this, or a value that links nobody: all copies name the same one
SHIFT = 37_000_000  # microseconds: each copy lives a little later than the one before
_HEX = "0123456789abcdef"
_NEVER = 1 << 62  # `superseded` of a tie that stands


def main(arguments: list[str] | None = None) -> int:
    """Exit status: 0 made, 2 unusable arguments."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        epilog="example: python -m scripts.tools.multiply_store var/60000 var/600000 --copies 10",
    )
    parser.add_argument(
        "source",
        type=Path,
        help="a folder with graph.db, which nobody writes to meanwhile, and its graph.db.key where the store "
        "has a key of its own (none with RINGFENCE_HASH_KEY)",
    )
    parser.add_argument("out", type=Path, help="the folder of the large store; one that is there is replaced")
    parser.add_argument("--copies", type=int, default=10, help="2 to 16 (default 10)")
    options = parser.parse_args(arguments)
    if not 2 <= options.copies <= len(_HEX):
        print(
            f"multiply_store: {options.copies} copies cannot be told apart: 2 to {len(_HEX)}", file=sys.stderr
        )
        return 2
    names = [name for name in ("graph.db", "graph.db.key") if (options.source / name).exists()]
    if "graph.db" not in names:
        print(f"multiply_store: there is no graph.db in {options.source}", file=sys.stderr)
        return 2
    began = time.perf_counter()
    options.out.mkdir(parents=True, exist_ok=True)
    for left in options.out.glob("graph.db*"):
        shutil.rmtree(left) if left.is_dir() else left.unlink()
    for name in names:
        shutil.copy(options.source / name, options.out / name)
    counts = multiply(options.out / "graph.db", options.copies)
    print(json.dumps({**counts, "copies": options.copies, "seconds": round(time.perf_counter() - began, 1)}))
    return 0


def multiply(path: Path, copies: int) -> dict[str, int]:
    """Everything in the store, so many times; the rows of each table. The first copy has the ids that the
    store has.
    """
    with sqlite3.connect(path, isolation_level=None) as db:
        for pragma in ("journal_mode=off", "synchronous=off", "cache_size=-1500000", "temp_store=memory"):
            db.execute(f"PRAGMA {pragma}")
        db.execute("BEGIN")
        db.execute(
            f"CREATE TEMP TABLE hub AS SELECT key FROM identifier WHERE linking = 0 UNION "
            f"SELECT identifier FROM tie GROUP BY 1 HAVING count(DISTINCT applicant) > {HUB}"
        )
        db.execute("CREATE UNIQUE INDEX temp.hubs ON hub(key)")
        tokens = {token for (token,) in db.execute("SELECT token FROM identifier JOIN hub USING(key)")}
        most = {
            table: db.execute(f"SELECT max(key) FROM {table}").fetchone()[0]
            for table in ("applicant", "identifier", "application", "event")
        }
        marks = db.execute("SELECT value FROM meta WHERE name = 'mark'").fetchone()[0]
        hubs = {key for (key,) in db.execute("SELECT key FROM hub")}
        first = {table: sql.replace(" FROM ", " FROM temp.", 1) for table, sql in _copied().items()}
        for table in (*first, "journal"):  # what the store has now, apart from what comes to it
            db.execute(f"CREATE TEMP TABLE {table} AS SELECT * FROM main.{table}")
        for copy in range(1, copies):
            _name_things(db, copy, most, hubs)
            for table, sql in first.items():
                db.execute(
                    f"INSERT INTO main.{table} {sql}",
                    {"copy": copy, "marks": marks * copy, "later": SHIFT * copy},
                )
            for mark, body in db.execute("SELECT mark, body FROM temp.journal ORDER BY mark").fetchall():
                db.execute(
                    "INSERT INTO main.journal VALUES (?, ?)",
                    (mark + marks * copy, write(renamed(decode(body), copy, tokens))),
                )
            print(f"copy {copy + 1} of {copies}", file=sys.stderr, flush=True)
        db.execute("UPDATE meta SET value = ? WHERE name = 'mark'", (marks * copies,))
        db.execute("UPDATE meta SET value = ? WHERE name = 'identity'", (secrets.randbits(63),))
        db.execute("COMMIT")
        db.execute("PRAGMA journal_mode=wal")
        counted = ("applicant", "application", "event", "tie", "mention")
        return {table: db.execute(f"SELECT count(*) FROM main.{table}").fetchone()[0] for table in counted}


def renamed(entry: EncodedEntry, copy: int, shared: set[str]) -> EncodedEntry:
    """The entry of a copy: its people, facts and identifiers have names of their own, but for the tokens that
    all copies share.
    """
    heap, begins = (
        entry.heap.copy(),
        np.concatenate([np.zeros(1, np.int64), entry.ends[:-1]]) if len(entry.ends) else entry.ends,
    )
    people = [
        entry.applications["applicant"],
        entry.events["applicant"],
        entry.events["counterparty"],
        entry.contacts["applicant"],
    ]
    at = begins[_numbers(*people, entry.labels["applicant"])]
    heap[at] += np.uint8(copy)
    digits = np.zeros(256, np.uint8)
    digits[list(_HEX.encode())] = np.roll(np.frombuffer(_HEX.encode(), np.uint8), -copy)
    ids = [
        entry.applications["application_id"],
        entry.events["event_id"],
        entry.outcomes["application"],
        entry.labels["application"],
    ]
    tokens = [
        n
        for n in entry.identifiers["token"].tolist()
        if heap[begins[n] : entry.ends[n]].tobytes().decode() not in shared
    ]
    at = np.concatenate([begins[_numbers(*ids)], begins[tokens] + 3 if tokens else np.zeros(0, np.int64)])
    heap[at] = digits[heap[at]]
    later = {
        name: _later(getattr(entry, name), field, copy)
        for name, field in (
            ("applications", "at"),
            ("events", "at"),
            ("contacts", "at"),
            ("outcomes", "at"),
            ("labels", "known_at"),
        )
    }
    return entry._replace(heap=heap, **later)


def _numbers(*columns: Column) -> Column:
    result = np.unique(np.concatenate(columns))
    return result[result >= 0]


def _later(rows: Column, field: str, copy: int) -> Column:
    out = rows.copy()
    out[field] += SHIFT * copy
    return out


def _name_things(db: sqlite3.Connection, copy: int, most: dict[str, int], hubs: set[int]) -> None:
    """The functions of a copy that `_copied` calls."""

    def identifier(key: int) -> int:
        return key if key in hubs else key + most["identifier"] * copy

    def mentions(text: str) -> str:
        return (
            ",".join(
                [
                    f"{role}:{identifier(int(key))}"
                    for role, _, key in (each.partition(":") for each in text.split(","))
                ]
            )
            if text
            else ""
        )

    def digit(text: str) -> str:
        return _HEX[(_HEX.index(text[0]) + copy) % 16] + text[1:] if text else text

    db.create_function("thing", 1, identifier, deterministic=True)
    db.create_function("mentions_of", 1, mentions, deterministic=True)
    db.create_function("named", 1, digit, deterministic=True)
    db.create_function(
        "who", 1, lambda text: chr(ord(text[0]) + copy) + text[1:] if text else text, deterministic=True
    )
    for table in ("applicant", "application", "event"):
        db.create_function(
            f"{table}_key",
            1,
            lambda key, table=table: None if key is None else key + most[table] * copy,
            deterministic=True,
        )


def _copied() -> dict[str, str]:
    """Of each table the rows of a copy."""
    at, mark = "at + :later", "mark + :marks"
    return {
        "applicant": "SELECT applicant_key(key), who(applicant_id) FROM applicant",
        "identifier": "SELECT thing(key), kind, 'k1.' || named(substr(token, 4)), masked, linking "
        "FROM identifier "
        "WHERE key NOT IN (SELECT key FROM hub)",
        "application": "SELECT application_key(key), named(application_id), applicant_key(applicant), "
        f"{at}, {mark}, "
        "platform_id, product, amount, "
        "term_months, merchant_id, agent_id, channel, face_match, liveness, phone_three_element, "
        "birth_year, city, new_citizen, "
        "mentions_of(mentions), attributes FROM application",
        "event": f"SELECT event_key(key), named(event_id), applicant_key(applicant), {at}, {mark}, kind, "
        "applicant_key(counterparty), merchant_id, "
        "amount, mentions_of(mentions), attributes FROM event",
        "outcome": f"SELECT named(application_id), status, {at}, amount, {mark} FROM outcome",
        "label": (
            "SELECT named(application_id), who(applicant_id), known_at + :later, source, label, detail, "
            f"{mark} "
            "FROM label"
        ),
        "contact": f"SELECT applicant_key(applicant), thing(phone), {at}, relation, {mark} FROM contact",
        "device": (
            f"SELECT thing(identifier), os, model, is_emulator, is_rooted, {mark} FROM device "
            "WHERE identifier NOT IN (SELECT key FROM hub)"
        ),
        "tie": f"SELECT thing(identifier), since + :later, applicant_key(applicant), role, {mark}, kind, "
        f"iif(superseded = {_NEVER}, superseded, superseded + :marks) FROM tie",
        "mention": f"SELECT applicant_key(applicant), thing(identifier), role, {at}, {mark} FROM mention",
    }


if __name__ == "__main__":
    sys.exit(main())
