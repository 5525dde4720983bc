"""Models in shadow answer beside the champion: of the same person, as of the same moment and revision, each
assessment once, and nothing that is served changes.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graph.model.errors import BundleError, ErasedError, RingfenceError, StoreUnavailableError
from graph.store.port import GraphView
from investigations import review_capacity
from investigations.assessments import Decision, RiskAssessment
from investigations.policies.reading import read_policy
from investigations.review_capacity import in_force
from investigations.shadow.answers import AnsweredPeriod, ShadowAnswer
from service.app import create_app
from service.assessment import audit_record
from service.assessment.assess import assess_stored, warm_up
from service.assessment.context import AppContext
from service.assessment.repeats import in_shadow
from service.assessment.repeats.replay import replay
from service.jobs import pauses, shadows
from service.jobs.shadows import Shadows
from service.registered_models import RegisteredModels
from tests.support.casebooks import assessment
from tests.support.models.made_bundles import made_bundle
from tests.support.service.registered import CALM, DEED, GATE, STRICT, Registered
from tests.support.small_service import Clock, PlainModel, body, risk
from tests.support.small_worlds import applies, day, facts_of, fraud


@pytest.fixture
def registered(tmp_path: Path) -> Registered:
    """The calm model serves, the strict one is in shadow."""
    made = Registered(tmp_path)
    made.registry.promote(made.calm, DEED, GATE)
    made.registry.shadow(made.strict, DEED)
    return made


@pytest.fixture
def context(registered: Registered) -> Iterator[AppContext]:
    with closing(registered.context()) as context:
        warm_up(context)  # compiled code is loaded at first use, which may take longer than a deadline
        yield context


def process(context: AppContext) -> Shadows:
    """What runs beside the workers."""
    assert context.models is not None
    return Shadows(context, context.models)


def until_done(job: Shadows) -> None:
    for _ in range(100):
        if job.step():
            return
    raise AssertionError("there is always something left to do")


def said(context: AppContext, answer: dict[str, Any]) -> ShadowAnswer:
    (one,) = context.casebook.shadows.of(answer["assessment_id"])
    return one


def plain(registered: Registered, monkeypatch: pytest.MonkeyPatch) -> PlainModel:
    """A model that looks at who is around takes the strict one's place."""
    model = PlainModel(version=registered.strict, base=-1.0)
    monkeypatch.setattr(RegisteredModels, "scorer", lambda *_: model)
    return model


def test_shadows_answer_beside_the_champion_and_change_nothing_that_is_served(
    registered: Registered, context: AppContext
) -> None:
    answers = [risk(context, body(f"live-{n}")) for n in range(3)]
    until_done(process(context))
    assert {(one["models"][0]["version"], round(one["probability"], 6)) for one in answers} == {
        (registered.calm, CALM)
    }
    for answer in answers:
        one = said(context, answer)
        assert (one.challenger, one.model_version) == (registered.strict, registered.strict)
        assert (round(one.probability or 0, 6), one.decision, one.failure) == (STRICT, Decision.REVIEW, None)
        assert one.policy_version != answer["policy_version"]  # its own thresholds
        assert replay(context, answer["assessment_id"])["equal"]


