"""Monitoring reads what a service recorded, judges it once labels came, and says what has to be looked at."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from graph.facts.distributions import Distribution
from graph.model.errors import InputError
from graph.model.types import Facts
from investigations.casebook import Casebook
from scripts.cli.commands.monitor import COMMAND
from service.governance.monitoring import performance, periods
from service.governance.monitoring.model import MonitoredModel
from service.governance.monitoring.periods import MonitorPlan, monitored
from tests.support.casebooks import assessment
from tests.support.small_worlds import applies, day, facts_of, fraud, uses
from tests.support.stores import HASH_KEY, open_store, store_url

PEOPLE = 60
MODEL = MonitoredModel(version="m", trained_as_of=day(0), horizon_days=30.0, capacity=0.2, recall=1.0)


@pytest.fixture(autouse=True)
def _few_are_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(periods, "LEAST_REFERENCE", 20)
    monkeypatch.setattr(performance, "LEAST_JUDGED", 20)


def recorded(url: str) -> Casebook:
    """One person's application a day for sixty days; every sixth probability is high."""
    casebook = Casebook(url)
    for n in range(PEOPLE):
        casebook.record(
            assessment(
                n,
                as_of=day(n),
                recorded_by=1,
                applicant_id=f"p{n:02}",
                application_id=f"p{n:02}@{n}",
                probability=0.9 if n % 6 == 0 else 0.01,
            )
        )
    return casebook


def plan(**changes: object) -> MonitorPlan:
    reported: dict[str, object] = {
        "since": day(0), "until": day(60), "now": day(200), "length": timedelta(days=7),
        "model": MODEL,
    }  # fmt: skip
    return MonitorPlan(**(reported | changes))  # type: ignore[arg-type]


def facts(known_after: float = 10.0) -> Facts:
    people = [applies(f"p{n:02}", n) for n in range(PEOPLE)]
    frauds = [fraud(f"p{n:02}@{n}", n + known_after) for n in range(0, PEOPLE, 6)]
    return facts_of(*people, *frauds)


