"""The strangers' world is a delivery that the contract knows, with a truth that holds together, and the same
again by its seed.
"""

from __future__ import annotations

import filecmp
from pathlib import Path

import pandas as pd
import pytest
from stdnum import luhn
from stdnum.cn import ric

from tests.worlds.strangers_ground import END
from tests.worlds.strangers_world import COLUMNS, make_world


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("strangers")
    make_world(out, applicants=600, days=200, seed=3)
    return out


def test_strangers_deliver_tables_that_keep_the_record_contract(world: Path) -> None:
    tables = {path.stem: pd.read_parquet(path) for path in (world / "records").iterdir()}
    assert {name: list(table.columns) for name, table in tables.items()} == COLUMNS
    forms = tables["applications"]
    required = ["application_id", "applied_at", "applicant_id", "platform_id", "national_id"]
    assert forms[required].notna().all().all()
    assert forms["application_id"].is_unique
    assert all(ric.is_valid(value) for value in forms["national_id"])
    assert all(luhn.is_valid(value) for value in forms["bank_card"].dropna())
    plain_phones = forms["phone"].dropna().str.removeprefix("+86").str.replace(r"[ -]", "", regex=True)
    assert plain_phones.str.fullmatch(r"1[3-9]\d{9}").all()
    for name, column in (
        ("applications", "applied_at"),
        ("events", "at"),
        ("outcomes", "at"),
        ("labels", "known_at"),
    ):
        assert (pd.to_datetime(tables[name][column]) < END).all()
    assert set(tables["outcomes"]["application_id"]) <= set(forms["application_id"])
    assert set(forms["merchant_id"].dropna()) <= set(tables["merchants"]["merchant_id"])
    labels = tables["labels"]
    assert (labels["application_id"].notna() ^ labels["applicant_id"].notna()).all()


def test_the_strangers_truth_names_every_applicant_and_only_the_bad_have_a_ring(world: Path) -> None:
    truth = pd.read_csv(world / "truth" / "applicants.csv")
    forms = pd.read_parquet(world / "records" / "applications.parquet")
    assert len(truth) == 600
    assert truth["applicant_id"].is_unique
    assert set(forms["applicant_id"]) <= set(truth["applicant_id"])
    assert truth["bad"].isin([0, 1]).all()
    assert 0.03 <= truth["bad"].mean() <= 0.05
    in_ring = truth[truth["ring"].notna()]
    assert (in_ring["bad"] == 1).all()
    assert in_ring.groupby("ring").size().between(4, 50).all()
    assert in_ring.groupby("ring")["kind"].nunique().eq(1).all()
    assert {"plain", "household", "dormitory", "kiosk", "lone"} <= set(truth["kind"])


def test_the_same_seed_makes_the_same_strangers_and_another_seed_makes_others(
    world: Path, tmp_path: Path
) -> None:
    for name, seed in (("again", 3), ("other", 4)):
        make_world(tmp_path / name, applicants=600, days=200, seed=seed)
    files = [f"records/{name}.parquet" for name in COLUMNS] + ["truth/applicants.csv"]
    assert filecmp.cmpfiles(world, tmp_path / "again", files, shallow=False)[0] == files
    assert "truth/applicants.csv" in filecmp.cmpfiles(world, tmp_path / "other", files, shallow=False)[1]
