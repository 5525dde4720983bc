"""A Spark that cannot be started here is said with what helps."""

from __future__ import annotations

from pathlib import Path

import pytest

from graph.model.errors import SettingError

pytest.importorskip("pyspark", reason="the extra `spark` is not installed")

from graph.rings.spark.session import java_ended_with, opened


def test_where_only_the_client_of_spark_connect_is_found_no_master_is_tried(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delattr("pyspark.SparkContext", raising=False)
    with pytest.raises(SettingError, match=r"local\[2\] needs Spark itself.*--cluster sc://HOST:PORT"):
        opened("local[2]", 450, 2, tmp_path)
    assert java_ended_with(0) is None
