"""The weekly review: files, snapshot, cases and the back-test; what fails leaves last week in force; the
truth measures it.
"""

import json
import sys
from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import pyarrow.parquet as pq
import pytest

from graph.facts.fraud_labels import fraud_status
from graph.model.errors import ConflictError, FrameFullError, SettingError
from graph.model.types import Facts, LabelValue, Outcome, OutcomeStatus, RingKind
from graph.rings.projected import InThisProcess
from investigations.casebook import Casebook
from investigations.cases import CaseFilter, CaseState, Verdict, VerdictValue
from investigations.review import weekly as reviewing
from investigations.review.evaluation import TrueApplicant, matched, measured, read_flagged, read_truth
from investigations.review.reference_rings import reference_groups
from investigations.review.ring_files import write_files
from investigations.review.source import OfStore
from investigations.review.weekly import ReviewPlan, review, reviewed, week_of
from scripts.detect_rings import main as detect
from scripts.evaluate_rings import main as evaluate
from service.assessment.batches.batch import score
from service.assessment.batches.output import ScoresOut
from service.assessment.batches.work import Period
from service.settings import Settings
from tests.support.casebooks import everything
from tests.support.contracts.erasure_contract import erased
from tests.support.full_disks import full_disk
from tests.support.small_worlds import day, fraud
from tests.support.stores import store_url
from tests.support.worlds.rings import AS_OF, CREW, both, crew, honest, town

SHANGHAI = ZoneInfo("Asia/Shanghai")


def plan(out, as_of=AS_OF, **more):
    return ReviewPlan(as_of=as_of, out=out, now=as_of, **({"back_steps": 1} | more))


@pytest.fixture
def store(tmp_path):
    facts = both(honest(families=20, dormitory=12, customers=20), crew(known_on=190))
    with town(tmp_path / "town.db", facts) as opened:
        yield opened


@pytest.fixture
def casebook(tmp_path):
    with Casebook(f"sqlite:///{tmp_path}/cases.db") as opened:
        yield opened


def test_a_review_writes_four_files_that_agree(store, casebook, tmp_path):
    result = review(store, casebook, plan(tmp_path / "out"))
    rings = pq.read_table(tmp_path / "out" / "rings.parquet").to_pylist()
    members = pq.read_table(tmp_path / "out" / "members.parquet").to_pylist()
    changes = pq.read_table(tmp_path / "out" / "changes.parquet").to_pylist()
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "changes.parquet",
        "members.parquet",
        "report.html",
        "rings.parquet",
    ]
    assert {row["ring_id"]: row["size"] for row in rings} == {
        r.ring_id: r.size for r in result.snapshot.rings
    }
    assert sum(row["size"] for row in rings) == len(members)
    assert {row["change"] for row in changes} == {"born"}
    assert json.loads(rings[0]["shared_by_kind"])["device"] > 0
    assert result.figures["members_flagged"] == len(CREW)


def test_the_report_says_of_the_case_that_the_same_review_opens(store, casebook, tmp_path):
    result = review(store, casebook, plan(tmp_path / "out", desk="https://desk.example/desk"))
    (flagged,) = (ring for ring in result.snapshot.rings if ring.kind.flagged)
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert casebook.open_case_of_ring(flagged.ring_id).case_id in page
    assert "none yet" not in page


def test_the_next_week_keeps_the_names_and_opens_no_second_case(store, casebook, tmp_path):
    first = review(store, casebook, plan(tmp_path / "w1"))
    second = review(store, casebook, plan(tmp_path / "w2", day(207)))
    assert (first.previous, second.previous) == (None, first.snapshot.name)
    assert {r.ring_id for r in first.snapshot.rings} == {r.ring_id for r in second.snapshot.rings}
    assert (first.figures["cases_opened"], second.figures["cases_opened"]) == (1, 0)
    assert store.view(day(207)).rings().name == second.snapshot.name


