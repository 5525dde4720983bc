"""The registry's champion is taken over under traffic: no request is lost, each answer is wholly of one
version, and replays find the version that answered.
"""

from __future__ import annotations

import csv
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from gnn.registry.folder import RegistryFolder
from gnn.registry.history import written
from gnn.scoring.scorer import Scorer
from graph.model.errors import BundleError, RegistryError, SettingError
from scripts.cli.main import main
from service.app import create_app, follow_champion
from service.assessment import warm_up
from service.assessment.context import AppContext
from service.assessment.repeats.replay import replay
from service.http.calls import app_context
from service.jobs import pauses
from service.jobs.champion import ChampionFollower
from service.processes import serving
from service.wiring import wire
from tests.support.service.registered import CALM, DEED, GATE, STRICT, Registered
from tests.support.small_service import Clock, body, settings_in
from tests.support.small_worlds import day
from tests.support.stores import HASH_KEY


@pytest.fixture
def registered(tmp_path: Path) -> Registered:
    return Registered(tmp_path)


@pytest.fixture
def context(registered: Registered) -> Iterator[AppContext]:
    registered.registry.promote(registered.calm, DEED, GATE)
    with closing(registered.context()) as context:
        yield context


def step(app: Flask) -> None:
    """What the follower's thread does every few seconds."""
    context: AppContext = app.extensions["ringfence"]
    assert context.models is not None
    ChampionFollower(
        context.models,
        lambda: app.extensions["ringfence"],
        lambda now: app.extensions.update(ringfence=now),
    ).step()


def asked(app: Flask, name: str) -> dict[str, Any]:
    response = app.test_client().post("/risk", json=body(name))
    assert response.status_code == 200, response.get_data()
    answer: dict[str, Any] = response.get_json()
    return answer


def wholly_of(answer: dict[str, Any]) -> tuple[str, float, str, str]:
    return (
        answer["models"][0]["version"],
        round(answer["probability"], 6),
        answer["policy_version"],
        answer["decision"],
    )


def test_the_named_model_serves_until_there_is_a_champion(registered: Registered) -> None:
    with closing(registered.context()) as context:
        assert context.model is not None
        assert context.model.version == registered.strict
        registered.registry.promote(registered.calm, DEED, GATE)
        app = create_app(context)
        step(app)
        assert app.extensions["ringfence"].model.version == registered.calm


def test_a_machine_whose_temp_folder_is_full_follows_the_champion_like_the_others(
    registered: Registered, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path) -> None:
        raise OSError(28, "No space left on device")

    with closing(registered.context()) as context:
        registered.registry.promote(registered.calm, DEED, GATE)
        app = create_app(context)
        monkeypatch.setattr(warm_up, "SqliteStore", full)
        step(app)
        assert asked(app, "1")["models"][0]["version"] == registered.calm


def test_a_request_that_has_begun_keeps_its_model(registered: Registered, context: AppContext) -> None:
    app = create_app(context)
    with app.test_request_context():
        begun = app_context()
        registered.registry.promote(registered.strict, DEED, GATE)
        step(app)
        assert app_context() is begun
    with app.test_request_context():
        now = app_context()
        assert now.model is not None
        assert now.model.version == registered.strict
        assert now.policy.thresholds.review == 0.3 != begun.policy.thresholds.review


