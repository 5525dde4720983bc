"""The quarter is a delivery that loads whole; it has the crews it promises and keeps its truth to itself."""

from __future__ import annotations

import filecmp
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from stdnum import luhn
from stdnum.cn import ric

from investigations.review.evaluation import read_truth
from tests.support.deliveries import NOW, load_into
from tests.support.stores import open_store
from tests.worlds.delivery import COLUMNS
from tests.worlds.quarter_world import make_world

CERTAIN = {"chain", "clerk", "intermediary", "line", "sleepers", "stackers", "borrowed_names"}


@dataclass(frozen=True)
class Made:
    """A world as a reader sees it, and what is true of each application."""

    folder: Path
    tables: dict[str, pd.DataFrame]
    truth: pd.DataFrame
    forms: pd.DataFrame


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    folder = tmp_path_factory.mktemp("quarter")
    make_world(folder, 2000, seed=3)
    tables = {path.stem: pd.read_parquet(path) for path in (folder / "records").iterdir()}
    truth = pd.read_csv(folder / "truth" / "applicants.csv", keep_default_na=False)
    return Made(folder, tables, truth, tables["applications"].merge(truth, on="applicant_id"))


def _part(folder: Path, to: Path, count: int) -> Path:
    """A delivery of that many applications, of the dirty ones, and of all that is about their people."""
    to.mkdir()
    tables = {path.stem: pd.read_parquet(path) for path in (folder / "records").iterdir()}
    forms = tables["applications"]
    odd = forms.application_id.str.startswith("Z") | forms.application_id.duplicated(keep=False)
    tables["applications"] = forms = pd.concat([forms[odd], forms[~odd].iloc[::5][:count]])
    for name, table in tables.items():
        key = "application_id" if name == "outcomes" else "applicant_id"
        rows = table[table[key].isin(forms[key])] if key in table and name != "labels" else table
        rows.to_parquet(to / f"{name}.parquet", index=False)
    return to


def test_a_part_of_the_quarter_loads_and_only_its_dirt_is_rejected(tmp_path: Path) -> None:
    spoilt = make_world(tmp_path / "world", 2000, days=120, seed=5, dirt=True)["dirt"]
    report = load_into(open_store(tmp_path / "x.db"), _part(tmp_path / "world", tmp_path / "part", 60))
    assert spoilt > 20
    assert sum(report.rejects.values()) == spoilt
    assert sum(table.accepted for table in report.tables.values()) > 300


@pytest.mark.slow
def test_the_quarter_loads_whole_without_a_reject(made: Made, tmp_path: Path) -> None:
    report = load_into(open_store(tmp_path / "x.db"), made.folder / "records", tmp_path / "report")
    assert not report.rejects
    assert {name: table.accepted for name, table in report.tables.items()} == {
        name: len(table) for name, table in made.tables.items()
    }


def test_the_quarter_fills_every_table_with_values_that_pass_the_door(made: Made) -> None:
    assert {name: tuple(table.columns) for name, table in made.tables.items()} == COLUMNS
    assert all(ric.calc_check_digit(number) == number[-1].upper() for number in made.forms.national_id)
    assert all(map(luhn.is_valid, made.forms.bank_card.dropna()))
    assert made.forms[list(COLUMNS["applications"])].notna().mean().min() > 0
    for table in ("outcomes", "labels"):
        known = made.tables[table].application_id.dropna()
        assert known.isin(made.forms.application_id).all()


def test_the_truth_of_the_quarter_is_read_by_the_evaluation(made: Made) -> None:
    truth = read_truth(made.folder / "truth", NOW)
    assert set(truth) == set(made.tables["applications"].applicant_id)
    assert len(truth) == 2000


def test_the_quarter_has_the_promised_share_of_frauds_and_one_ring_in_300(made: Made) -> None:
    assert 0.02 <= made.truth.bad.mean() <= 0.05
    assert 0.02 <= made.forms.bad.mean() <= 0.06
    rings = made.truth[made.truth.ring != ""].groupby("ring").kind.first()
    assert len(made.truth) / len(rings) == pytest.approx(300, rel=0.1)
    assert set(rings) >= CERTAIN
    honest = made.truth[(made.truth.ring == "") & (made.truth.bad == 0)]
    assert (honest.kind.value_counts() >= 5).sum() >= 12


def test_nothing_in_a_chain_goes_through_more_than_three_hands(made: Made) -> None:
    crew = made.forms[made.forms.kind == "chain"].replace(["0" * 15, "13800000000"], None)
    things = ("device_id", "bank_card", "phone", "contact_phone_1")
    hands = pd.concat([crew.groupby(thing).applicant_id.nunique() for thing in things])
    assert hands.max() <= 3
    assert (hands > 1).sum() >= 2


