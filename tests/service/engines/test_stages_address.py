"""Stages that a cluster cannot use are named before any work is done, and so is what a cluster dies of."""

from __future__ import annotations

import socket
import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import fsspec
import pytest

from graph.model.errors import RingfenceError, SettingError
from graph.rings.spark.failures import failures, said_by
from graph.rings.spark.listening import has_ended
from service.engines import cluster
from service.engines.cluster import ClusterPlan, opened_cluster
from service.engines.stages_address import refuse_unwritable, stages_address

SESSION, REACH = "graph.rings.spark.session", "graph.rings.spark.reach"


@pytest.mark.parametrize("name", ["stages/", "my stages", "折段", "100%", "a#b", "a=b"])
def test_a_folder_is_named_as_it_is_called(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    address = stages_address(name)
    assert address == f"file://{tmp_path / name}"
    assert stages_address(address) == address
    refuse_unwritable(address)
    assert list(Path(fsspec.core.url_to_fs(address)[1]).iterdir()) == []
    assert (tmp_path / name).is_dir()


def test_a_bucket_is_named_as_it_was_given_and_nothing_stays_nothing() -> None:
    assert stages_address("s3://bucket/of stages/") == "s3://bucket/of stages/"
    assert stages_address("") == ""


@pytest.mark.parametrize("name", ["a*b", "a?b", "a[1]", "{a}", "a%20b", "s3://bucket/x*"])
def test_a_name_that_spark_takes_for_a_pattern_is_refused(name: str) -> None:
    with pytest.raises(SettingError, match=r"--stages .* Spark reads .* as a pattern"):
        stages_address(name)


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("file:///proc/nobodys", "--stages file:///proc/nobodys cannot be used: No such file"),
        ("nosuch://bucket", "--stages nosuch://bucket cannot be used: Protocol not known: nosuch"),
        ("memory://stages", "--stages memory://stages: no executor reaches the memory of this process"),
        ("file://{file}", "--stages file://.* cannot be used: "),
    ],
)
def test_stages_that_cannot_be_written_are_named_with_the_reason(
    address: str, said: str, tmp_path: Path
) -> None:
    (tmp_path / "report.json").write_text("{}")
    with pytest.raises(SettingError, match=said):
        refuse_unwritable(address.format(file=tmp_path / "report.json"))


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A session on a cluster that is played; what was done with it."""
    done: list[str] = []
    played = types.SimpleNamespace(stop=lambda: done.append("stopped"))
    module: Any = types.ModuleType(SESSION)
    module.opened = lambda *_: played
    module.java_ended_with = lambda _: None
    monkeypatch.setitem(sys.modules, module.__name__, module)
    reach: Any = types.ModuleType(REACH)
    reach.refuse_apart = lambda *_: None
    monkeypatch.setitem(sys.modules, reach.__name__, reach)
    return done


def dies(stages: str, before: Callable[[], None] = lambda: None, at: str = "local[2]") -> None:
    """A run whose cluster gives no answer while a stage is made."""
    with opened_cluster(ClusterPlan(cluster=at, stages=stages)):
        before()
        error = ConnectionError("no answer\nat one\nat two")
        error.add_note("stage links")
        raise error


def test_a_cluster_that_fails_on_the_way_is_said_with_the_next_step(
    session: list[str], tmp_path: Path
) -> None:
    said = r"--engine spark failed: stage links: no answer; the same command goes on after the last whole"
    with pytest.raises(RingfenceError, match=said):
        dies(str(tmp_path))
    with pytest.raises(RingfenceError, match="no answer; with --stages the same command would go on"):
        dies("")
    assert session == ["stopped", "stopped"]


def test_a_spark_of_this_machine_that_was_killed_is_said_with_what_kills_most(
    session: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.modules[SESSION], "java_ended_with", lambda _: -9)
    said = "no answer; Spark's Java process has ended with status -9, as where a machine is short of memory; "
    with pytest.raises(RingfenceError, match=said):
        dies("")


def test_what_a_dead_spark_says_when_it_is_stopped_hides_nothing(
    session: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused() -> None:
        raise ConnectionRefusedError(111, "Connection refused")

    played = types.SimpleNamespace(stop=refused)
    monkeypatch.setattr(sys.modules[SESSION], "opened", lambda *_: played)
    with pytest.raises(RingfenceError, match="stage links: no answer; with --stages"):
        dies("")
    with opened_cluster(ClusterPlan(cluster="local[2]")):
        pass  # it had answered all that it was asked


@pytest.mark.parametrize("killed", [(SESSION, "opened"), (REACH, "refuse_apart")])
def test_a_server_that_ends_before_the_first_stage_is_said_like_one_that_ends_midway(
    session: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, killed: tuple[str, str]
) -> None:
    server = socket.create_server(("127.0.0.1", 0))
    address = f"sc://127.0.0.1:{server.getsockname()[1]}"

    def ends(*_: object) -> None:
        server.close()
        raise SettingError("the executors cannot work there")

    monkeypatch.setattr(sys.modules[killed[0]], killed[1], ends)
    said = f"failed; nobody listens at --cluster {address} any more: start its server again; the same command"
    with pytest.raises(RingfenceError, match=said) as error:
        dies(str(tmp_path), at=address)
    assert not isinstance(error.value, SettingError), "the address was right"


def test_what_an_own_spark_writes_is_in_one_folder_that_goes_with_the_run(
    session: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[Path] = []
    played = types.SimpleNamespace(stop=lambda: None)

    def opened(*told: Any) -> Any:
        given.append(told[-1])
        return played

    monkeypatch.setattr(sys.modules[SESSION], "opened", opened)
    with opened_cluster(ClusterPlan(cluster="local[2]")) as cluster:
        [own] = given
        assert cluster.stages == f"file://{own / 'stages'}"
        assert own.stat().st_mode & 0o077 == 0
    assert not own.exists()


def test_stages_that_another_run_took_away_are_named_with_the_next_step(
    session: list[str], tmp_path: Path
) -> None:
    def read(file: Path) -> None:
        with opened_cluster(ClusterPlan(cluster="local[2]", stages=str(tmp_path))):
            file.read_bytes()

    with pytest.raises(
        RingfenceError, match=r"another run of the same work may have deleted it .*--keep-stages"
    ):
        read(tmp_path / "scores" / "subjects.parquet")
    with pytest.raises(FileNotFoundError):
        read(Path("/nobodys/subjects.parquet"))
    assert session == ["stopped", "stopped"]


def test_a_session_whose_server_has_ended_is_not_waited_for(
    session: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def nobody(_address: str) -> None:
        raise SettingError("nobody listens")

    with pytest.raises(RingfenceError, match="no answer"):
        dies("", lambda: monkeypatch.setattr(cluster, "refuse_unheard", nobody))
    assert session == []


def test_a_server_of_spark_connect_that_has_ended_midway_is_said_at_once(
    session: list[str], tmp_path: Path
) -> None:
    server = socket.create_server(("127.0.0.1", 0))
    address = f"sc://127.0.0.1:{server.getsockname()[1]}"

    def ends() -> None:
        assert not has_ended(address), "a server that listens is asked again"
        server.close()

    with pytest.raises(RingfenceError, match=f"no answer; nobody listens at --cluster {address} any more: "):
        dies(str(tmp_path), ends, address)
    assert has_ended(address)
    assert session == []


def test_where_a_proxy_is_asked_or_no_address_given_no_server_is_said_to_have_ended(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"sc://127.0.0.1:{server.getsockname()[1]}"
    assert has_ended(address)
    assert not has_ended("local[2]")
    monkeypatch.setenv("https_proxy", "http://proxy:3128")
    assert not has_ended(address)


def test_stages_are_looked_at_before_a_cluster_is_asked_for_anything(session: list[str]) -> None:
    plan = ClusterPlan(stages="file:///proc/nobodys")
    with pytest.raises(SettingError, match="--stages file:///proc/nobodys"), opened_cluster(plan):
        pytest.fail("nothing can be kept there")
    assert session == []


OF_A_TASK = """
  An exception was thrown from the Python worker. Please see the stack trace below.
Traceback (most recent call last):
  File "batch.py", line 7, in run
    raise NotFoundError("the copy has no application 'x'")
graph.model.errors.NotFoundError: the copy has no application 'x'

\tat org.apache.spark.api.python
"""
OF_A_SERVER = """<_MultiThreadedRendezvous of RPC that terminated with:
\tstatus = StatusCode.UNAVAILABLE
\tdetails = "failed to connect to all addresses"
>"""


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (OF_A_TASK, "graph.model.errors.NotFoundError: the copy has no application 'x'"),
        (OF_A_SERVER, "failed to connect to all addresses"),
        ("Unable to create dir\nJVM stacktrace:\n", "Unable to create dir"),
        ("An error occurred while calling o1.x.\n: java.lang.Y: [Z] why\n\tat o", "java.lang.Y: [Z] why"),
        ("", "ConnectionError"),
    ],
)
def test_of_a_page_of_errors_the_line_that_says_why_is_shown(text: str, said: str) -> None:
    assert said_by(ConnectionError(text)) == said
    assert ConnectionError in failures()
