"""Runs queries on a SQLite file by Arrow's driver, in a process without another SQLite library; started by
`columns.py`, by its path alone.

Standard input has one JSON line a step: {"open": PATH}, {"query": SQL, "rows": N}, {"close": null}. The
answer to each is a line: {} or {"error": TEXT, "of_the_disk": BOOL}; after that of a query comes a stream in
Arrow's format.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import Any, BinaryIO

import adbc_driver_manager
import pyarrow as pa
from adbc_driver_sqlite import dbapi


def main(steps: BinaryIO, answers: BinaryIO) -> None:
    """Answer until the input ends: then whoever asked is gone."""
    connection: dbapi.Connection | None = None
    for step in _parsed(steps):
        try:
            if "open" in step:
                connection = dbapi.connect(step["open"])
                _say(answers)
            elif connection is None:
                _say(answers, "nothing is open")
            elif "query" in step:
                _answer(connection, step, answers)
            else:
                connection.close()
                connection = None
                _say(answers)
        except adbc_driver_manager.Error as error:
            _say(answers, str(error), of_the_disk=error.status_code == adbc_driver_manager.AdbcStatusCode.IO)


def _answer(connection: dbapi.Connection, step: dict[str, Any], answers: BinaryIO) -> None:
    with connection.cursor() as cursor:
        cursor.adbc_statement.set_options(**{"adbc.sqlite.query.batch_rows": str(step["rows"])})
        cursor.execute(step["query"])
        batches = cursor.fetch_record_batch()
        _say(answers)
        with pa.ipc.new_stream(answers, batches.schema) as stream:
            for batch in batches:
                stream.write_batch(batch)
    answers.flush()


def _parsed(steps: BinaryIO) -> Iterator[dict[str, Any]]:
    for line in steps:
        yield json.loads(line)


def _say(answers: BinaryIO, error: str = "", *, of_the_disk: bool = False) -> None:
    said = {"error": error, "of_the_disk": of_the_disk} if error else {}
    answers.write(json.dumps(said).encode() + b"\n")
    answers.flush()


if __name__ == "__main__":
    main(sys.stdin.buffer, sys.stdout.buffer)
