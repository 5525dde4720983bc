"""A table for a spreadsheet holds no cell that it would compute, and every id comes back from it."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet

from service.table_files import COMPUTED, writer_for

ROOT = Path(__file__).parents[3]
IDS = ("=1+1", "+86", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "\x00=1", "＝1+1", "＋1", "－1", "＠1",
       "'=1", "''", "C-8841", "a=1", "王", "", None)  # fmt: skip


def written(folder: Path, name: str) -> Path:
    columns = pa.schema([("applicant_id", pa.string()), ("codes", pa.list_(pa.string())), ("n", pa.int32())])
    rows = [{"applicant_id": one, "codes": ["-A", "B"], "n": -3} for one in IDS]
    with writer_for(folder / name, columns) as write:
        write(pa.Table.from_pylist(rows, columns))
    return folder / name


def test_a_spreadsheet_computes_no_text_that_somebody_else_chose(tmp_path: Path) -> None:
    read = pd.read_csv(written(tmp_path, "scores.csv"), dtype=str, keep_default_na=False, lineterminator="\n")
    shown = [one for column in ("applicant_id", "codes") for one in read[column]]
    assert [one for one in shown if re.match(r"[=+\-@\t\r\n\x00＝＋－＠]", one)] == []
    assert set(read["codes"]) == {"'-A B"}
    assert set(read["n"]) == {"-3"}, "a number is a number"


def test_an_id_comes_back_when_one_apostrophe_is_taken_away(tmp_path: Path) -> None:
    with written(tmp_path, "scores.csv").open(encoding="utf-8", newline="") as file:
        read = pd.read_csv(file, dtype=str, keep_default_na=False)
    assert list(read["applicant_id"].str.removeprefix("'")) == [one or "" for one in IDS]
    whole = pa.parquet.read_table(written(tmp_path, "scores.parquet"))
    assert whole["applicant_id"].to_pylist() == list(IDS)


def test_the_desk_saves_its_tables_by_the_same_rule() -> None:
    script = (ROOT / "service" / "web" / "src" / "exports.ts").read_text(encoding="utf-8")
    assert f"/^[{COMPUTED}]/.test(text)" in script