def test_a_challenger_says_what_it_would_have_said_then_whatever_came_later(
    registered: Registered, context: AppContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = plain(registered, monkeypatch)
    people = [f"p{n:03d}" for n in range(0, 60, 4)]
    answers = [risk(context, body(f"live-{who}", applicant_id=who)) for who in people]
    expected = []
    for answer in answers:
        recorded = context.casebook.assessment(answer["assessment_id"])
        _, subject = audit_record.read(recorded)
        view = context.store.view(recorded.as_of, recorded.recorded_by)
        expected.append(assess_stored(view, subject, model, context.policy)[1].probability)
    late = (fraud(f"live-{who}", 69.5) for who in people)  # delivered later, of before
    context.store.add(facts_of(*(applies(f"new{n}", 69.9) for n in range(9)), *late))
    until_done(process(context))
    assert [said(context, answer).probability for answer in answers] == expected
    assert len(set(expected)) > 3


def test_a_killed_process_leaves_the_rest_to_the_next_and_nothing_is_answered_twice(
    registered: Registered, context: AppContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = [risk(context, body(f"live-{n}")) for n in range(9)]
    monkeypatch.setattr(shadows, "AT_ONCE", 4)
    killed = process(context)
    assert not killed.step()
    with monkeypatch.context() as patch:
        patch.setattr(type(context.casebook.shadows), "keep", lambda *_: 1 / 0)  # between two commits
        with pytest.raises(ZeroDivisionError):
            killed.step()
    before = [context.casebook.shadows.of(one["assessment_id"]) for one in answers[:4]]
    assert all(before)
    killed.close()
    until_done(process(context))
    assert [context.casebook.shadows.of(one["assessment_id"]) for one in answers[:4]] == before
    assert [said(context, one).challenger for one in answers] == [registered.strict] * 9


def test_of_two_processes_one_is_at_work(context: AppContext) -> None:
    one, other = process(context), process(context)
    until_done(one)
    answer = risk(context, body("live-1"))
    assert other.step()
    assert context.casebook.shadows.of(answer["assessment_id"]) == ()
    one.close()
    until_done(other)
    assert said(context, answer)


def test_while_the_store_is_away_nothing_is_answered_and_nothing_lost(
    context: AppContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer, job = risk(context, body("live-1")), process(context)

    def away(*_: Any) -> GraphView:
        raise StoreUnavailableError("away")

    with monkeypatch.context() as patch:
        patch.setattr(type(context.views), "at", away)
        with pytest.raises(RingfenceError, match="away"):
            job.step()
    assert context.casebook.shadows.of(answer["assessment_id"]) == ()
    until_done(job)
    assert said(context, answer).failure is None


def test_what_cannot_be_answered_is_written_down_and_the_next_is_answered(
    registered: Registered, context: AppContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    context.casebook.record(assessment(1, as_of=day(69) + timedelta(hours=1)))  # no answer that can be read
    model = plain(registered, monkeypatch)
    model.broken = True
    first, job = risk(context, body("live-1")), process(context)
    until_done(job)
    model.broken = False
    second = risk(context, body("live-2"))
    until_done(job)
    assert said(context, {"assessment_id": "A-1"}).failure == "unreadable"
    assert (said(context, first).failure, said(context, first).probability) == ("model_failed", None)
    assert said(context, second).failure is None


def test_somebody_who_is_erased_while_they_wait_keeps_no_challenger_from_the_next(
    context: AppContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = risk(context, body("live-1")), risk(context, body("live-2", applicant_id="p002"))
    read = context.casebook.assessment

    def erased(assessment_id: str) -> RiskAssessment:
        if assessment_id == first["assessment_id"]:
            raise ErasedError("erased since it was read that it waits")
        return read(assessment_id)

    monkeypatch.setattr(context.casebook, "assessment", erased)
    process(context).step()
    assert context.casebook.shadows.of(first["assessment_id"]) == ()
    assert said(context, second).failure is None


def test_a_model_answers_what_comes_while_it_is_in_shadow(
    registered: Registered, context: AppContext
) -> None:
    registered.registry.retire(registered.strict, DEED)
    before, job = risk(context, body("live-1")), process(context)
    registered.registry.shadow(registered.strict, replace(DEED, at=context.clock()))
    amid = risk(context, body("live-2"))
    until_done(job)
    registered.registry.retire(registered.strict, DEED)
    after = risk(context, body("live-3"))
    until_done(job)
    of = context.casebook.shadows.of
    assert [len(of(one["assessment_id"])) for one in (before, amid, after)] == [0, 1, 0]


def test_what_was_assessed_before_a_model_learned_is_none_of_its_business(
    registered: Registered, context: AppContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = risk(context, body("live-1"))
    plain(registered, monkeypatch).trained_as_of = context.clock().isoformat()
    after = risk(context, body("live-2"))
    until_done(process(context))
    assert context.casebook.shadows.of(before["assessment_id"]) == ()
    assert said(context, after)


def test_a_bundle_that_cannot_be_read_keeps_no_other_challenger_from_answering(
    registered: Registered, context: AppContext, tmp_path: Path
) -> None:
    version = made_bundle(tmp_path / "third", 0.3)
    registered.registry.add(tmp_path / "third", DEED)
    registered.registry.shadow(version, DEED)
    next((tmp_path / "registry" / "bundles" / version).glob("trees*")).write_text("other")
    answer = risk(context, body("live-1"))
    until_done(process(context))
    assert said(context, answer).challenger == registered.strict


def test_a_challenger_that_could_not_be_loaded_is_tried_again_ever_more_rarely(
    registered: Registered, context: AppContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer, clock, tries = risk(context, body("live-1")), context.clock, list[int]()
    assert isinstance(clock, Clock)

    def lost(*_: Any) -> PlainModel:
        tries.append(1)
        raise BundleError("no such bundle")

    job = process(context)
    with monkeypatch.context() as patch:
        patch.setattr(RegisteredModels, "scorer", lost)
        waited = []
        for minute in range(1, 1 + 5 * 60):
            clock.now += timedelta(minutes=1)
            assert job.step()
            if tries:
                waited.append(minute)
                tries.clear()
    assert [later - earlier for earlier, later in pairwise(waited)] == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    clock.now += pauses.LONGEST
    until_done(job)
    assert said(context, answer).challenger == registered.strict


def test_answers_that_retention_took_away_are_not_given_again(
    registered: Registered, context: AppContext
) -> None:
    answers, clock = [risk(context, body("live-1"))], context.clock
    assert isinstance(clock, Clock)
    until_done(process(context))
    clock.now += timedelta(days=3)
    answers.append(risk(context, body("live-2")))
    until_done(process(context))
    assert context.casebook.retention.forget({"shadow_answers": timedelta(days=1)}, clock())
    until_done(process(context))
    of = context.casebook.shadows.of
    assert [len(of(one["assessment_id"])) for one in answers] == [0, 1]


def test_a_policy_in_shadow_goes_on_past_answers_of_a_model_that_is_lost(
    registered: Registered, context: AppContext, tmp_path: Path
) -> None:
    registered.registry.retire(registered.strict, DEED)
    file = read_policy(b"format: 1\nname: strict\nthresholds: {approve: 0.01}\n", "p.yaml")
    context.casebook.policies_in_shadow.use(file, day(69), "wang")
    first = risk(context, body("live-1"))
    registered.registry.promote(registered.strict, DEED, GATE)
    shutil.rmtree(tmp_path / "registry" / "bundles" / registered.calm)
    with closing(registered.context()) as later:
        second = risk(later, body("live-2"))
        until_done(process(later))
        assert said(later, first).failure == "model_failed"
        assert said(later, second).failure is None


def test_what_stops_one_challenger_stops_no_other(
    registered: Registered, context: AppContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = read_policy(b"format: 1\nname: strict\nthresholds: {approve: 0.01}\n", "p.yaml")
    context.casebook.policies_in_shadow.use(file, day(69), "wang")
    answer, job = risk(context, body("live-1")), process(context)

    def away(*_: Any) -> GraphView:
        raise StoreUnavailableError("away")

    with monkeypatch.context() as patch:
        patch.setattr(in_shadow, "_by_model", away)  # the model's turn is first
        with pytest.raises(StoreUnavailableError):
            job.step()
    (one,) = context.casebook.shadows.of(answer["assessment_id"])
    assert one.challenger.startswith("policy:")
    until_done(job)
    assert len(context.casebook.shadows.of(answer["assessment_id"])) == 2


def test_thresholds_of_a_day_follow_what_the_challenger_said_the_day_before(
    registered: Registered, context: AppContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(review_capacity, "LEAST", 6)
    model = plain(registered, monkeypatch)
    model.capacity = 0.34
    people, clock = [f"p{n:03d}" for n in range(0, 36, 4)], context.clock
    first = [risk(context, body(f"live-{who}", applicant_id=who)) for who in people]
    assert isinstance(clock, Clock)
    clock.now += timedelta(days=1)
    second = risk(context, body("live-next", applicant_id="p001"))
    until_done(process(context))
    scores = np.array([said(context, one).probability for one in first])
    own = context.policy.thresholds
    own = replace(own, review=model.review_probability, decline=model.decline_probability)
    expected = in_force(scores, model.capacity, own, own).thresholds
    policy = replace(context.policy, thresholds=expected)
    assert said(context, second).policy_version == policy.version != said(context, first[0]).policy_version


def test_a_policy_in_shadow_says_of_its_lender_what_it_decides_once_it_is_in_force(
    registered: Registered, context: AppContext
) -> None:
    registered.registry.retire(registered.strict, DEED)
    text = b"format: 1\nname: strict\nlender: L1\nlimits: {face: 0.99}\nthresholds: {approve: 0.01}\n"
    file = read_policy(text, "p.yaml")
    context.casebook.policies_in_shadow.use(file, day(69), "wang")
    asked = [body(f"live-{n}", platform_id=f"L{1 + n % 2}", applicant_id=f"p{n:03d}") for n in range(6)]
    answers = [risk(context, one) for one in asked]
    until_done(process(context))
    context.casebook.policies.use(file, day(70), "wang")
    context.policies.files.refresh()
    name = f"policy:{file.digest[:16]}"
    for answer, one in zip(answers, asked, strict=True):
        now = risk(context, one | {"application_id": f"again-{one['application_id']}"})
        (shadow,) = context.casebook.shadows.of(answer["assessment_id"])
        assert shadow.challenger == name
        if one["platform_id"] == "L2":
            assert (shadow.failure, shadow.decision) == ("out_of_scope", None)
            continue
        assert (shadow.decision, shadow.score, shadow.probability, shadow.policy_version) == (
            now["decision"],
            now["score"],
            now["probability"],
            now["policy_version"],
        )
    assert context.casebook.shadows.period(name, day(0), day(90)) == AnsweredPeriod(9, 3, 0)
    context.casebook.policies_in_shadow.drop(file.scope, day(71), "wang")
    last = risk(context, body("live-9"))
    until_done(process(context))
    assert context.casebook.shadows.of(last["assessment_id"]) == ()


def test_how_far_behind_the_shadows_are_is_told(registered: Registered, context: AppContext) -> None:
    client = create_app(context).test_client()
    risk(context, body("live-1"))
    until_done(process(context))
    risk(context, body("live-2"))
    risk(context, body("live-3"))
    told = client.get("/version").get_json()["shadows"]
    assert [one["version"] for one in told] == [registered.strict]
    assert 0 < told[0]["lag_seconds"] < 60
    exposed = client.get("/metrics").get_data(as_text=True)
    assert f"ringfence_shadow_lag_seconds {told[0]['lag_seconds']}" in exposed
    assert f'ringfence_shadow_answers_total{{result="answered",version="{registered.strict}"}}' in exposed


def test_where_the_registry_cannot_be_read_the_version_is_told_all_the_same(
    registered: Registered, context: AppContext, tmp_path: Path
) -> None:
    client = create_app(context).test_client()
    (tmp_path / "registry" / "history" / "00000099.json").write_text("{}")
    number = registered.registry.head()[0] + 1
    (tmp_path / "registry" / "history" / f"{number:08d}.json").write_text("{}")
    told = client.get("/version")
    assert (told.status_code, told.get_json()["shadows"]) == (200, None)
