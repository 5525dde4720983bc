"""An assessment: blind to the future and to itself, computed again to the last bit, and honest about what it
could not see.
"""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import pyarrow.parquet as pq
import pytest

from graph.model.errors import ConflictError, SettingError, StoreUnavailableError
from graph.model.types import Facts, Label, LabelValue, Ring, RingKind, RingMember, RingSnapshot
from graph.store.refusing import Refusal
from investigations.assessments import Level, Stage
from service.assessment.answers.response import OF_THE_REQUEST
from service.assessment.batches import batch
from service.assessment.batches import work as batch_work
from service.assessment.batches.batch import Scoring
from service.assessment.batches.output import ScoresOut
from service.assessment.batches.processes import InProcesses
from service.assessment.batches.work import COLUMNS, BatchTask, BatchWorker, Period
from service.assessment.context import AppContext
from service.assessment.repeats.replay import replay
from service.assessment.views import Views
from service.settings import Settings
from service.threads.background_writer import BackgroundWriter
from tests.support.small_service import PlainModel, body, risk, service
from tests.support.small_worlds import applies, before, day, does, fraud, random_facts, shuffled, uses
from tests.support.stores import open_url, sqlite_only, store_url

TEST_DAY = 45.0


@pytest.fixture
def context(tmp_path: Path) -> Iterator[AppContext]:
    opened = service(tmp_path)
    yield opened
    opened.close()


def findings(answer: dict[str, Any]) -> dict[str, Any]:
    """What does not belong to the request alone."""
    return {name: value for name, value in answer.items() if name not in OF_THE_REQUEST}


def snapshot(
    *members: str, name: str = "2025-W09", on: float = 60, kind: RingKind = RingKind.RING
) -> RingSnapshot:
    """One ring of these members."""
    reported = tuple(
        RingMember(
            applicant_id=who,
            role="core" if n == 0 else "member",
            joined_at=day(on - 5),
            distance_to_core=min(n, 1),
            strength=1.0,
        )
        for n, who in enumerate(members)
    )
    ring = Ring(
        ring_id="R-000001", kind=kind, score=0.8, state="growing", first_seen=day(on - 7), last_seen=day(on),
        confirmed_bad=1, suspected=2, bad_rate=0.3, exposure=9000.0, shared_by_kind={"device": 2},
        hubs_ignored=1, density=0.7, burst_days=3.0, platforms=2, reason_codes=("SHARED_DEVICE",),
        members=reported,
    )  # fmt: skip
    return RingSnapshot(name=name, as_of=day(on), rings=(ring,))


@pytest.mark.parametrize("seed", range(4))
def test_what_came_after_and_the_order_of_what_came_before_change_nothing(tmp_path: Path, seed: int) -> None:
    facts = random_facts(seed)
    answers = []
    for number, reported in enumerate((facts, before(facts, day(TEST_DAY)), shuffled(facts, seed + 1))):
        folder = tmp_path / str(number)
        folder.mkdir()
        opened = service(folder, reported)
        for n in range(0, 30, 3):
            answers.append(
                risk(
                    opened, body(f"new-{n}", applicant_id=f"p{n:03d}", device_id="device0"), at=day(TEST_DAY)
                )
            )
        opened.close()
    assert all(answer["degraded"]["level"] == "full" for answer in answers)
    third = len(answers) // 3
    assert (
        [findings(a) for a in answers[:third]]
        == [findings(a) for a in answers[third : 2 * third]]
        == [findings(a) for a in answers[2 * third :]]
    )


def test_an_application_does_not_count_itself_not_even_when_it_is_looked_at_again(
    context: AppContext,
) -> None:
    first = risk(context, body())
    again = risk(context, body())
    assert {**findings(again), "as_of": 0, "subgraph": 0} == {**findings(first), "as_of": 0, "subgraph": 0}
    other = risk(context, body("live-2"))
    assert other["multi_lending"]["variables"]["ml_24h_person_all_apps"] == 1 + (
        first["multi_lending"]["variables"]["ml_24h_person_all_apps"] or 0
    )


def test_the_same_id_with_other_content_is_a_conflict(context: AppContext) -> None:
    risk(context, body())
    with pytest.raises(ConflictError, match="other content"):
        risk(context, body(amount=8001))


def test_the_moment_is_the_arrival_and_never_the_callers(context: AppContext) -> None:
    answer = risk(context, body(applied_at="2031-01-01T00:00:00"), at=day(70))
    assert answer["as_of"] == "2025-03-12T08:00:00.000000+08:00"
    assert context.store.view(day(71)).application("live-1").applied_at == day(70)