def test_a_ring_that_loses_its_flag_keeps_its_case_and_the_case_says_why(store, casebook, tmp_path):
    first = review(store, casebook, plan(tmp_path / "w1"))
    [flagged] = [ring for ring in first.snapshot.rings if ring.kind.flagged]
    labels = tuple(fraud(f"{who}@{100 + n / 4}", 203, LabelValue.GOOD) for n, who in enumerate(CREW))
    store.add(Facts(labels=labels))
    for _ in range(2):  # a second run of the week says it once
        second = review(store, casebook, plan(tmp_path / "w2", day(207)))
    changes = {row["ring_id"]: row for row in pq.read_table(tmp_path / "w2" / "changes.parquet").to_pylist()}
    assert changes[flagged.ring_id]["flag"] == "no_longer_flagged"
    assert "people cleared: 9" in changes[flagged.ring_id]["why"]
    assert (second.figures["no_longer_flagged"], second.figures["newly_flagged"]) == (1, 0)
    case = casebook.case(casebook.open_case_of_ring(flagged.ring_id).case_id)
    assert case.state is CaseState.PENDING
    assert [event.kind for event in case.events] == ["opened", "no_longer_flagged"]
    assert "people cleared: 9" in case.events[1].note
    assert "No longer flagged" in (tmp_path / "w2" / "report.html").read_text(encoding="utf-8")


def test_a_closed_case_is_not_opened_again_for_a_flag_that_is_merely_held(store, casebook, tmp_path):
    first = review(store, None, plan(tmp_path / "w1")).snapshot
    family = next(ring for ring in first.rings if ring.kind is RingKind.HOUSEHOLD)
    flagged = [replace(ring, kind=RingKind.RING) if ring == family else ring for ring in first.rings]
    store.save_rings(replace(first, rings=flagged))
    review(store, casebook, plan(tmp_path / "w2", day(207)))
    case_id = casebook.open_case_of_ring(family.ring_id).case_id
    concluded = casebook.give_verdict(
        case_id, Verdict(at=day(208), by="ann", value=VerdictValue.FALSE_POSITIVE), 10**9
    )
    casebook.close_case(case_id, concluded.version, at=day(208), by="ann")
    third = review(store, casebook, plan(tmp_path / "w3", day(214)))
    assert (
        "RING_FLAG_HELD"
        in next(ring for ring in third.snapshot.rings if ring.ring_id == family.ring_id).reason_codes
    )
    assert casebook.open_case_of_ring(family.ring_id) is None


def test_a_review_of_an_earlier_week_gives_again_what_it_gave(store, tmp_path):
    weeks = [review(store, None, plan(tmp_path / str(n), day(n))).snapshot for n in (193, 200, 207)]
    again = review(store, None, plan(tmp_path / "again", day(200))).snapshot
    assert (*again.rings, *again.changes) == (*weeks[1].rings, *weeks[1].changes)


def test_a_first_run_flags_newly_and_every_ring_has_a_crew(store, tmp_path):
    review(store, None, plan(tmp_path / "out"))
    rings = pq.read_table(tmp_path / "out" / "rings.parquet").to_pylist()
    flags = {
        row["ring_id"]: row["flag"] for row in pq.read_table(tmp_path / "out" / "changes.parquet").to_pylist()
    }
    assert {row["ring_id"]: "newly_flagged" if row["kind"] == "ring" else "" for row in rings} == flags
    assert all(row["crew_id"] for row in rings)


def test_a_smaller_budget_of_honest_people_flags_less(store, tmp_path):
    none = review(store, None, plan(tmp_path / "out", honest_budget=0.0))
    assert (
        none.figures["honest_expected_low"]
        <= none.figures["honest_expected"]
        <= none.figures["honest_expected_high"]
    )
    assert (
        none.figures["members_flagged"]
        <= review(store, None, plan(tmp_path / "out", honest_budget=0.5)).figures["members_flagged"]
    )


def test_a_second_run_of_the_same_week_compares_with_the_week_before(store, tmp_path):
    review(store, None, plan(tmp_path / "w1"))
    again = review(store, None, plan(tmp_path / "w1"))
    assert again.previous is None


