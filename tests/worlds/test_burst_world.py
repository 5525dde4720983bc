"""The platform's year is a delivery that loads whole; its bots come within a minute, then never again."""

from __future__ import annotations

import filecmp
from pathlib import Path

import pandas as pd
import pytest

from investigations.review.evaluation import read_truth
from tests.support.deliveries import NOW, load_into
from tests.support.stores import open_store
from tests.worlds.burst_world import make_world
from tests.worlds.delivery import COLUMNS

TABLES = {"platforms", "merchants", "devices", "applications", "events", "outcomes", "labels"}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("burst")
    make_world(folder, 2400, seed=3, labels=0.2)
    return folder


@pytest.fixture(scope="module")
def tables(world: Path) -> dict[str, pd.DataFrame]:
    return {path.stem: pd.read_parquet(path) for path in (world / "records").iterdir()}


@pytest.fixture(scope="module")
def truth(world: Path) -> pd.DataFrame:
    return pd.read_csv(world / "truth" / "applicants.csv", keep_default_na=False)


def _times(column: pd.Series) -> pd.Series:
    return pd.to_datetime(column)


def test_a_small_platform_loads_and_only_its_dirt_is_rejected(tmp_path: Path) -> None:
    rows = make_world(tmp_path / "world", 1200, days=120, seed=5, dirt=True)
    for table in ("events", "devices"):
        path = tmp_path / "world" / "records" / f"{table}.parquet"
        pd.read_parquet(path).iloc[::8].to_parquet(path, index=False)
    report = load_into(open_store(tmp_path / "x.db"), tmp_path / "world" / "records")
    assert sum(report.rejects.values()) == rows["dirt"] > 20
    assert report.tables["applications"].accepted == rows["applications"] - rows["dirt"]


@pytest.mark.slow
def test_the_platform_loads_whole_without_a_reject(
    world: Path, tables: dict[str, pd.DataFrame], tmp_path: Path
) -> None:
    report = load_into(open_store(tmp_path / "x.db"), world / "records", tmp_path / "report")
    assert not report.rejects
    accepted = {name: table.accepted for name, table in report.tables.items()}
    assert accepted == {name: len(table) for name, table in tables.items()}


def test_the_platform_has_orders_and_events_but_no_loan_and_no_contact(
    tables: dict[str, pd.DataFrame],
) -> None:
    assert set(tables) == TABLES
    assert all(tuple(table.columns) == COLUMNS[name] for name, table in tables.items())
    assert tables["applications"].national_id.isna().all()
    assert set(tables["outcomes"].status) == {"withdrawn"}


def test_a_platform_without_labels_delivers_no_table_of_them(tmp_path: Path) -> None:
    assert "labels" not in make_world(tmp_path, 1200, days=120, labels=0.0)
    assert not (tmp_path / "records" / "labels.parquet").exists()


def test_the_truth_of_the_platform_has_frauds_and_rings_as_promised(world: Path, truth: pd.DataFrame) -> None:
    assert len(read_truth(world / "truth", NOW)) == len(truth) == 2400
    assert 0.02 <= truth.bad.mean() <= 0.05
    rings = truth[truth.ring != ""].groupby("ring").kind.first()
    assert len(truth) / len(rings) == pytest.approx(300, rel=0.1)
    assert set(rings) == {"bots", "coupons", "carders"}
    assert {"household", "kiosk", "cafe", "street_team", "flash_sale"} <= set(truth.kind)


def test_bots_come_within_a_minute_on_one_device_in_one_month_and_never_again(
    tables: dict[str, pd.DataFrame], truth: pd.DataFrame
) -> None:
    events = tables["events"].merge(truth, on="applicant_id", suffixes=("", "_of"))
    bots = events[events.kind_of == "bots"]
    assert set(bots.kind) == {"register"}
    known = bots[bots.device_id.notna() & (bots.device_id != "0" * 15)]
    made = known.groupby("device_id")["at"].agg(["min", "max", "count"])
    assert (_times(made["max"]) - _times(made["min"])).max() < pd.Timedelta(minutes=1)
    assert made["count"].median() >= 4
    assert _times(bots["at"]).max() - _times(bots["at"]).min() < pd.Timedelta(days=31)
    orders = tables["applications"].merge(truth, on="applicant_id")
    orders = orders[orders.kind == "bots"].merge(bots[["applicant_id", "at"]], on="applicant_id")
    assert orders.applicant_id.is_unique
    waited = _times(orders.applied_at) - _times(orders["at"])
    assert waited.min() > pd.Timedelta(0)
    assert waited.max() < pd.Timedelta(minutes=20)


def test_honest_families_kiosks_and_street_teams_share_devices_too(
    tables: dict[str, pd.DataFrame], truth: pd.DataFrame
) -> None:
    events = tables["events"].merge(truth, on="applicant_id", suffixes=("", "_of"))
    used = events[events.device_id.notna() & (events.device_id != "0" * 15)]
    crowd = used.groupby("device_id").agg(people=("applicant_id", "nunique"), kind=("kind_of", "first"))
    most = crowd.groupby("kind").people.max()
    assert most["household"] >= 2
    assert min(most["kiosk"], most["street_team"]) >= 5
    assert most["kiosk"] > most["coupons"]


def test_labels_of_the_platform_are_few_and_later_than_their_order(
    tables: dict[str, pd.DataFrame], truth: pd.DataFrame
) -> None:
    labels = tables["labels"].merge(tables["applications"], on="application_id")
    assert 0 < len(labels) < 0.3 * truth.bad.sum()
    assert (_times(labels.known_at) - _times(labels.applied_at)).min() > pd.Timedelta(days=20)
    outcomes = tables["outcomes"].merge(tables["applications"], on="application_id")
    assert (_times(outcomes["at"]) > _times(outcomes.applied_at)).all()


def test_the_records_of_the_platform_do_not_say_who_is_guilty(
    tables: dict[str, pd.DataFrame], truth: pd.DataFrame
) -> None:
    orders = tables["applications"].merge(truth, on="applicant_id")
    guilty = orders.bad == 1
    ranks = [orders[name].rank(pct=True) for name in ("application_id", "applicant_id", "email")]
    clues = [*ranks, _times(orders.applied_at).dt.second / 60]
    assert max(abs(clue[guilty].mean() - clue[~guilty].mean()) for clue in clues) < 0.13
    assert not set(tables["events"].kind) & set(truth.kind)


def test_the_platform_is_the_same_again_by_its_seed(
    world: Path, tables: dict[str, pd.DataFrame], tmp_path: Path
) -> None:
    make_world(tmp_path / "again", 2400, seed=3, labels=0.2)
    files = [f"records/{name}.parquet" for name in tables] + ["truth/applicants.csv"]
    assert filecmp.cmpfiles(world, tmp_path / "again", files, shallow=False)[0] == files
    make_world(tmp_path / "other", 1200, days=120, seed=4, labels=0.2)
    assert filecmp.cmpfiles(world, tmp_path / "other", files, shallow=False)[0] == []
