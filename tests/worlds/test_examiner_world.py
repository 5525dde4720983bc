"""The examiner's world loads whole, holds every kind it promises, fools a rule on devices, and most of its
crews are found in it.
"""

from __future__ import annotations

import filecmp
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pandas as pd
import pytest
from sklearn.metrics import average_precision_score
from stdnum.cn import ric

from graph.facts.tables import Tables
from graph.rings.projected import in_this_process
from graph.rings.search import search
from graph.rings.weekly.snapshot import snapshot_of
from graph.stores.sqlite import SqliteStore
from ingestion.loading.load import Report
from investigations.review.evaluation import TrueApplicant, TruthMatch, matched, read_truth
from tests.support.deliveries import load_into, rejects
from tests.worlds.examiner_ground import END, IDLE_DEVICE, VARIANTS
from tests.worlds.examiner_trades import TRADES
from tests.worlds.examiner_world import make_world

HONEST = {
    "plain",
    "household",
    "dormitory",
    "village",
    "campus",
    "shop_customer",
    "labour_agent",
    "group_purchase",
    "helper",
    "comparison",
    "second_hand",
    "recycled_number",
}
pytestmark = pytest.mark.slow
APPLICANTS, SEED = 8000, 7  # the smallest world tried that has a crew of every trade


class Loaded(NamedTuple):
    """A delivery after it went through the door."""

    records: Path
    report: Report
    tables: Tables
    truth: dict[str, TrueApplicant]


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loaded]:
    out = tmp_path_factory.mktemp("examiner")
    make_world(out, applicants=APPLICANTS, seed=SEED, difficulty=VARIANTS["apart"])
    with SqliteStore(out / "graph.db") as store:
        report = load_into(store, out / "records")
        yield Loaded(out / "records", report, store.view(END).tables(), read_truth(out / "truth", END))


@pytest.fixture(scope="module")
def found(loaded: Loaded) -> TruthMatch:
    """The rings that the search flags, held against the truth."""
    rings = snapshot_of(search(in_this_process(loaded.tables)), "now", END).rings
    return matched(
        (frozenset(m.applicant_id for m in ring.members) for ring in rings if ring.kind.flagged), loaded.truth
    )


def forms_of(loaded: Loaded) -> pd.DataFrame:
    forms = pd.read_parquet(loaded.records / "applications.parquet")
    return forms.assign(
        bad=[loaded.truth[one].bad for one in forms["applicant_id"]],
        kind=[loaded.truth[one].kind for one in forms["applicant_id"]],
    )


def share(value: float | None) -> float:
    """A share over somebody; None would be one over nobody."""
    assert value is not None
    return value


def test_the_same_seed_makes_the_same_world_and_another_seed_or_variant_another(tmp_path: Path) -> None:
    for name, seed, variant in (
        ("one", 3, "first"),
        ("again", 3, "first"),
        ("other", 4, "first"),
        ("harder", 3, "fewest_loans"),
    ):
        make_world(tmp_path / name, applicants=600, seed=seed, difficulty=VARIANTS[variant])
    files = [path.relative_to(tmp_path / "one").as_posix() for path in (tmp_path / "one").rglob("*.*")]
    assert len(files) == 9
    assert set(filecmp.cmpfiles(tmp_path / "one", tmp_path / "again", files, shallow=False)[0]) == set(files)
    for name in ("other", "harder"):
        different = filecmp.cmpfiles(tmp_path / "one", tmp_path / name, files, shallow=False)[1]
        assert {"records/applications.parquet", "truth/applicants.csv"} <= set(different)


def test_the_whole_delivery_passes_the_door_and_no_row_is_refused(loaded: Loaded) -> None:
    figures = loaded.report.as_json()
    assert figures["accepted"] + figures["known"] + figures["rejected"] == figures["read"]
    assert figures["read"] == sum(len(pd.read_parquet(path)) for path in loaded.records.iterdir())
    assert (figures["known"], figures["rejected"], rejects(loaded.records)) == (0, 0, [])
    assert not any(figures["unknown_columns"].values())


