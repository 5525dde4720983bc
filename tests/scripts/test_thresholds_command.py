"""Before thresholds are changed the command says what others would have decided and who was right: as one
counts it by hand, and of the store that the answers were given by.
"""

from __future__ import annotations

import json
import random
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from math import sqrt
from pathlib import Path
from typing import Any

import pytest

from graph.facts.fraud_labels import fraud_status
from graph.model.types import Facts, LabelValue
from investigations.assessments import RiskAssessment
from investigations.policies.reading import read_policy
from investigations.policy import Thresholds
from scripts.cli.command import UNUSABLE
from scripts.cli.main import main
from service.assessment import audit_record
from service.assessment.assess import assess_stored
from service.assessment.context import AppContext
from tests.support.small_service import body, risk, service
from tests.support.small_worlds import applies, day, facts_of, fraud, random_facts
from tests.support.stores import HASH_KEY, open_store, sqlite_only, store_url

# more rules ask, of whom no reason tells: one is told of each answer, and only what weighs most
ODD = """
limits: {face: 0.7, applications: 1}
rules:
  RULE_FACE_MISMATCH: {review: true, severity: 0.1}
  RULE_MANY_APPLICATIONS_7D: {review: true, severity: 0}
reasons: {most: 1, least: 0.9}
"""
SINCE = "2025-01-01"
Run = Callable[..., Any]