def test_a_recorded_assessment_is_computed_again_equal_also_after_a_late_delivery(
    context: AppContext,
) -> None:
    context.store.save_rings(snapshot("p001", "p002", "p003"))
    rng = random.Random(3)
    recorded = []
    for n in range(25):
        stages = ("application", "disbursement") if n % 10 else ("monitoring",)
        reported = body(
            f"new-{n}",
            applicant_id=f"p{rng.randrange(30):03d}",
            device_id=f"dev-{rng.randrange(20)}-0001",
            phone=f"1507315{n % 30:04d}",
        )
        recorded += [risk(context, reported | {"stage": stage}) for stage in stages]
    late = random_facts(99)
    applications = tuple(
        dataclasses.replace(a, application_id="late-" + a.application_id) for a in late.applications
    )
    context.store.add(dataclasses.replace(late, applications=applications))
    context.store.add(
        Facts(
            labels=tuple(
                Label(label=LabelValue.FRAUD, known_at=day(1), applicant_id=f"p{n:03d}") for n in range(30)
            )
        )
    )
    context.store.save_rings(snapshot("p004", "p005", name="2025-W10", on=61))
    for answer in recorded:
        again = replay(context, answer["assessment_id"])
        assert again["equal"], again["differences"]
        assert {**again["answer"], "x": 0} == {**answer, "x": 0}


def test_a_replay_under_another_model_says_what_differs_and_which_model_it_was(tmp_path: Path) -> None:
    context = service(tmp_path)
    answer = risk(context, body())
    other = dataclasses.replace(context, scorer=PlainModel(base=-1.0, version="2"))
    again = replay(other, answer["assessment_id"])
    assert not again["equal"]
    assert {"probability", "models"} <= {difference["field"] for difference in again["differences"]}
    assert (again["models_then"][0]["version"], again["models_now"][0]["version"]) == ("1", "2")
    context.close()


def test_without_a_model_or_with_a_broken_one_a_person_looks(tmp_path: Path) -> None:
    context = service(tmp_path)
    for scorer, why in ((None, "no_model_loaded"), (PlainModel(broken=True), "model_failed")):
        answer = risk(dataclasses.replace(context, scorer=scorer), body(f"x-{why}"))
        assert answer["degraded"] == {"level": "no_model", "missing": ["model"], "reason": why}
        assert (answer["decision"], answer["probability"], answer["models"]) == ("review", None, [])
        assert answer["subgraph"]["nodes"] >= 1
    context.close()


class Unreachable:
    """A store that is down."""

    refusal = Refusal(lambda _: False)

    def within(self, seconds: float) -> AbstractContextManager[None]:
        return nullcontext()

    def __getattr__(self, name: str) -> Any:
        def fail(*_: Any, **__: Any) -> Any:
            raise StoreUnavailableError("down")

        return fail


def test_with_the_store_down_rules_answer_and_say_so(context: AppContext) -> None:
    down = dataclasses.replace(
        context, store=Unreachable(), writer=BackgroundWriter(Unreachable()), views=Views(Unreachable())
    )
    answer = risk(down, body(face_match=0.1))
    assert answer["degraded"] == {
        "level": "rules_only",
        "missing": ["model", "graph", "history", "fact"],
        "reason": "store_unavailable",
    }
    assert answer["decision"] == "review"
    assert [r["code"] for r in answer["reasons"]] == ["RULE_FACE_MISMATCH"]
    assert answer["multi_lending"]["status"] == "failed"
    assert set(answer["multi_lending"]["variables"].values()) == {None}
    assert replay(down, answer["assessment_id"])["equal"]
    again = risk(down, {"application_id": "live-1", "stage": "disbursement"})
    assert (again["application_id"], again["changes_since"]["assessment_id"]) == (
        "live-1",
        answer["assessment_id"],
    )


def test_where_nothing_could_be_looked_at_neither_answer_nor_replay_has_a_score(
    context: AppContext,
) -> None:
    down = dataclasses.replace(
        context, store=Unreachable(), writer=BackgroundWriter(Unreachable()), views=Views(Unreachable())
    )
    answer = risk(down, body())
    assert (answer["score"], answer["decision"], [r["code"] for r in answer["reasons"]]) == (
        None,
        "review",
        ["INCOMPLETE_ASSESSMENT"],
    )
    assert context.casebook.assessment(answer["assessment_id"]).score is None
    assert replay(down, answer["assessment_id"])["equal"]
    second = risk(context, {"application_id": "live-1", "stage": "disbursement"} | body())
    assert second["score"] is not None
    assert second["changes_since"]["score_change"] is None


