"""What a command is told of a cluster is refused before any work where no cluster could use it."""

from __future__ import annotations

import argparse

import pytest

from scripts.cli.cluster_arguments import add_engine, cluster_plan
from service.engines.cluster import LEAST_MEMORY_MB


def parsed(*given: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_engine(parser, of="rows are computed", same="rows")
    return parser.parse_args(given)


@pytest.mark.parametrize("number", ["0", "-1", "x", "1.5", ""])
def test_partitions_are_a_number_from_one_on(number: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parsed("--partitions", number)
    assert f"argument --partitions: {number!r} is no number: 1 or more" in capsys.readouterr().err


@pytest.mark.parametrize("number", ["0", "-1", "x", str(LEAST_MEMORY_MB - 1)])
def test_memory_with_which_spark_does_not_start_is_refused(
    number: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        parsed("--executor-memory", number)
    assert "Spark needs 450 megabytes or more" in capsys.readouterr().err
    assert cluster_plan(parsed("--executor-memory", "450")).memory_mb == LEAST_MEMORY_MB
