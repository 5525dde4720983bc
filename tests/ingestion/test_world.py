"""The made world keeps the record contract, is the same for the same seed, and gives nobody away by an
artefact.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score
from stdnum import luhn
from stdnum.cn import ric

from graph.model.errors import SettingError
from ingestion.simulation import build
from ingestion.simulation.build import make_world
from ingestion.simulation.habits import draw_habits
from ingestion.simulation.keys import scatter
from ingestion.simulation.world_spec import CREW_KINDS, WorldSpec
from scripts.make_world import main

ROOT = Path(__file__).resolve().parents[2]
CONTRACT = {
    "applications": "application_id applied_at applicant_id platform_id product amount "
    "term_months merchant_id agent_id "
    "channel "
    "national_id phone device_id bank_card email ip wifi address employer employer_phone contact_phone_1 "
    "contact_phone_2 "
    "face_match liveness phone_three_element birth_year city new_citizen",
    "events": (
        "event_id kind at applicant_id phone device_id bank_card ip wifi address counterparty_id "
        "merchant_id amount"
    ),
    "outcomes": "application_id status at amount",
    "labels": "application_id applicant_id label known_at source",
    "platforms": "platform_id type is_own",
    "merchants": "merchant_id category city opened_at",
    "contacts": "applicant_id phone relation at",
    "devices": "device_id os model is_emulator is_rooted",
}
TIMES = {
    "applications": "applied_at",
    "events": "at",
    "outcomes": "at",
    "labels": "known_at",
    "contacts": "at",
}
LINKS = (
    "phone",
    "device_id",
    "bank_card",
    "ip",
    "wifi",
    "address",
    "employer_phone",
    "contact_phone_1",
    "contact_phone_2",
)


@dataclass(frozen=True)
class Made:
    recipe: WorldSpec
    tables: dict[str, pd.DataFrame]
    truth: pd.DataFrame

    @property
    def judged(self) -> pd.DataFrame:
        return (
            self.tables["applications"]
            .merge(self.truth, on="applicant_id")
            .sort_values("applied_at", kind="stable")
        )


def read(out: Path, recipe: WorldSpec) -> Made:
    tables = {path.stem: pd.read_parquet(path) for path in (out / "records").glob("*.parquet")}
    return Made(recipe, tables, pd.read_csv(out / "truth" / "applicants.csv", keep_default_na=False))


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Made:
    out = tmp_path_factory.mktemp("world")
    recipe = WorldSpec(applicants=4_000, seed=7)
    make_world(recipe, out)
    return read(out, recipe)


def fingerprint(out: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(out.glob("*/*.*"))}


def test_every_table_has_the_columns_of_the_record_contract(world: Made) -> None:
    assert {name: list(table.columns) for name, table in world.tables.items()} == {
        name: columns.split() for name, columns in CONTRACT.items()
    }


def test_no_row_must_be_rejected_unless_dirt_is_asked_for(world: Made) -> None:
    applications, platforms = world.tables["applications"], world.tables["platforms"]
    for name, column in TIMES.items():
        at = pd.to_datetime(world.tables[name][column])
        assert at.max() < world.recipe.until
        assert (at >= pd.Timestamp(world.recipe.start, unit="s", tz="UTC")).all() or name == "contacts"
    assert not applications.application_id.duplicated().any()
    assert not world.tables["events"].event_id.duplicated().any()
    assert not world.tables["devices"].device_id.duplicated().any()
    assert applications.platform_id.isin(platforms.platform_id).all()
    assert (applications.amount > 0).all()
    assert world.tables["outcomes"].application_id.isin(applications.application_id).all()
    assert len(platforms) == 25
    assert platforms.type.nunique() == 9


def test_national_ids_and_cards_have_valid_check_digits_but_for_a_few(world: Made) -> None:
    applications = world.tables["applications"]
    ids = applications.national_id.dropna().str.normalize("NFKC").str.strip().str.upper()
    cards = applications.bank_card.dropna().str.normalize("NFKC").str.replace(" ", "")
    wrong = 1 - np.mean([ric.calc_check_digit(number) == number[-1] for number in ids])
    assert 0 < wrong < 0.01
    assert 0 < 1 - np.mean([luhn.is_valid(number) for number in cards]) < 0.01
    plain = applications.phone.dropna()
    assert plain.str.fullmatch(r"1[3-9]\d{9}").mean() > 0.9
    assert (applications.phone == "13800000000").any() or (
        applications.contact_phone_2 == "13800000000"
    ).any()


def test_the_day_of_birth_in_the_national_id_is_the_birth_year(world: Made) -> None:
    rows = world.tables["applications"].dropna(subset=["national_id", "birth_year"])
    ids = rows.national_id.str.normalize("NFKC").str.strip()
    assert (ids.str[6:10].astype(int) == rows.birth_year).all()


def test_truth_names_everybody_once_and_only_crews_have_a_ring(world: Made) -> None:
    truth = world.truth
    assert list(truth.columns[:4]) == ["applicant_id", "kind", "ring", "bad"]
    assert sorted(truth.applicant_id) == sorted(world.tables["applications"].applicant_id.unique())
    assert len(truth) == world.recipe.applicants
    assert 0.03 < truth.bad.mean() < 0.06
    crews = truth[truth.ring != ""]
    assert set(crews.kind) <= set(CREW_KINDS)
    assert (crews.groupby("ring").kind.nunique() == 1).all()
    assert (crews.group == "").all()
    assert truth[truth.bad == 1].kind.isin(CREW_KINDS).all()
    assert truth[(truth.bad == 1) & (truth.ring == "")].kind.eq("stacker").all()
    assert crews.groupby("ring").size().between(4, 63).all()
    assert crews.bad.mean() < 1, "a crew may recruit real people"


def test_members_of_a_ring_reach_each_other_over_what_they_share(world: Made) -> None:
    truth = world.truth[world.truth.ring != ""]
    ring = dict(zip(truth.applicant_id, truth.ring))
    holders: dict[tuple[str, str, str], set[str]] = defaultdict(set)
    for name in ("applications", "events", "contacts"):
        table = world.tables[name]
        for column in {*LINKS} & {*table.columns}:
            kind = "phone" if column.startswith("contact") else column
            values = (
                table[column]
                .astype("string")
                .str.normalize("NFKC")
                .str.replace(r"[\s\-+]|^\+?86(?=1\d{10})", "", regex=True)
            )
            for who, value in zip(table.applicant_id, values.str.upper()):
                if who in ring and not pd.isna(value):
                    holders[ring[who], kind, value].add(who)
    for who, other in (
        world.tables["events"][["applicant_id", "counterparty_id"]].dropna().itertuples(index=False)
    ):
        if who in ring and ring.get(other) == ring[who]:
            holders[ring[who], "money", f"{who}-{other}"] |= {who, other}
    reached = [largest_component(members, [h for key, h in holders.items() if key[0] == name])
               for name, members in truth.groupby("ring").applicant_id]  # fmt: skip
    assert np.mean(reached) > 0.93


def largest_component(members: pd.Series[str], groups: list[set[str]]) -> float:
    left, best = set(members), 0
    while left:
        seen = {left.pop()}
        grown = True
        while grown:
            wider = seen.union(*(group for group in groups if group & seen))
            grown, seen = len(wider) > len(seen), wider
        left -= seen
        best = max(best, len(seen))
    return best / len(members)


def test_dormitory_members_are_many_honest_and_share_what_rings_share(world: Made) -> None:
    homes = world.judged[world.judged.kind == "dormitory"]
    assert homes.applicant_id.nunique() > 0.08 * world.recipe.applicants
    assert homes.bad.sum() == 0
    assert homes.groupby("group").applicant_id.nunique().max() >= 50
    assert (homes.groupby("wifi").applicant_id.nunique() >= 10).any()
    assert (homes.groupby("employer").applicant_id.nunique() >= 20).any()
    assert homes.new_citizen.dropna().astype(bool).mean() > 0.6


def test_some_of_the_guilty_live_where_the_honest_live(world: Made) -> None:
    judged = world.judged
    homes = set(judged[judged.kind.isin(["dormitory", "campus"])].wifi.dropna())
    assert judged[(judged.bad == 1) & judged.wifi.isin(homes)].applicant_id.nunique() >= 5


def test_shop_tablets_have_many_customers_and_phones_pass_from_one_to_another(world: Made) -> None:
    judged = world.judged
    customers = judged[judged.kind == "kiosk"].groupby("device_id").applicant_id.nunique()
    assert customers.max() >= 30
    passed_on = judged[judged.kind == "second_hand"].groupby("device_id").applicant_id.nunique()
    assert (passed_on == 2).sum() >= 10


def test_no_shop_sells_before_it_has_opened(world: Made) -> None:
    sold = world.tables["applications"].merge(world.tables["merchants"], on="merchant_id")
    assert len(sold) > 100
    assert (pd.to_datetime(sold.applied_at) > pd.to_datetime(sold.opened_at)).all()


def test_who_compares_offers_looks_like_a_stacker_of_one_weekend(world: Made) -> None:
    judged = world.judged.assign(at=pd.to_datetime(world.judged.applied_at))
    comparers = judged[judged.kind == "comparer"].groupby("applicant_id")
    assert comparers.platform_id.nunique().median() >= 3
    spans = (comparers["at"].max() - comparers["at"].min()).dt.total_seconds()
    assert spans.median() < 2 * 86_400


def test_labels_come_late_are_incomplete_and_sometimes_wrong(world: Made) -> None:
    labels, judged = world.tables["labels"], world.judged
    assert (labels.application_id.isna() != labels.applicant_id.isna()).all()
    by_loan = labels.dropna(subset=["application_id"]).merge(judged, on="application_id")
    delay = pd.to_datetime(by_loan.known_at) - pd.to_datetime(by_loan.applied_at)
    assert delay.min() > pd.Timedelta(0)
    fraud = by_loan[by_loan.label == "fraud"]
    assert delay[by_loan.label == "fraud"].median() > pd.Timedelta(days=30)
    known = set(fraud.applicant_id_y) | set(labels[labels.label == "fraud"].applicant_id.dropna())
    bad = world.truth[world.truth.bad == 1].applicant_id
    assert 0.1 < bad.isin(known).mean() < 0.7
    assert 0.75 < fraud.bad.mean() < 1


def test_the_number_of_holders_of_a_device_says_little(world: Made) -> None:
    judged = world.judged.dropna(subset=["device_id"])
    first = judged[~judged.duplicated(["device_id", "applicant_id"])]
    earlier = first.groupby("device_id").cumcount()
    base = first.bad.mean()
    assert average_precision_score(first.bad, earlier) < 2.5 * base


def test_ids_row_order_and_seconds_do_not_tell_who_is_guilty(world: Made) -> None:
    first = world.judged.drop_duplicates("applicant_id")
    inert = {
        "applicant_id": first.applicant_id.str[1:].astype(int),
        "truth order": first.applicant_id.map({who: i for i, who in enumerate(world.truth.applicant_id)}),
        "application_id": first.application_id.map(lambda text: int(text[:12], 16)),
        "second": pd.to_datetime(first.applied_at).dt.second,
        "serial": pd.to_numeric(first.national_id.str.normalize("NFKC").str[14:17], errors="coerce").fillna(
            0
        ),
        "amount": first.amount % 1_000,
        "text": first.phone.str.len().fillna(0),
    }
    for name, values in inert.items():
        assert 0.4 < roc_auc_score(first.bad, values) < 0.6, name


def test_the_same_seed_gives_the_same_bytes_and_another_seed_does_not(tmp_path: Path) -> None:
    for name, seed, form in (
        ("a", 3, "csv"),
        ("b", 3, "csv"),
        ("c", 4, "csv"),
        ("d", 3, "parquet"),
        ("e", 3, "parquet"),
    ):
        make_world(WorldSpec(applicants=300, days=60, seed=seed, format=form), tmp_path / name)
    prints = {name: fingerprint(tmp_path / name) for name in "abcde"}
    assert prints["a"] == prints["b"] != prints["c"]
    assert prints["d"] == prints["e"]
    assert prints["a"]["applicants.csv"] == prints["d"]["applicants.csv"]


def test_people_are_made_cohort_by_cohort_and_stay_distinct(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(build, "COHORT", 400)
    make_world(WorldSpec(applicants=1_200, seed=5), tmp_path)
    pieces = pyarrow.parquet.ParquetFile(tmp_path / "records" / "applications.parquet")
    assert pieces.num_row_groups == 3
    created = read(tmp_path, WorldSpec(applicants=1_200, seed=5))
    assert created.truth.applicant_id.nunique() == 1_200
    assert not created.tables["events"].event_id.duplicated().any()
    ids = (
        created.tables["applications"]
        .dropna(subset=["national_id"])
        .assign(national_id=lambda table: table.national_id.str.normalize("NFKC").str.strip().str.upper())
    )
    assert (ids.groupby(ids.national_id.str[:17]).applicant_id.nunique() == 1).all()


@pytest.mark.parametrize("kind", [*CREW_KINDS, "honest"])
def test_a_manner_makes_crews_of_one_kind_only(tmp_path: Path, kind: str) -> None:
    recipe = WorldSpec(applicants=300, seed=2, manner=kind, guilty_share=0.1)
    make_world(recipe, tmp_path)
    assert set(read(tmp_path, recipe).truth.query("bad == 1").kind) == ({kind} - {"honest"})


def test_no_two_crews_have_the_same_habits() -> None:
    rng = np.random.default_rng(1)
    drawn = [draw_habits(kind, rng) for kind in CREW_KINDS for _ in range(40)]
    assert len({(habits.face, habits.span, habits.default) for habits in drawn}) == len(drawn)
    assert len({tuple(sorted(habits.sharing)) for habits in drawn}) > 60


def test_a_dirty_world_adds_rows_that_must_be_rejected(tmp_path: Path) -> None:
    make_world(WorldSpec(applicants=300, seed=2), tmp_path / "clean")
    make_world(WorldSpec(applicants=300, seed=2, dirty=True), tmp_path / "dirty")
    clean, dirty = (read(tmp_path / name, WorldSpec(applicants=300)).tables for name in ("clean", "dirty"))
    for name in TIMES:
        assert len(dirty[name]) > len(clean[name])
    applications = dirty["applications"]
    assert (applications.amount < 0).any()
    assert applications.applicant_id.isna().any()
    assert (applications.platform_id == "L99").any()
    assert applications.application_id.duplicated().any()
    assert pd.to_datetime(applications.applied_at, errors="coerce").isna().any()


@pytest.mark.parametrize("size", [2, 99, 1_000, 80_000_000])
def test_scattering_never_gives_two_keys_the_same_place(size: int) -> None:
    keys = np.arange(min(size, 5_000))
    places = scatter(keys, size, 3)
    assert len(np.unique(places)) == len(keys)
    assert places.min() >= 0
    assert places.max() < size


def test_a_folder_that_is_not_a_world_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "records").mkdir()
    (tmp_path / "records" / "mine.csv").write_text("a\n1\n")
    with pytest.raises(SettingError, match="did not make"):
        make_world(WorldSpec(applicants=200), tmp_path)
    assert (tmp_path / "records" / "mine.csv").exists()


def test_the_command_ends_with_its_counts_and_the_world_with_its_frame(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(tmp_path / "w"), "--applicants", "200", "--until", "2025-07-01"]) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["applicants"] == 200
    last = pd.read_parquet(tmp_path / "w" / "records" / "applications.parquet").applied_at.max()
    assert datetime.fromisoformat(last) < datetime.fromisoformat("2025-07-01T00:00:00+08:00")


@pytest.mark.parametrize(
    "wrong", [["--applicants", "5"], ["--manner", "sly"], ["--format", "xls"], ["--days", "0"]]
)
def test_unusable_arguments_are_refused_with_one_line_and_status_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], wrong: list[str]
) -> None:
    assert main([str(tmp_path / "w"), *wrong]) == 2
    message = capsys.readouterr()
    assert message.out == ""
    assert wrong[0] in message.err
    assert message.err.count("\n") == 1
    assert not (tmp_path / "w").exists()