def test_without_a_model_a_period_is_scored_by_its_signals(context: AppContext) -> None:
    revision = context.store.revision()
    period = Period(since=day(20), until=day(60))
    subjects = BatchTask(context.settings, None, revision).subjects(context.store, period)
    rows = BatchWorker(context.views, None, context.policy, revision).rows(subjects)
    scores = [row["score"] for row in rows]
    assert all(row["decision"] == "review" and row["probability"] is None for row in rows)
    assert len(set(scores)) > len(scores) // 4
    assert sum(score > 0 for score in scores) > len(scores) // 2


@sqlite_only
@pytest.mark.parametrize(
    ("slow", "level"),
    [
        ({"model": 900.0}, "no_model"),
        ({"neighbourhood": 900.0}, "no_graph"),
        ({"neighbourhood": 900.0, "history": 900.0}, "rules_only"),
    ],
)
def test_what_would_take_longer_than_the_caller_waits_is_left_out_and_declared(
    context: AppContext, slow: dict[str, float], level: str
) -> None:
    context.latencies.expected |= slow
    answer = risk(context, body(), timeout_ms=500.0)
    assert (answer["degraded"]["level"], answer["degraded"]["reason"], answer["decision"]) == (
        level,
        "deadline",
        "review",
    )
    assert replay(context, answer["assessment_id"])["equal"]


@sqlite_only
def test_a_slow_moment_does_not_shut_a_step_out_for_good(context: AppContext) -> None:
    context.latencies.expected["model"] = 2000.0
    levels = [risk(context, body(f"n-{n}"), timeout_ms=1_000.0)["degraded"]["level"] for n in range(20)]
    assert levels[0] == "no_model"
    assert levels[-1] == "full"


def test_after_an_audit_row_that_waited_for_seconds_answers_are_soon_full_again(context: AppContext) -> None:
    risk(context, body("live-0"))
    context.latencies.record("audit", 5_000.0)
    levels = [risk(context, body(f"live-{n}"), timeout_ms=1_000.0)["degraded"]["level"] for n in range(1, 5)]
    assert levels[-1] == "full"


def test_a_millisecond_is_enough_for_an_answer(context: AppContext) -> None:
    assert Level(risk(context, body(), timeout_ms=1.0)["degraded"]["level"]) is not Level.FULL


@sqlite_only
def test_a_busy_store_holds_up_the_fact_and_not_the_answer(context: AppContext, tmp_path: Path) -> None:
    import sqlite3

    risk(context, body("live-0"))  # what is compiled and loaded on first use is
    loader = sqlite3.connect(tmp_path / "store.db", isolation_level=None)
    loader.execute("BEGIN IMMEDIATE")
    answer = risk(context, body(), timeout_ms=400.0)
    assert answer["degraded"] == {"level": "full", "missing": ["fact"], "reason": "store_busy"}
    hurried = risk(context, body("live-2"), timeout_ms=1.0)
    assert "fact" in hurried["degraded"]["missing"]
    assert hurried["degraded"]["reason"] is not None
    loader.execute("COMMIT")
    loader.close()
    context.writer.close()
    assert context.store.view(day(80)).application("live-1") is not None


def test_three_absences_never_look_alike(context: AppContext) -> None:
    nobody = risk(context, body(applicant_id="nobody-before"))
    assert nobody["multi_lending"]["status"] == "no_record"
    assert set(nobody["multi_lending"]["variables"].values()) == {None}
    other = {"national_id": None, "phone": "13912345670", "device_id": "0f1f9a62c0de4b70"}
    somebody = next(context.store.view(day(40)).applications(day(0))).applicant_id
    known = risk(context, body("live-2", applicant_id=somebody, **other))
    assert known["multi_lending"]["status"] == "found"
    assert known["multi_lending"]["variables"]["ml_24h_person_all_apps"] == 0


def test_of_whom_nothing_is_known_the_answer_says_so_and_speaks_of_no_links(tmp_path: Path) -> None:
    context = service(
        tmp_path, scorer=PlainModel(base=1.0, weights={"known_days": 1.0, "strong_people": 1.0})
    )
    answer = risk(context, body("alone", applicant_id="nobody-before"))
    assert (answer["degraded"]["level"], answer["uncertainty"], answer["multi_lending"]["status"]) == (
        "full",
        "high",
        "no_record",
    )
    assert answer["reasons"] == []
    again = risk(context, body("again", applicant_id="nobody-before"))
    assert (again["uncertainty"], again["multi_lending"]["status"]) == ("low", "found")
    context.close()