@pytest.fixture(params=[1, 2, 3])
def context(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[AppContext]:
    """A service that has answered a random world, half of it under a policy that asks more often; verdicts
    came afterwards.
    """
    monkeypatch.setenv("RINGFENCE_HASH_KEY", HASH_KEY)
    seed: int = request.param
    rng = random.Random(seed)
    with closing(service(tmp_path, random_facts(seed), review_follows="off")) as context:
        answers = []
        for n in range(90):
            if n == 45:
                file = read_policy(f"format: 1\nname: odd\n{ODD}".encode(), "odd.yaml")
                context.casebook.policies.use(file, day(70), "wang")
                context.policies.files.refresh()
            asked = body(
                f"live-{n}", applicant_id=f"p{rng.randrange(50):03d}", phone=None, national_id=None,
                platform_id=f"L{rng.randrange(1, 4)}", device_id=f"{rng.randrange(40):016x}",
                face_match=rng.random(), product=rng.choice(("cash", "card")),
            )  # fmt: skip
            answers.append(risk(context, asked, at=day(70) + timedelta(minutes=n)))
        verdicts = [
            fraud(one["application_id"], 75 + rng.random(), rng.choice(tuple(LabelValue)))
            for one in rng.sample(answers, 20)
        ]
        context.store.add(facts_of(*verdicts))
        yield context


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """What the command says of these arguments, or why it does not."""

    def said(context: AppContext, *arguments: str, store: str | None = None, status: int = 0) -> Any:
        settings = context.settings
        given = ["--store", store or settings.store, "--casebook", settings.casebook, "--json"]
        assert main([*arguments, *given]) == status
        out = capsys.readouterr()
        return out.err if status == UNUSABLE else json.loads(out.out.splitlines()[-1])

    return said


def recorded(context: AppContext) -> list[RiskAssessment]:
    return list(context.casebook.between(day(0), day(90)))


def decided_by_hand(context: AppContext, one: RiskAssessment, **thresholds: float) -> str:
    """By everything looked at again, as the service would have with these thresholds, and the house's where
    none is given.
    """
    _, subject = audit_record.read(one)
    assert one.recorded_by is not None
    policy = audit_record.policy_of(one, context.policies)
    chosen = replace(policy, thresholds=Thresholds(**thresholds))
    view = context.store.view(one.as_of, one.recorded_by)
    return assess_stored(view, subject, context.scorer, chosen)[1].decision.value


def wilson(count: int, of: int) -> tuple[float, float]:
    """Wilson 1927, by its formula."""
    z, p = 1.959963984540054, count / of
    middle, width = p + z * z / 2 / of, z * sqrt(p * (1 - p) / of + z * z / 4 / of / of)
    return (middle - width) / (1 + z * z / of), (middle + width) / (1 + z * z / of)


@pytest.mark.parametrize(
    "thresholds",
    [{"review": 0.08, "decline": 0.3}, {"review": 0.95, "decline": 0.95, "approve": 1.0}, {"approve": 0.06}],
)
def test_the_figures_are_those_that_one_counts_by_hand(
    context: AppContext, run: Run, thresholds: dict[str, float]
) -> None:
    given = [text for name, value in thresholds.items() for text in (f"--{name}", str(value))]
    told = run(context, "thresholds", "--since", SINCE, *given)
    rows = recorded(context)
    now = [decided_by_hand(context, one, **thresholds) for one in rows]
    for name in ("approve", "review", "decline"):
        then = sum(one.decision.value == name for one in rows)
        assert told["decisions"][name] == {"then": then, "now": now.count(name)}
    view = context.store.view(day(400))
    changed: dict[str, list[RiskAssessment]] = {}
    for one, decision in zip(rows, now, strict=True):
        if one.decision.value != decision:
            changed.setdefault(f"{one.decision.value}_to_{decision}", []).append(one)
    assert {name: one["assessments"] for name, one in told["changes"].items()} == {
        name: len(ones) for name, ones in changed.items()
    }
    for name, ones in changed.items():
        known = [fraud_status(view.labels_of([one.applicant_id])[one.applicant_id]) for one in ones]
        bad, good = sum(one.fraud for one in known), sum(one.good and not one.fraud for one in known)
        said = told["changes"][name]
        assert (said["known_bad_by_now"], said["known_good_by_now"]) == (bad, good)
        ends = [said["bad_share_low"], said["bad_share_high"]]
        assert ends == (pytest.approx(wilson(bad, bad + good), abs=1e-4) if bad + good else [None, None])
    latest = {one.applicant_id: (one, decision) for one, decision in zip(rows, now, strict=True)}
    approved = Counter(decision == "approve" for _, decision in latest.values())[True] / len(latest)
    assert told["groups"]["everybody"]["approved_now"]["value"] == pytest.approx(approved, abs=1e-6)
    assert told["shares"]["share approved"]["says"].startswith(f"{approved:.1%} of {len(latest)} people")


def test_the_dry_run_counts_the_people_whom_the_gate_counts(
    context: AppContext, run: Run, tmp_path: Path
) -> None:
    file = tmp_path / "p.yaml"
    file.write_text("format: 1\nname: p\nlender: L1\nthresholds: {review: 0.02}\n", "utf-8")
    told = run(context, "thresholds", "--since", SINCE, "--policy", str(file))
    used = run(context, "policy", "use", str(file), "--force", "--reason", "all are looked at")
    assert told["groups"] == used["groups"]
    theirs = {
        one.applicant_id for one in recorded(context) if one.audit["application"]["platform_id"] == "L1"
    }
    assert told["groups"]["everybody"]["people"] == len(theirs), "whatever they asked of others later"
    assert [one["says"] for one in told["shares"].values()] == used["shares"]


ANOTHER = "the store is not the one that the casebook's latest answers were given by, or an older copy"


@pytest.mark.parametrize("context", [1], indirect=True)
@pytest.mark.parametrize("what", ["thresholds", "policy", "shadow", "monitor"])
def test_nothing_is_counted_by_a_store_that_the_answers_are_not_of(
    context: AppContext, run: Run, tmp_path: Path, what: str
) -> None:
    file = tmp_path / "p.yaml"
    file.write_text("format: 1\nname: p\n", "utf-8")
    if what == "shadow":
        context.casebook.policies_in_shadow.use(read_policy(file.read_bytes(), "p"), day(69), "wang")
    given = {
        "thresholds": ["thresholds", "--since", SINCE, "--policy", str(file)],
        "policy": ["policy", "use", str(file)],
        "shadow": ["shadow", "run", "--since", SINCE],
        "monitor": ["monitor", "--since", SINCE],
    }[what]
    for name, revisions in (("behind", 3), ("elsewhere", 200)):
        with open_store(tmp_path / name) as other:
            for n in range(revisions):
                other.add(facts_of(applies(f"x{n}", 1)))
        assert ANOTHER in run(context, *given, store=store_url(tmp_path / name), status=UNUSABLE)
    assert [one.digest for one in context.casebook.policies.in_force()] == [
        one.digest for one in context.casebook.policies.history()
    ], "nothing came into force"
    told = run(context, *given, status=UNUSABLE if what == "monitor" else 0)  # it knows of too few answers
    assert ANOTHER not in str(told)


@sqlite_only
@pytest.mark.parametrize("context", [2], indirect=True)
def test_an_older_copy_of_the_store_is_refused_and_the_store_itself_is_not(
    context: AppContext, run: Run, tmp_path: Path
) -> None:
    copy = tmp_path / "copy.db"
    with open_store(copy) as older:
        older.add(random_facts(2))
    assert "it is at revision" in run(
        context, "thresholds", "--since", SINCE, store=f"sqlite:///{copy}", status=UNUSABLE
    )
    shutil.copy(tmp_path / "store.db", copy)
    shutil.copy(tmp_path / "store.db-wal", tmp_path / "copy.db-wal")
    copied = run(context, "thresholds", "--since", SINCE, "--review", ".08", store=f"sqlite:///{copy}")
    assert copied == run(context, "thresholds", "--since", SINCE, "--review", ".08")


def test_where_nobody_was_answered_or_judged_nothing_is_told_of_anybody(
    tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RINGFENCE_HASH_KEY", HASH_KEY)
    with closing(service(tmp_path, Facts(applications=(applies("p1", 1),)))) as context:
        told = run(context, "thresholds", "--since", SINCE, "--review", ".08")
        assert (told["assessments"], told["changes"], told["shares"]) == (0, {}, {})
        risk(context, body(applicant_id="p1"), at=day(70))
        told = run(context, "thresholds", "--since", SINCE, "--review", "0", "--until", "2199-01-01")
        (change,) = told["changes"].values()
        assert (change["known_bad_by_now"], change["bad_share_low"]) == (0, None)


@pytest.mark.parametrize("context", [1], indirect=True)
def test_what_is_no_probability_and_a_review_above_declining_are_refused(
    context: AppContext, run: Run
) -> None:
    for wrong in ("nan", "1e400", "-1", "1.01"):
        told = run(context, "thresholds", "--since", SINCE, "--decline", wrong, status=UNUSABLE)
        assert "is no probability: it is from 0 to 1" in told
    crossing = ["--review", "0.9", "--decline", "0.4"]
    assert "review comes first" in run(context, "thresholds", "--since", SINCE, *crossing, status=UNUSABLE)