def test_a_review_without_room_names_its_folder_and_leaves_the_last_one(store, tmp_path, monkeypatch):
    review(store, None, plan(tmp_path / "out"))
    kept = (tmp_path / "out" / "report.html").read_bytes()

    def on_a_full_disk(*given):
        with full_disk(5_000):
            write_files(*given)

    monkeypatch.setattr(reviewing, "write_files", on_a_full_disk)
    with pytest.raises(OSError, match="too large") as full:
        review(store, None, plan(tmp_path / "out", day(207)))
    assert full.value.filename == str(tmp_path / "out")
    assert store.view(day(207)).rings().name == week_of(AS_OF, SHANGHAI)
    assert (tmp_path / "out" / "report.html").read_bytes() == kept
    assert not list((tmp_path / "out").glob(".*"))


@pytest.mark.parametrize("step", ["save_rings", "open_case"])
def test_people_who_are_erased_while_a_review_ends_are_named_by_none_of_its_files(
    store, casebook, tmp_path, monkeypatch, step
):
    owner = store if step == "save_rings" else casebook
    original = getattr(owner, step)

    def then_erased(*given, **named):
        done = original(*given, **named)
        erased(store, CREW[0])
        return done

    with monkeypatch.context() as changed:
        changed.setattr(owner, step, then_erased)
        with pytest.raises(ConflictError, match="people were erased meanwhile"):
            review(store, casebook, plan(tmp_path / "out"))
    assert list((tmp_path / "out").iterdir()) == []
    assert casebook.queue(CaseFilter())[0] == (step == "open_case")
    assert CREW[0] not in everything(casebook)
    assert review(store, casebook, plan(tmp_path / "out")).figures["cases_opened"] == 1


def test_the_back_test_says_how_early_the_ring_would_have_been_flagged(tmp_path):
    facts = both(honest(families=20), crew(on=100, known_on=190))
    paid = tuple(
        Outcome(application_id=a.application_id, status=OutcomeStatus.DISBURSED, at=day(175), amount=1000.0)
        for a in facts.applications
    )
    with town(tmp_path / "t.db", both(facts, type(facts)(outcomes=paid))) as opened:
        [early] = review(opened, None, plan(tmp_path / "out", back_steps=2)).early
    assert early.flagged_at == day(200 - 56)
    assert early.first_default == day(190)
    assert early.days == 46
    assert (early.loans, early.amount) == (18, 18_000.0)


@pytest.mark.parametrize("steps", [0, 1])
def test_of_a_ring_that_defaulted_before_the_first_look_back_nothing_is_said(tmp_path, steps):
    with town(tmp_path / "t.db", both(honest(families=20), crew(on=100, known_on=150))) as opened:
        [early] = review(opened, None, plan(tmp_path / "out", back_steps=steps)).early
    assert (early.first_default, early.days) == (day(150), None)
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "lies before the earliest moment looked at" in page
    assert "Flagged only after" not in page


def test_the_name_of_a_snapshot_is_the_week_before_its_moment():
    assert week_of(day(4).replace(hour=16), SHANGHAI) == "2025-W01"


def test_the_truth_measures_a_review(store, tmp_path):
    review(store, None, plan(tmp_path / "out"))
    truth = {who: TrueApplicant("farm", "F1", True) for who in CREW} | {
        f"dorm{n}": TrueApplicant("dormitory", "", False) for n in range(12)
    }
    match = matched(read_flagged(tmp_path / "out").groups.values(), truth)
    assert (match.ring_recall, match.member_recall, match.honest_flagged, match.precision) == (
        1.0,
        1.0,
        0.0,
        1.0,
    )
    assert match.honest_by_kind == {"dormitory": 0.0}