def test_the_second_scan_says_what_is_new_since_the_first(tmp_path: Path) -> None:
    bad = applies("bad", 5, uses("device", "shared"))
    context = service(tmp_path, Facts(applications=(bad,), platforms=random_facts(1).platforms))
    first = risk(context, body(applicant_id="honest"), at=day(10))
    device = next(
        m.identifier
        for m in context.store.view(day(11)).application("live-1").mentions
        if m.identifier.kind == "device"
    )
    news = does("thief", "login", 10.2, uses("device", "x")._replace(identifier=device))
    context.store.add(Facts(events=(news,), applications=(applies("honest", 10.3, platform_id="L2"),)))
    context.store.add(Facts(labels=(fraud("honest@10.3", 10.4),)))
    second = risk(context, {"application_id": "live-1", "stage": "disbursement"}, at=day(10.5))
    changes = second["changes_since"]
    assert changes["assessment_id"] == first["assessment_id"]
    assert (changes["decision_then"], changes["decision_now"], changes["decision_changed"]) == (
        "approve",
        "review",
        True,
    )
    assert (
        changes["person"]["applications"] == changes["person"]["lenders"] == changes["person"]["labels"] == 1
    )
    assert changes["device"] == {"new_holders": 1}
    assert changes["phone"] == {"new_holders": 0}
    assert first["changes_since"] is None
    assert replay(context, second["assessment_id"])["equal"]
    context.close()


def test_the_second_scan_counts_what_was_told_since_however_long_ago_it_happened(tmp_path: Path) -> None:
    bad = applies("bad", 5, uses("device", "shared"))
    context = service(tmp_path, Facts(applications=(bad,), platforms=random_facts(1).platforms))
    risk(context, body(applicant_id="honest"), at=day(10))
    device = next(
        m.identifier
        for m in context.store.view(day(11)).application("live-1").mentions
        if m.identifier.kind == "device"
    )
    late = does("thief", "login", 3, uses("device", "x")._replace(identifier=device))
    context.store.add(
        Facts(events=(late,), applications=(applies("honest", 4, uses("phone", "second"), platform_id="L2"),))
    )
    context.store.add(Facts(labels=(fraud("honest@4", 9),)))
    second = risk(context, {"application_id": "live-1", "stage": "disbursement"}, at=day(10.5))
    assert second["changes_since"]["person"] == {
        "applications": 1,
        "lenders": 1,
        "labels": 1,
        "identifiers": 1,
    }
    assert second["changes_since"]["device"] == {"new_holders": 1}
    assert replay(context, second["assessment_id"])["equal"]
    context.close()


def test_the_second_scan_says_that_the_ring_has_grown_and_that_more_is_known_of_it(
    context: AppContext,
) -> None:
    context.store.save_rings(snapshot("p001", "p002", "p003", on=60))
    risk(context, body(), at=day(61))
    later = snapshot("p001", "p002", "p003", "p004", name="2025-W10", on=67)
    worse = dataclasses.replace(later.rings[0], confirmed_bad=3)
    context.store.save_rings(dataclasses.replace(later, rings=(worse,)))
    second = risk(context, {"application_id": "live-1", "stage": "disbursement"}, at=day(68))
    assert second["changes_since"]["ring"] == {
        "ring_id_then": "R-000001", "ring_id_now": "R-000001", "changed": False, "new_members": 1,
        "new_confirmed_bad": 2,
    }  # fmt: skip
    assert replay(context, second["assessment_id"])["equal"]


def test_the_ring_verdict_is_of_the_snapshot_in_force_then(context: AppContext) -> None:
    context.store.save_rings(snapshot("p001", "p002", "p003", on=60))
    assert risk(context, body("early"), at=day(59))["ring"] is None
    response = risk(context, body("late"), at=day(70))
    ring = response["ring"]
    assert (ring["ring_id"], ring["snapshot"], ring["kind"], ring["state"], ring["size"], ring["role"]) == (
        "R-000001", "2025-W09", "ring", "growing", 3, "core",
    )  # fmt: skip
    assert (ring["distance_to_core"], ring["shared_by_kind"], ring["hubs_ignored"]) == (0, {"device": 2}, 1)
    assert response["decision"] != "approve"


