"""A day with marked identifiers leaves none of them anywhere: not in a log, an address, an answer, an export,
a database or a frame; test_whole_run_commands.py does the same with every command.
"""

from __future__ import annotations

import json
import logging
import sqlite3
import zlib
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from investigations.users import DeskRole
from service.app import create_app
from tests.support.deliveries import load_into
from tests.support.desk.people import add_user, desk_of, log_in
from tests.support.raw_values import MARKED, NAME, SECRET, raw_values
from tests.support.service.whole_days import a_careless_delivery, drive
from tests.support.small_service import service


@pytest.mark.parametrize("by_name", [False, True], ids=["by key", "by name"])
def test_a_day_at_the_service_leaves_no_raw_value(
    tmp_path: Path, by_name: bool, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    kept, delivered = tmp_path / "kept", tmp_path / "delivered"
    kept.mkdir()
    context = service(kept)
    load_into(context.store, a_careless_delivery(delivered), kept / "report")
    assert (kept / "report" / "rejects.jsonl").read_bytes().count(b"\n") >= 5
    add_user(context.casebook.users, "wang", DeskRole.ADMIN)
    app = create_app(context)
    client, machine = (desk_of(app, "wang") if by_name else app.test_client()), app.test_client()
    answers: dict[str, bytes] = {}

    def ask(method: str, path: str, sent: Any) -> tuple[int, bytes]:
        asked = client if path.startswith(("/desk", "/cases", "/audit")) else machine
        purpose = {"X-Purpose": quote(f"call {MARKED['phone']}")}
        answer = asked.open(path, method=method, json=sent, headers=purpose)
        headers = str(answer.headers).encode()
        answers[f"{method} {path.partition('?')[0]} #{len(answers)}"] = headers + answer.get_data()
        return answer.status_code, answer.get_data()

    drive(ask)
    for name, password in ((MARKED["phone"], SECRET), (SECRET, MARKED["phone"]), ("wang", SECRET)):
        answer = log_in(app.test_client(), name, password, to=f"node=phone:{MARKED['phone']}")
        answers[f"login #{len(answers)}"] = str(answer.headers).encode() + answer.get_data()
    context.close()
    assert b"159****0987" in (kept / "store.db").read_bytes(), "what people are shown of it is there"
    logged = caplog.text.encode() + "".join(capfd.readouterr()).encode()
    found = raw_values(kept, answers | {"the log": logged})
    assert {one for one in found if not one.endswith(tuple(echoes(answers)))} == set()


def echoes(answers: dict[str, bytes]) -> list[str]:
    """Answers that give a caller back what it sent: the login page, the address that it shall go on to."""
    return [name for name in answers if name.startswith("login")]


def test_the_search_for_raw_values_finds_them_in_whatever_they_are_packed(tmp_path: Path) -> None:
    phone = MARKED["phone"].encode()
    (tmp_path / "a.bin").write_bytes(b"\0\1" + zlib.compress(b"x" + phone))
    pq.write_table(pa.table({"a": [MARKED["email"]] * 9}), tmp_path / "b.parquet", compression="zstd")
    with sqlite3.connect(tmp_path / "c.db") as connection:
        connection.execute("CREATE TABLE t (x BLOB)")
        connection.execute("INSERT INTO t VALUES (?)", (zlib.compress(phone),))
    (tmp_path / "d.json").write_text(json.dumps({"a": NAME}))
    (tmp_path / f"{MARKED['device_id']}.txt").write_text("x")
    found = raw_values(tmp_path)
    assert {one.partition(":")[2].split(",")[0].strip() for one in found} == {
        "a.bin",
        "b.parquet",
        "c.db",
        "d.json",
        f"{MARKED['device_id']}.txt",
    }