def test_assessments_are_read_in_order_and_page_by_page(
    casebook_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("investigations.casebook.book._PAGE", 7)
    with recorded(casebook_url) as casebook:
        read = [one.application_id for one in casebook.between(day(3), day(20))]
        assert [*casebook.backwards()] == [*casebook.between(day(-1), day(900))][::-1]
    assert read == [f"p{n:02}@{n}" for n in range(3, 20)]


def test_a_month_is_judged_by_the_labels_that_came_within_the_horizon(tmp_path: Path) -> None:
    with recorded(f"sqlite:///{tmp_path}/casebook.db") as casebook, open_store(tmp_path / "s.db") as store:
        store.add(facts())
        found = monitored(casebook, store, plan())
        first = found.judged[0]
        assert (first.month, first.assessments, first.frauds) == ("2025-01", 31, 6)
        assert found.judged[0].figures["ap"] == 1.0
        assert found.judged[0].figures["recall_at_capacity"] == 1.0
        assert found.judged[0].figures["precision_at_capacity"] == pytest.approx(6 / 6.2, abs=1e-3)
        early = monitored(casebook, store, plan(now=day(35)))
        assert early.judged == [], "five of them alone have had thirty days"
        assert any(one.code.value == "model_age" for one in found.alarms)
        assert not any(one.code.value == "model_age" for one in early.alarms)


def test_what_became_known_after_the_horizon_or_after_now_is_not_counted(tmp_path: Path) -> None:
    with recorded(f"sqlite:///{tmp_path}/casebook.db") as casebook, open_store(tmp_path / "s.db") as store:
        store.add(facts(known_after=31.0))
        found = monitored(casebook, store, plan())
    assert {one.frauds for one in found.judged} == {0}


def test_too_few_assessments_to_say_what_is_usual_are_refused_with_what_helps(tmp_path: Path) -> None:
    with (
        recorded(f"sqlite:///{tmp_path}/casebook.db") as casebook,
        open_store(tmp_path / "s.db") as store,
        pytest.raises(InputError, match="--usual-days"),
    ):
        monitored(casebook, store, plan(usual=timedelta(days=4)))


def usual_of(values: np.ndarray) -> dict[str, object]:
    kept = {"probability": Distribution.of(values).as_json()}
    first, last = (moment.isoformat() for moment in (day(-92), day(0)))
    return {"from": first, "until": last, "samples": len(values), "distributions": kept}


def test_what_was_usual_in_the_training_slice_is_what_is_compared_with(tmp_path: Path) -> None:
    as_trained = usual_of(np.tile([0.9, 0.01, 0.01, 0.01, 0.01, 0.01], 100))
    another = usual_of(np.full(600, 0.3))
    with recorded(f"sqlite:///{tmp_path}/casebook.db") as casebook, open_store(tmp_path / "s.db") as store:
        store.add(facts())
        steady = monitored(casebook, store, plan(model=replace(MODEL, usual=as_trained)))
        moved = monitored(casebook, store, plan(model=replace(MODEL, usual=another)))
        others = monitored(casebook, store, plan(model=replace(MODEL, version="n", usual=another)))
    assert steady.reference_from == "the training slice of m, 2024-10-01 to 2025-01-01"
    assert steady.periods[0].since == day(0), "no weeks are needed to say what is usual"
    assert [one.code.value for one in steady.alarms if one.name] == []
    assert [(one.name, one.since) for one in moved.alarms if one.name] == [("probability", day(0))]
    assert others.periods == [], "what another model scored is no matter of this one"


def test_where_there_is_no_period_it_is_said_why_and_when_the_first_one_begins(tmp_path: Path) -> None:
    with recorded(f"sqlite:///{tmp_path}/casebook.db") as casebook, open_store(tmp_path / "s.db") as store:
        store.add(facts())
        early = monitored(casebook, store, plan(until=day(25)))
        usual = replace(MODEL, version="n", usual=usual_of(np.full(600, 0.3)))
        others = monitored(casebook, store, plan(model=usual))
        some = monitored(casebook, store, plan())
    assert (early.periods, some.no_periods) == ([], None)
    assert early.no_periods == (
        "the first one begins on 2025-01-29: the 28 days before it say what is usual (--usual-days changes "
        "how many)"
    )
    assert others.no_periods == "nothing was assessed by n from 2025-01-01 to 2025-03-02"


def test_a_kind_of_identifier_that_links_more_people_drifts(tmp_path: Path) -> None:
    people = [
        applies(f"p{n:02}", n, uses("device", "one" if n >= 40 else f"d{n}"), uses("phone", f"t{n}"))
        for n in range(PEOPLE)
    ]
    with recorded(f"sqlite:///{tmp_path}/casebook.db") as casebook, open_store(tmp_path / "s.db") as store:
        store.add(facts_of(*people))
        found = monitored(casebook, store, plan())
        early = monitored(casebook, store, plan(now=day(41), until=day(41)))
    (alarm,) = (one for one in found.alarms if one.code.value == "linking_drift")
    assert (alarm.name, alarm.since) == ("linking.device", day(42))
    assert found.periods[-1].population["linking.device"].mean == 1.0
    assert found.periods[-1].population["linking.phone"].mean == 0.0
    for one, later in zip(early.periods, found.periods, strict=False):
        assert one.population == later.population or one.until > day(41), "nothing later counts"


def test_the_command_prints_periods_performance_and_alarms(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RINGFENCE_HASH_KEY", HASH_KEY)
    recorded(f"sqlite:///{tmp_path}/casebook.db").close()
    with open_store(tmp_path / "s.db") as store:
        store.add(facts())
    given = ["--casebook", f"sqlite:///{tmp_path}/casebook.db", "--store", store_url(tmp_path / "s.db")]
    status = COMMAND.main([*given, "--since", "2025-01-01", "--until", "2025-09-01", "--days", "7", "--json"])
    assert status == 0
    line = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert line["periods"][0]["assessments"] == 7
    assert {"index", "says"} == line["periods"][0]["stability"]["probability"].keys()
    assert line["periods"][0]["population"]["probability"]["assessments"] == 7
    assert line["judged"]
    assert line["no_periods"] is None
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    assert COMMAND.main([*given, "--since", "2025-01-01", "--until", "2025-01-25"]) == 0
    assert "none: the first one begins on 2025-01-29" in " ".join(capsys.readouterr().out.split())
    assert (
        COMMAND.main(["--casebook", f"sqlite:///{tmp_path}/none.db", *given[2:], "--since", "2025-01-01"])
        == 2
    )