def test_an_applicant_is_watched_without_an_application(context: AppContext) -> None:
    counts = context.store.counts()
    answer = risk(context, {"stage": "monitoring", "applicant_id": "p001"})
    assert (answer["stage"], answer["application_id"], answer["degraded"]["level"]) == (
        Stage.MONITORING,
        None,
        "full",
    )
    assert context.store.counts() == counts


def test_no_identifier_and_no_other_lender_is_in_an_answer(context: AppContext) -> None:
    reported = body(device_id="6f1f9a62c0de4b7f", phone="15073157065")
    text = orjson.dumps(
        [
            risk(context, {**reported, "application_id": f"x{n}", "applicant_id": f"p{n:03d}"})
            for n in range(20)
        ]
    ).decode()
    for value in ("15073157065", "6f1f9a62c0de4b7f", "11010519491231002", "L2", "L3", "k1."):
        assert value not in text


def test_the_batch_gives_what_the_counter_gave(context: AppContext, tmp_path: Path) -> None:
    given = {
        f"live-{n}": risk(
            context, body(f"live-{n}", applicant_id=f"p{n:03d}"), at=day(70 + n / 100), timeout_ms=60_000
        )
        for n in range(12)
    }
    bench = BatchWorker(context.views, context.scorer, context.policy, context.store.revision())
    task = BatchTask(context.settings, None, bench.revision)
    rows = bench.rows(task.subjects(context.store, Period(since=day(70), until=day(80))))
    assert len(rows) == 12
    for row in rows:
        answer = given[row["application_id"]]
        assert (row["probability"], row["score"], row["decision"]) == (
            answer["probability"],
            answer["score"],
            answer["decision"],
        )
        assert row["reason_codes"] == [reason["code"] for reason in answer["reasons"]]


def test_a_period_is_scored_to_a_file_in_order(
    context: AppContext, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch_work, "CHUNK", 7)
    period = Period(since=day(10), until=day(30))
    out = tmp_path / "out" / "scores.parquet"
    figures = batch.score(context.settings, period, ScoresOut(out))
    rows = pq.read_table(out).to_pylist()
    stored = list(context.store.view(period.until).applications(period.since))
    assert figures["scored"] == len(rows) == len(stored) > 10
    assert [(r["application_id"], r["as_of"]) for r in rows] == [
        (a.application_id, a.applied_at) for a in stored
    ]
    assert pq.read_schema(out).names == COLUMNS.names
    assert list(out.parent.iterdir()) == [out]


@pytest.mark.parametrize("processes", [1, 2])
def test_without_applications_the_people_are_scored_as_of_the_end_of_the_period(
    tmp_path: Path, processes: int
) -> None:
    url = store_url(tmp_path / "payments.db")
    with open_url(url) as store:
        pays = [
            does("ann", "transfer", 12, counterparty_id="bob"),
            does("eve", "transfer", 2),
            does("joe", "transfer", 30),
        ]
        store.add(
            Facts(
                events=(
                    *pays,
                    does("ann", "device_use", 11, uses("device", "d")),
                    does("eve", "device_use", 1, uses("device", "d")),
                )
            )
        )
    out = tmp_path / "scores.parquet"
    figures = batch.score(
        Settings(store=url),
        Period(since=day(10), until=day(30)),
        ScoresOut(out),
        Scoring(InProcesses(processes)),
    )
    rows = pq.read_table(out).to_pylist()
    assert figures["scored"] == 2
    assert [(r["application_id"], r["applicant_id"], r["as_of"]) for r in rows] == [
        (None, "ann", day(30)),
        (None, "bob", day(30)),
    ]
    with pytest.raises(SettingError, match="has not come yet"):
        batch.score(Settings(store=url), Period(since=day(10), until=day(99_999)), ScoresOut(out))


def test_scores_named_as_another_format_are_refused_before_anything_is_assessed(
    tmp_path: Path,
) -> None:
    for name in ("scores.json", "scores.xlsx", "scores.parquet.gz"):
        with pytest.raises(SettingError, match=r"name a file that ends in .parquet"):
            batch.score(
                Settings(store="sqlite:///nowhere.db"),
                Period(since=day(10), until=day(30)),
                ScoresOut(tmp_path / name),
            )


def test_one_moment_apart_is_before(context: AppContext) -> None:
    risk(context, body("one"), at=day(71))
    seen = risk(context, body("two"), at=day(71) + timedelta(microseconds=1))
    blind = risk(context, body("three"), at=day(71))
    assert seen["multi_lending"]["variables"]["ml_24h_person_all_apps"] == 1
    assert blind["multi_lending"]["variables"]["ml_24h_person_all_apps"] == 0