def test_a_flagged_group_that_meets_less_than_half_of_a_ring_has_not_found_it():
    truth = {f"b{n}": TrueApplicant("farm", "F1", True) for n in range(9)} | {
        "h": TrueApplicant("plain", "", False)
    }
    match = matched([frozenset({"b0", "b1", "b2", "h"})], truth)
    assert (match.ring_recall, match.honest_flagged) == (0.0, 1.0)
    assert match.member_recall == pytest.approx(3 / 9)


def test_the_usual_recipes_flag_where_a_fraud_is_known(store):
    result = reference_groups(store.view(AS_OF).tables())
    assert set(CREW) <= set().union(*result["components"])
    assert set(CREW) <= set().union(*result["leiden_cpm_0.05"])
    assert not any(reference_groups(store.view(day(150)).tables()).values())


def test_the_commands_end_with_one_line_of_figures(store, tmp_path, capsys):
    (tmp_path / "truth").mkdir()
    rows = [f"{who},farm,F1,1" for who in CREW] + [f"dorm{n},dormitory,,0" for n in range(12)]
    (tmp_path / "truth" / "applicants.csv").write_text("\n".join(["applicant_id,kind,ring,bad", *rows]))
    url, out, as_of = store_url(tmp_path / "town.db"), str(tmp_path / "out"), AS_OF.isoformat()
    assert (
        detect(
            [
                "--store",
                url,
                "--casebook",
                f"sqlite:///{tmp_path}/c.db",
                "--new-casebook",
                "--as-of",
                as_of,
                "--out",
                out,
                "--back-steps",
                "0",
            ]
        )
        == 0
    )
    assert "Asia/Shanghai (UTC+08:00)" in (tmp_path / "out" / "report.html").read_text()
    figures = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert {"groups", "flagged", "members_flagged", "largest_component", "seconds"} <= set(figures)
    assert {"born", "grown", "shrunk", "merged", "split", "dissolved"} <= set(figures)
    assert (
        evaluate(["--rings", out, "--truth", str(tmp_path / "truth"), "--as-of", as_of, "--store", url]) == 0
    )
    measured = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert measured["ring_recall"] == 1.0
    assert set(measured["references"]) == {"components", "leiden_modularity_300", "leiden_cpm_0.05"}
    assert (
        evaluate(
            [
                "--rings",
                out,
                "--truth",
                str(tmp_path / "truth"),
                "--as-of",
                (AS_OF + timedelta(days=7)).isoformat(),
            ]
        )
        == 2
    )
    assert f"these rings are as of {as_of}" in capsys.readouterr().err
    assert evaluate(["--rings", out, "--truth", str(tmp_path / "truth"), "--as-of", "2999-01-01"]) == 2
    assert "lies in the future" in capsys.readouterr().err


def test_what_had_been_confirmed_already_is_not_what_a_review_has_found(tmp_path):
    truth = {f"b{n}": TrueApplicant("farm", "F1", True) for n in range(4)} | {
        f"c{n}": TrueApplicant("farm", "F2", True) for n in range(4)
    }
    groups = [frozenset(f"b{n}" for n in range(4)), frozenset({"c0", "c1"})]
    confirmed = frozenset({"b0", "b1", "b2", "b3", "c2", "c3"})
    figures = measured(groups, truth, confirmed)
    assert (figures["ring_recall"], figures["known_frauds"]) == (1.0, 6)
    assert figures["known_of_bad_flagged"] == pytest.approx(4 / 6, abs=1e-5)
    assert (
        figures["not_known"]["rings"],
        figures["not_known"]["ring_recall"],
        figures["not_known"]["member_recall"],
    ) == (1, 1.0, 1.0)
    only_confirmed = measured(groups[:1], truth, confirmed)["not_known"]
    assert (only_confirmed["groups"], only_confirmed["ring_recall"], only_confirmed["member_recall"]) == (
        0,
        0.0,
        0.0,
    )
    assert measured(groups, truth, None)["not_known"] is None