def test_a_clerk_has_twice_as_many_honest_customers_in_the_same_shop(made: Made) -> None:
    bought = made.forms[made.forms.merchant_id.notna()]
    for shop in bought[bought.kind == "clerk"].merchant_id.unique():
        here = bought[bought.merchant_id == shop]
        assert (
            here[here.ring == ""].applicant_id.nunique() >= 2 * here[here.ring != ""].applicant_id.nunique()
        )
        days = pd.to_datetime(here[here.kind == "clerk"].applied_at).dt.date.nunique()
        assert days <= (here.kind == "clerk").sum() / 1.4


def test_an_intermediary_has_a_quarter_over_his_phones_and_half_over_his_numbers(made: Made) -> None:
    clients = made.forms[made.forms.kind == "intermediary"]
    size = clients.applicant_id.nunique()
    assert 30 <= size <= 70
    assert 0.15 < (clients.groupby("applicant_id").bad.first() == 0).mean() < 0.7

    def over(columns: list[str]) -> float:
        named = clients.melt("applicant_id", columns).dropna()
        holders = named.groupby("value").applicant_id.transform("nunique")
        return named[holders >= 3].applicant_id.nunique() / size

    assert 0.1 < over(["device_id"]) < 0.35
    assert 0.3 < over(["contact_phone_1", "contact_phone_2"]) < 0.65


def test_nobody_among_the_sleepers_is_late(made: Made) -> None:
    late = made.tables["outcomes"].query("status in ('dpd30', 'dpd90', 'written_off')").application_id
    sleepers = made.forms[(made.forms.kind == "sleepers") & (made.forms.bad == 1)]
    assert len(sleepers) > 3
    assert not sleepers.application_id.isin(late).any()


def test_outcomes_follow_their_loan_and_labels_what_they_are_about(made: Made) -> None:
    applied = made.forms.set_index("application_id").applied_at
    outcomes = made.tables["outcomes"]
    assert (pd.to_datetime(outcomes["at"]) > pd.to_datetime(outcomes.application_id.map(applied))).all()
    labels = made.tables["labels"]
    known = pd.to_datetime(labels.known_at)
    about = labels.application_id.map(applied).fillna(
        labels.applicant_id.map(made.truth.set_index("applicant_id").first_applied_at)
    )
    assert (known > pd.to_datetime(about)).all()
    end = pd.Timestamp("2026-01-01", tz="Asia/Shanghai")
    told = [pd.to_datetime(made.tables[name]["at"]).max() for name in ("events", "outcomes", "contacts")]
    assert max(*told, known.max()) < end


def test_labels_are_late_cover_a_part_and_are_now_and_then_wrong_and_cleared(made: Made) -> None:
    labels = made.tables["labels"]
    person = labels.applicant_id.fillna(
        labels.application_id.map(made.forms.set_index("application_id").applicant_id)
    )
    fraud = set(person[labels.label == "fraud"])
    guilty = set(made.truth[made.truth.bad == 1].applicant_id)
    assert 0.02 < len(fraud & guilty) / len(guilty) < 0.75
    cleared = set(person[(labels.label == "good") & (labels.detail == "cleared")])
    assert cleared <= fraud


def test_the_records_of_the_quarter_do_not_say_who_is_guilty(made: Made) -> None:
    forms = made.forms.sort_values("application_id")
    guilty = forms.bad == 1
    clues = {
        "application_id": pd.Series(np.arange(len(forms)) / len(forms), forms.index),
        "applicant_id": forms.applicant_id.rank(pct=True),
        "device_id": forms.device_id.rank(pct=True),
        "second": pd.to_datetime(forms.applied_at).dt.second / 60,
        "round": (forms.amount % 1000 == 0).astype(float),
        "spelt": forms.phone.str.startswith("+86").astype(float),
        "known": forms[list(COLUMNS["applications"])].notna().mean(axis=1),
        "night": (pd.to_datetime(forms.applied_at).dt.hour < 6).astype(float),
    }
    apart = {name: abs(clue[guilty].mean() - clue[~guilty].mean()) for name, clue in clues.items()}
    assert {name: gap for name, gap in apart.items() if gap > 0.12} == {}
    words = set(pd.unique(made.tables["labels"].detail.dropna())) | set(made.tables["events"].kind)
    assert not words & (set(made.truth.kind) | set(made.truth.ring) - {""})


def test_the_quarter_is_the_same_again_by_its_seed(made: Made, tmp_path: Path) -> None:
    make_world(tmp_path / "again", 2000, seed=3)
    make_world(tmp_path / "other", 2000, days=120, seed=4)
    files = [f"records/{name}.parquet" for name in COLUMNS] + ["truth/applicants.csv"]
    assert filecmp.cmpfiles(made.folder, tmp_path / "again", files, shallow=False)[0] == files
    assert filecmp.cmpfiles(made.folder, tmp_path / "other", files, shallow=False)[0] == []


def test_a_quarter_of_a_few_hundred_people_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"2,000 applicants"):
        make_world(tmp_path, 500)