def test_a_champion_that_cannot_be_read_leaves_the_one_before_serving_until_it_can(
    registered: Registered, context: AppContext, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    app, failed = create_app(context), []
    assert context.models is not None
    follower = ChampionFollower(
        context.models,
        lambda: app.extensions["ringfence"],
        lambda now: app.extensions.update(ringfence=now),
        lambda: failed.append(1),
    )
    registered.registry.promote(registered.strict, DEED, GATE)
    damaged = next((tmp_path / "registry" / "bundles" / registered.strict).glob("trees*"))
    whole = damaged.read_bytes()
    damaged.write_text("other")
    assert follower.step()
    assert "damaged" in caplog.text
    assert follower.step()  # it is not read again every few seconds
    assert (len(failed), asked(app, "live-1")["models"][0]["version"]) == (1, registered.calm)
    damaged.write_bytes(whole)
    assert isinstance(context.clock, Clock)
    context.clock.now += pauses.FIRST
    assert follower.step()
    assert app.extensions["ringfence"].model.version == registered.strict, "what is mended is taken over"


def test_a_promotion_that_nobody_with_the_key_signed_is_not_followed(
    registered: Registered, context: AppContext
) -> None:
    app, folder = create_app(context), RegistryFolder(registered.settings.registry)
    number, previous = registered.registry.head()
    last = registered.registry.entries()[-1]
    forged = replace(last, number=number + 1, previous=previous, version=registered.strict)
    folder.write_entry(number + 1, written(forged, (("k1", b"of somebody else"),)))
    with pytest.raises(RegistryError, match="not as it was written"):
        step(app)
    assert app.extensions["ringfence"].model.version == registered.calm


def test_answers_of_an_earlier_model_are_replayed_by_it_degraded_ones_too(
    registered: Registered, context: AppContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = create_app(context)
    answers = [asked(app, "live-1")]
    with monkeypatch.context() as patch:
        patch.setattr(Scorer, "score", lambda *_: 1 / 0)
        answers.append(asked(app, "live-2"))
    assert [answer["degraded"]["level"] for answer in answers] == ["full", "no_model"]
    registered.registry.promote(registered.strict, DEED, GATE)
    step(app)
    for answer in answers:
        again = app.test_client().get(f"/risk/{answer['assessment_id']}/replay").get_json()
        assert again["equal"], again["differences"]
        assert again["models_now"][0]["version"] == registered.strict


def test_a_pinned_digest_keeps_another_champion_from_serving(registered: Registered) -> None:
    registered.registry.promote(registered.calm, DEED, GATE)
    registered.settings = replace(registered.settings, model_digest="0" * 64)
    with pytest.raises(BundleError, match="RINGFENCE_MODEL_DIGEST"):
        registered.context()


def test_the_version_and_age_of_the_model_are_told(context: AppContext, registered: Registered) -> None:
    client = create_app(context).test_client()
    versions = client.get("/version").get_json()
    assert (versions["models"][0]["version"], versions["model_age_days"]) == (registered.calm, 70.0)
    exposed = client.get("/metrics").get_data(as_text=True)
    assert f'ringfence_model_serves{{name="made",version="{registered.calm}"}} 1.0' in exposed
    assert "ringfence_model_trained_timestamp_seconds 1.7356896e+09" in exposed


def test_under_traffic_every_answer_is_wholly_of_one_version_promoted_or_rolled_back(
    registered: Registered, context: AppContext
) -> None:
    apps = [create_app(context), create_app(registered.context())]  # two workers
    threads = [follow_champion(app) for app in apps]
    assert all(threads)
    ended, answers, broken = threading.Event(), list[dict[str, Any]](), list[BaseException]()

    def engine(number: int) -> None:
        n = 0
        try:
            while not ended.is_set():
                n += 1
                answers.append(asked(apps[n % 2], f"live-{number}-{n}"))
        except BaseException as error:
            broken.append(error)

    engines = [threading.Thread(target=engine, args=(number,)) for number in range(3)]
    for thread in engines:
        thread.start()

    def wait_for(version: str) -> None:
        until = time.monotonic() + 60
        while {app.extensions["ringfence"].model.version for app in apps} != {version}:
            assert time.monotonic() < until
            time.sleep(0.02)
        seen = len(answers)
        while len(answers) < seen + 6 and not broken:
            time.sleep(0.02)

    wait_for(registered.calm)
    registered.registry.promote(registered.strict, DEED, GATE)
    wait_for(registered.strict)
    registered.registry.roll_back(DEED)
    wait_for(registered.calm)
    ended.set()
    for thread in engines:
        thread.join()
    assert broken == []
    kinds = {wholly_of(answer) for answer in answers}
    assert {(version, probability) for version, probability, _, _ in kinds} == {
        (registered.calm, CALM),
        (registered.strict, STRICT),
    }
    assert len({policy for _, _, policy, _ in kinds}) == 2
    for answer in answers[:: max(1, len(answers) // 20)]:
        again = replay(context, answer["assessment_id"])
        assert again["equal"], again["differences"]
    for follower in threads:
        follower.close()
    apps[1].extensions["ringfence"].close()


def test_without_a_registry_there_is_nothing_to_follow(tmp_path: Path) -> None:
    with closing(wire(settings_in(tmp_path), clock=Clock())) as context:
        assert follow_champion(create_app(context)) is None


def test_without_a_model_and_a_champion_the_service_does_not_start(registered: Registered) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    with pytest.raises(SettingError, match="no champion yet"):
        serving._prepare(replace(registered.settings, model="", port=port))


def test_a_batch_assesses_with_the_champion_and_with_another_where_that_is_named(
    registered: Registered, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = registered.settings
    registered.registry.promote(registered.calm, DEED, GATE)
    for name, value in (("STORE", settings.store), ("REGISTRY", settings.registry), ("HASH_KEY", HASH_KEY)):
        monkeypatch.setenv(f"RINGFENCE_{name}", value)
    out = tmp_path / "scores.csv"
    period = ["--since", day(40).isoformat(), "--until", day(60).isoformat(), "--processes", "1"]
    for named, says in (([], CALM), (["--model", settings.model], STRICT)):
        assert main(["score", *period, "--out", str(out), *named]) == 0
        with out.open(encoding="utf-8") as file:
            said = {round(float(row["probability"]), 3) for row in csv.DictReader(file)}
        assert said == {says}