def test_a_review_says_who_was_known_and_older_files_ask_for_the_store(store, tmp_path, capsys):
    review(store, None, plan(tmp_path / "out"))
    flagged = read_flagged(tmp_path / "out")
    assert flagged.as_of == AS_OF
    assert flagged.known_frauds == {
        who for who, labels in store.view(AS_OF).labels_of(CREW).items() if fraud_status(labels).fraud
    }
    rings = tmp_path / "out" / "rings.parquet"
    pq.write_table(pq.read_table(rings).replace_schema_metadata(None), rings)
    assert (read_flagged(tmp_path / "out").as_of, read_flagged(tmp_path / "out").known_frauds) == (None, None)
    (tmp_path / "applicants.csv").write_text(
        "\n".join(["applicant_id,kind,ring,bad", *(f"{who},farm,F1,1" for who in CREW)])
    )
    request = ["--rings", str(tmp_path / "out"), "--truth", str(tmp_path), "--as-of", AS_OF.isoformat()]
    assert evaluate(request) == 0
    out, err = capsys.readouterr()
    assert (json.loads(out)["not_known"], "with --store" in err) == (None, True)
    assert evaluate([*request, "--store", store_url(tmp_path / "town.db")]) == 0
    assert json.loads(capsys.readouterr().out)["known_frauds"] == len(flagged.known_frauds)


def test_a_truth_is_cut_to_those_who_had_applied_before_the_moment(tmp_path):
    rows = [
        "applicant_id,kind,ring,bad,first_applied_at",
        f"A,farm,F1,1,{AS_OF - timedelta(microseconds=1)}",
        f"B,farm,F1,1,{AS_OF}",
        "C,plain,,0,",
    ]
    (tmp_path / "applicants.csv").write_text("\n".join(rows))
    assert set(read_truth(tmp_path, AS_OF)) == {"A", "C"}


def test_a_misspelt_store_is_refused_and_never_looks_like_one_without_fraud(tmp_path, capsys):
    nowhere = tmp_path / "typo.db"
    usual = (
        f"--store sqlite:///{nowhere} --casebook sqlite:///{tmp_path}/c.db --new-casebook --as-of 2025-07-01 "
        f"--out {tmp_path}/out"
    ).split()
    assert detect(usual) == 2
    assert "there is no store at" in capsys.readouterr().err
    assert not nowhere.exists()
    with pytest.raises(SettingError, match="there is no store at"):
        score(
            Settings(store=f"sqlite:///{nowhere}"),
            Period(since=AS_OF, until=AS_OF + timedelta(days=1)),
            ScoresOut(tmp_path / "scores.parquet"),
        )


def test_a_folder_that_cannot_be_written_is_named_before_anything_is_computed(store, tmp_path, capsys):
    (tmp_path / "out").write_text("a file")
    usual = (
        f"--store {store_url(tmp_path / 'town.db')} --casebook sqlite:///{tmp_path}/c.db --new-casebook "
        f"--as-of 2025-07-01 --out {tmp_path}/out"
    )
    assert detect(usual.split()) == 2
    assert "cannot write into" in capsys.readouterr().err


def test_a_casebook_that_is_not_there_is_refused_and_made_when_asked_for(store, tmp_path, capsys):
    usual = (
        f"--store {store_url(tmp_path / 'town.db')} --casebook sqlite:///{tmp_path}/c.db --as-of 2025-07-01 "
        f"--out {tmp_path}/out --back-steps 0"
    )
    assert detect(usual.split()) == 2
    assert "there is no casebook at" in capsys.readouterr().err
    assert not (tmp_path / "c.db").exists()
    assert detect([*usual.split(), "--new-casebook"]) == 0
    assert detect(usual.split()) == 0


def test_without_an_argument_cases_are_opened_where_the_service_looks(store, tmp_path, monkeypatch, caplog):
    monkeypatch.setenv("RINGFENCE_CASEBOOK", f"sqlite:///{tmp_path}/service.db")
    usual = f"--store {store_url(tmp_path / 'town.db')} --as-of {AS_OF.isoformat()} --out {tmp_path}/out"
    said = []
    for _ in range(2):
        caplog.clear()
        assert detect([*usual.split(), "--back-steps", "0"]) == 0
        said.append("new casebook" in caplog.text)
    assert said == [True, False], "once it is there nobody needs to be told"
    with Casebook(Settings.from_environment().casebook) as served:
        assert len(served.queue(CaseFilter())[1]) == 1


