"""Two workers with a registry, as they are run: promoted through the gate and rolled back under traffic."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from investigations.casebook import Casebook
from scripts.cli.main import main
from tests.support.models.made_bundles import made_bundle
from tests.support.models.small_models import TODAY, small_facts
from tests.support.service.running_service import Running
from tests.support.service.traffic import Traffic, wait_for
from tests.support.small_worlds import day
from tests.support.stores import open_store, sqlite_only, store_url

CARD = {"trained_as_of": day(5).isoformat(), "capacity": 0.15}
USUAL = {"sharp": 0.05, "later": 0.06}


class Operator:
    """Who promotes and rolls back beside the running service."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.store, self.registry, self._capsys = folder / "store.db", folder / "registry", capsys
        with open_store(self.store) as store:
            store.add(small_facts())
        self.versions = {
            name: made_bundle(folder / name, usual, 0.9, review_probability=usual / 2, **CARD)
            for name, usual in USUAL.items()
        }
        for name in USUAL:
            self.models("add", str(folder / name))
        self.promote("sharp")

    def models(self, *arguments: str) -> dict[str, Any]:
        given = ["--store", store_url(self.store), "--registry", str(self.registry), "--json"]
        assert main(["models", *arguments, *given]) == 0
        out: dict[str, Any] = json.loads(self._capsys.readouterr().out)
        return out

    def promote(self, name: str) -> None:
        assert self.models("promote", self.versions[name], "--as-of", TODAY.isoformat())["passed"]


@pytest.fixture
def operator(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Operator:
    monkeypatch.delenv("RINGFENCE_HASH_KEY", raising=False)
    monkeypatch.setenv("RINGFENCE_GATE_ECE", "1")  # models by hand promise nothing
    monkeypatch.setenv("RINGFENCE_REGISTRY_SECONDS", "0.2")
    return Operator(tmp_path, capsys)


@pytest.fixture
def running(operator: Operator, tmp_path: Path) -> Iterator[Running]:
    service = Running.started(
        operator.store, operator.registry, tmp_path / "casebook.db", model_as="--registry"
    )
    try:
        yield service
    finally:
        service.end()


@sqlite_only
@pytest.mark.slow
def test_workers_take_over_what_is_promoted_and_rolled_back_and_lose_nothing(
    operator: Operator, running: Running, capsys: pytest.CaptureFixture[str]
) -> None:
    sharp, later = operator.versions["sharp"], operator.versions["later"]
    with Traffic(running) as traffic:
        traffic.until(sharp)
        operator.promote("later")
        traffic.until(later)
        operator.models("rollback", "--reason", "to see it")
        traffic.until(sharp)
    assert traffic.wrong == []
    assert {answer["degraded"]["level"] for answer in traffic.answers} == {"full"}
    of_version = {version: traffic.of(version) for version in (sharp, later)}
    assert sum(map(len, of_version.values())) == len(traffic.answers)
    policies = []
    for name, version in operator.versions.items():
        assert {round(answer["probability"], 6) for answer in of_version[version]} == {USUAL[name]}
        (policy,) = {answer["policy_version"] for answer in of_version[version]}
        policies.append(policy)
    assert len(set(policies)) == 2  # each version has thresholds of its own
    for answer in (*of_version[later][-10:], *of_version[sharp][:10]):
        again = json.loads(running.ask("GET", f"/risk/{answer['assessment_id']}/replay")[1])
        assert again["equal"], again["differences"]
    given = ["--store", store_url(running.store), "--casebook", f"sqlite:///{running.casebook}"]
    assert main(["replay", *given, "--registry", str(operator.registry), "--last", "200", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["different"] == 0


@sqlite_only
@pytest.mark.slow
def test_a_shadow_that_is_killed_goes_on_and_answers_each_assessment_once(
    operator: Operator, running: Running, capsys: pytest.CaptureFixture[str]
) -> None:
    later, killed = operator.versions["later"], list[int]()
    operator.models("shadow", later)
    since = datetime.fromisoformat(operator.models("list")[later]["since"])
    with Casebook(f"sqlite:///{running.casebook}") as book:
        with Traffic(running) as traffic:
            for _ in range(3):
                wait_for(lambda: running.beside("service.processes.shadow") not in (None, *killed))
                wait_for(lambda: answers_more(book, later))
                killed.append(running.beside("service.processes.shadow") or -1)
                os.kill(killed[-1], signal.SIGKILL)
        assert traffic.wrong == []
        wait_for(lambda: shadows(running) == {later: 0.0})
        given = ["--store", store_url(running.store), "--casebook", f"sqlite:///{running.casebook}", "--json"]
        assert main(["shadow", "run", later, *given, "--registry", str(operator.registry)]) == 0
        assert json.loads(capsys.readouterr().out)[later]["answered"] == 0
        for answer in traffic.answers:
            said = book.shadows.of(answer["assessment_id"])
            due = datetime.fromisoformat(answer["as_of"]) >= since
            assert [one.challenger for one in said] == ([later] if due else [])
            assert {round(one.probability or 0.0, 6) for one in said} <= {USUAL["later"]}


def answers_more(book: Casebook, challenger: str) -> bool:
    """Whether it has answered something within the last moment."""
    now, since = datetime.now(UTC), datetime(2000, 1, 1, tzinfo=UTC)
    before = book.shadows.period(challenger, since, now).answered
    time.sleep(0.3)
    return book.shadows.period(challenger, since, now).answered > before


def shadows(running: Running) -> dict[str, float]:
    told = json.loads(running.ask("GET", "/version")[1])["shadows"]
    return {one["version"]: one["lag_seconds"] for one in told}
