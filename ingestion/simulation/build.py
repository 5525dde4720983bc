"""Makes a world cohort by cohort and puts it in place only when it is whole."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np

from graph.model.errors import SettingError
from graph.progress import bar
from ingestion.simulation.cohort import make_cohort
from ingestion.simulation.dirt import Dirt
from ingestion.simulation.places import settle
from ingestion.simulation.spoil import spoil
from ingestion.simulation.tables import cohort_tables, world_tables
from ingestion.simulation.world_spec import COHORT, WorldSpec
from ingestion.simulation.writers import TableFiles

_WORLD, _DIRT, _SPOILED = 1 << 30, 1 << 31, 1 << 29
_MARK = "world.json"
_ORDER = ("applications", "events", "outcomes", "labels", "contacts", "devices")


def make_world(recipe: WorldSpec, out: Path) -> dict[str, int]:
    """Writes `out/records` (a delivery) and `out/truth/applicants.csv`; returns the rows of each table.

    An earlier world in `out` is replaced when the new one is whole. Raises SettingError when `out` holds
    something that is not a world.
    """
    _refuse_foreign(out)
    beside = out / ".making"
    shutil.rmtree(beside, ignore_errors=True)
    try:
        counts = _write(recipe, beside)
        for name in ("records", "truth"):
            shutil.rmtree(out / name, ignore_errors=True)
            (beside / name).rename(out / name)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    (out / _MARK).write_text(
        json.dumps({"made": _describe(recipe), "rows": counts}, ensure_ascii=False, indent=1)
    )
    return counts


def _write(recipe: WorldSpec, folder: Path) -> dict[str, int]:
    places = settle(recipe, _rng(recipe, _WORLD))
    share = places.city_weight * recipe.applicants
    edges = np.round(np.concatenate([[0], np.cumsum(share)])).astype(np.int64)
    city = np.repeat(np.arange(places.cities), np.diff(edges))
    with (
        TableFiles(folder / "records", recipe.format) as records,
        TableFiles(folder / "truth", "plain") as truth,
    ):
        for name, table in world_tables(recipe, places).items():
            records.write(name, table)
        with bar("world", recipe.applicants, " applicants") as progress:
            for number, begin in enumerate(range(0, recipe.applicants, COHORT)):
                cohort = make_cohort(recipe, places, number, begin, city[begin : begin + COHORT])
                pieces = cohort_tables(recipe, cohort, Dirt(_rng(recipe, _DIRT, number)))
                truth.write("applicants", pieces.pop("truth"))
                for name, table in pieces.items():
                    records.write(name, table)
                    if recipe.dirty:
                        records.write(
                            name, spoil(name, table, _rng(recipe, _SPOILED, number, _ORDER.index(name)))
                        )
                progress.update(min(COHORT, recipe.applicants - begin))
        return records.rows | {"applicants": truth.rows["applicants"]}


def _rng(recipe: WorldSpec, *key: int) -> np.random.Generator:
    return np.random.default_rng(np.random.SeedSequence(recipe.seed, spawn_key=key))


def _refuse_foreign(out: Path) -> None:
    if out.exists() and not out.is_dir():
        raise SettingError(f"{out} is not a folder")
    if any((out / name).exists() for name in ("records", "truth")) and not (out / _MARK).exists():
        raise SettingError(
            f"{out} holds records or truth that make_world did not make; choose another folder"
        )
    out.mkdir(parents=True, exist_ok=True)


def _describe(recipe: WorldSpec) -> dict[str, object]:
    return {
        "applicants": recipe.applicants, "days": recipe.days, "seed": recipe.seed,
        "until": recipe.until.isoformat(), "guilty_share": recipe.guilty_share, "manner": recipe.manner,
        "dirty": recipe.dirty, "format": recipe.format,
    }  # fmt: skip