@pytest.mark.parametrize(
    ("wrong", "said"), [("--as-of 2999-01-01", "lies in the future"), ("--out rings.parquet", "names a file")]
)
def test_a_future_moment_and_a_file_for_a_folder_are_refused(store, tmp_path, capsys, wrong, said):
    usual = (
        f"--store {store_url(tmp_path / 'town.db')} --casebook sqlite:///{tmp_path}/c.db --new-casebook "
        f"--as-of 2025-07-01 --out {tmp_path}/out"
    )
    assert detect([*usual.split(), *wrong.split()]) == 2
    assert said in capsys.readouterr().err


def test_the_seconds_of_a_review_are_those_of_the_whole_batch(store, tmp_path):
    figures = review(store, None, ReviewPlan(as_of=AS_OF, out=tmp_path / "out", now=AS_OF)).figures
    assert figures["seconds"] > figures["search_seconds"] > 0


def test_scores_go_into_a_file_and_a_folder_in_its_place_is_named_first(tmp_path):
    with pytest.raises(SettingError, match="is a folder"):
        score(
            Settings(store=f"sqlite:///{tmp_path}/nowhere.db"),
            Period(since=AS_OF, until=AS_OF + timedelta(days=1)),
            ScoresOut(tmp_path),
        )


def test_a_period_without_a_moment_is_refused():
    with pytest.raises(SettingError, match="--since must lie before --until"):
        Period(since=AS_OF, until=AS_OF)


@pytest.mark.parametrize(
    "wrong",
    [
        ["--engine", "spark"],
        ["--as-of", "yesterday"],
        ["--store", "mongo://x"],
    ],
)
def test_unusable_arguments_end_with_status_two(store, tmp_path, capsys, monkeypatch, wrong):
    monkeypatch.setitem(sys.modules, "graph.rings.spark.session", None)  # as where PySpark is not installed
    usual = (
        f"--store {store_url(tmp_path / 'town.db')} --casebook sqlite:///{tmp_path}/c.db --new-casebook "
        f"--as-of 2025-07-01 --out {tmp_path}/out"
    )
    assert detect([*usual.split(), *wrong]) == 2
    assert wrong[1] in capsys.readouterr().err


def test_a_truth_or_a_review_that_is_not_there_is_named(tmp_path):
    with pytest.raises(SettingError, match="is no truth"):
        read_truth(tmp_path, AS_OF)
    with pytest.raises(SettingError, match="holds no ring review"):
        read_flagged(tmp_path)
    (tmp_path / "rings.parquet").write_text("no parquet")
    with pytest.raises(SettingError, match="holds no ring review"):
        read_flagged(tmp_path)


def test_where_nobody_can_say_how_people_live_only_usual_settings_find_rings(store, tmp_path, caplog):
    first = next(store.view(AS_OF).applications(day(0))).application_id
    store.add(Facts(labels=(fraud(first, 190, LabelValue.GOOD),)))
    source = OfStore(store, InThisProcess())

    def full(*_):
        raise FrameFullError("the frame can hold no more people")

    object.__setattr__(source, "few", full)  # as of a delivery that is larger than a frame
    assert review(store, None, plan(tmp_path / "told", back_steps=0)).fairness
    usual = reviewed(source, None, plan(tmp_path / "usual", back_steps=0))
    assert usual.fairness == {}
    assert "nobody can say how groups of people fared" in caplog.text
    with pytest.raises(FrameFullError):
        reviewed(source, None, plan(tmp_path / "own", back_steps=0, honest_budget=0.5, most_times=1.25))
    assert not (tmp_path / "own").exists()
