"""Executors that reach other stages than this process, or have another Ringfence, are noticed at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from graph.model.errors import SettingError
from graph.rings.spark import reach
from graph.rings.spark.reach import refuse_apart


@dataclass(frozen=True)
class Executors:
    """A cluster of one executor; `elsewhere` is how the folder's address leads it to another folder."""

    elsewhere: tuple[str, str] = ("", "")
    rows: tuple[pd.DataFrame, ...] = ()
    fails: str = ""

    def range(self, *_: int) -> Executors:
        return self

    def mapInPandas(self, task: Callable[..., Any], _columns: str) -> Executors:
        if self.fails:
            raise ConnectionError(self.fails)
        place = task.keywords["place"].replace(*self.elsewhere)  # type: ignore[attr-defined]
        return replace(self, rows=tuple(task.func(iter([pd.DataFrame({"id": [0]})]), place)))  # type: ignore[attr-defined]

    @property
    def write(self) -> Executors:
        return self

    def parquet(self, address: str) -> None:
        folder = Path(address.removeprefix("file://"))
        folder.mkdir(parents=True)
        pq.write_table(pa.Table.from_pandas(pd.concat(self.rows)), folder / "0.parquet")


def test_executors_that_reach_the_same_stages_are_taken(tmp_path: Path) -> None:
    refuse_apart(Executors(), f"file://{tmp_path}")
    assert list(tmp_path.iterdir()) == []


def test_executors_that_have_a_folder_of_their_own_by_that_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="reach different folders by this address"):
        refuse_apart(Executors((str(tmp_path), "/nobodys")), f"file://{tmp_path}")
    assert list(tmp_path.iterdir()) == []


def test_an_executor_with_another_version_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    versions = iter(["0.1.0", "0.2.0", "0.2.0"])
    monkeypatch.setattr(reach, "product_version", lambda: next(versions))
    with pytest.raises(SettingError, match=r"has Ringfence 0\.1\.0, this process 0\.2\.0: install the same"):
        refuse_apart(Executors(), f"file://{tmp_path}")


def test_an_executor_without_ringfence_is_said(tmp_path: Path) -> None:
    lacks = "Traceback (most recent call last):\n  File x\nModuleNotFoundError: No module named 'graph'"
    with pytest.raises(
        SettingError, match=r"the executors cannot work at --stages .* No module named 'graph'"
    ):
        refuse_apart(Executors(fails=lacks), f"file://{tmp_path}")


@pytest.mark.parametrize(
    ("folder", "endpoint", "said"),
    [
        ("s3://bank/stages", "http://minio:9000", True),
        ("s3://bank/stages", "https://minio:9000", False),
        ("s3://bank/stages", "", False),
        ("gs://bank/stages", "http://minio:9000", False),
    ],
)
def test_a_storage_without_tls_that_sail_refuses_is_said_with_the_setting(
    monkeypatch: pytest.MonkeyPatch, folder: str, endpoint: str, said: bool
) -> None:
    monkeypatch.setattr(reach, "put_whole", lambda *_: None)
    monkeypatch.setattr(reach, "drop", lambda *_: None)
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    with pytest.raises(SettingError, match="builder error") as refused:
        refuse_apart(Executors(fails="builder error"), folder)
    assert ("needs AWS_ALLOW_HTTP=true in its server's environment" in str(refused.value)) is said