def test_only_invented_people_have_a_citizens_number_that_does_not_check_out(loaded: Loaded) -> None:
    forms = forms_of(loaded)
    wrong = forms[[number[-1] != ric.calc_check_digit(number) for number in forms["national_id"]]]
    assert set(wrong["kind"]) == {"synthetic"}
    assert loaded.report.as_json()["unverified"]["national_id"] == len(wrong)


def test_every_trade_of_crews_and_every_kind_of_honest_people_is_there(loaded: Loaded) -> None:
    people = loaded.truth.values()
    assert {one.kind for one in people if one.ring} == set(TRADES)
    assert len(TRADES) == 13
    assert {one.kind for one in people if not one.ring and not one.bad} == HONEST
    assert {one.kind for one in people if not one.ring and one.bad} == {"lone_fraud"}


def test_some_whom_a_crew_enlisted_are_no_frauds_and_frauds_are_few(loaded: Loaded) -> None:
    people = loaded.truth.values()
    assert 0.02 < sum(one.bad for one in people) / len(people) < 0.05
    assert {one.kind for one in people if one.ring and not one.bad} >= {
        "village_agent",
        "referral_farm",
        "cash_out",
    }


@pytest.mark.parametrize(("variant", "shared"), [("first", True), ("apart", False)])
def test_two_crews_hide_in_one_room_only_where_crews_have_no_rooms_of_their_own(
    tmp_path: Path, variant: str, shared: bool
) -> None:
    make_world(tmp_path, applicants=3000, seed=2, difficulty=VARIANTS[variant])
    truth, crews_in = read_truth(tmp_path / "truth", END), defaultdict[str, set[str]](set)
    forms = pd.read_parquet(tmp_path / "records" / "applications.parquet")
    for one, address in zip(forms["applicant_id"], forms["address"], strict=True):
        if truth[one].ring and "宿舍" in address:
            crews_in[address].add(truth[one].ring)
    assert crews_in
    assert any(len(crews) > 1 for crews in crews_in.values()) == shared


def test_counting_who_used_a_device_before_tells_frauds_hardly_better_than_chance(loaded: Loaded) -> None:
    forms = forms_of(loaded)
    before: defaultdict[str, set[str]] = defaultdict(set)
    others = []
    for device, one in zip(forms["device_id"], forms["applicant_id"], strict=True):
        others.append(0 if device == IDLE_DEVICE else len(before[device] - {one}))
        before[device].add(one)
    chance = forms["bad"].mean()
    assert average_precision_score(forms["bad"], others) < 1.3 * chance


def test_flagging_every_device_of_three_people_hits_the_honest_and_misses_the_crews(
    loaded: Loaded,
) -> None:
    forms = forms_of(loaded).query("device_id != @IDLE_DEVICE")
    users = forms.groupby("device_id")["applicant_id"].nunique()
    flagged = frozenset(forms["applicant_id"][forms["device_id"].map(users) >= 3])
    rule = matched([flagged], loaded.truth)
    assert share(rule.honest_flagged) > 0.05
    assert share(rule.member_recall) < 0.4


def test_the_search_finds_most_crews_and_flags_hardly_an_honest_person(found: TruthMatch) -> None:
    assert found.rings == 24
    assert share(found.ring_recall) >= 0.5
    assert share(found.member_recall) >= 0.6
    assert share(found.precision) >= 0.85
    assert share(found.honest_flagged) <= 0.004


def test_honest_people_who_live_and_work_together_are_left_alone(found: TruthMatch) -> None:
    for kind in (
        "dormitory",
        "village",
        "campus",
        "household",
        "shop_customer",
        "group_purchase",
        "labour_agent",
        "helper",
    ):
        assert found.honest_by_kind[kind] <= 0.02, kind
