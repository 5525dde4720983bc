"""Brings S-FFSD into the form of `benchmark_model.py`: protocol G, R (random splits) or T (in time)."""

from __future__ import annotations

import argparse
import csv
import io
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from sklearn.model_selection import train_test_split

from scripts.tools.benchmark_graphs import Past, write

Floats = npt.NDArray[np.float64]

DATA = Path("../shared/data/s_ffsd/S-FFSD.zip")
ENTITIES = ("Source", "Target", "Location", "Type")
_TEST_SHARE = {"G": 0.2, "R": 0.6}
_NEXT = 3  # rows of the same entity that a row is tied to, each way
_UNLABELLED = 2


def main(argv: Sequence[str] | None = None) -> int:
    """Exit status 0."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--protocol", choices=("G", "R", "T"), required=True)
    parser.add_argument("--out", type=Path, required=True, help="folder of the graph")
    options = parser.parse_args(argv)
    rows = read(options.data)
    label = np.array(rows["Labels"], dtype=np.int64)
    in_time = options.protocol == "T"
    split = by_time(label) if in_time else by_lot(label, _TEST_SHARE[options.protocol])
    at = np.array(rows["Time"], dtype=np.float64)
    # Several rows have the same time: the order of the file is theirs.
    order = np.arange(len(at), dtype=np.float64)
    ids = [f"transaction {place}" for place in range(len(at))]
    entities = {name: sorted(set(rows[name])) for name in ENTITIES}
    others = [f"{name} {one}" for name, values in entities.items() for one in values]
    features = past_features(rows, at)
    if not in_time:
        features["x_time"] = at
    nodes: dict[str, object] = {
        "node_id": ids + others,
        "node_type": ["transaction"] * len(ids) + [name for name, values in entities.items() for _ in values],
        "label": [None if one == _UNLABELLED else int(one) for one in label] + [None] * len(others),
        "split": [*split, *[None] * len(others)],
        **{name: [*values, *[None] * len(others)] for name, values in features.items()},
    }
    if in_time:
        nodes["at"] = [*order, *[None] * len(others)]
    edges: list[dict[str, object]] = []
    for name in ENTITIES:
        edges.append(
            {"src": ids, "dst": [f"{name} {one}" for one in rows[name]], "relation": [name] * len(ids)}
        )
        for steps in range(1, _NEXT + 1):
            later, earlier = Past(rows[name]).pairs(steps)
            edges.append(
                {
                    "src": [ids[place] for place in later],
                    "dst": [ids[place] for place in earlier],
                    "relation": [f"next of {name}"] * len(later),
                }
            )
    write(options.out, nodes, edges)
    return 0


def read(path: Path) -> dict[str, list[str]]:
    """The columns, as they stand in the file."""
    with zipfile.ZipFile(path) as archive, archive.open(archive.namelist()[0]) as file:
        rows = list(csv.DictReader(io.TextIOWrapper(file, "utf-8")))
    return {name: [row[name] for row in rows] for name in rows[0]}


def by_lot(label: npt.NDArray[np.int64], test_share: float) -> list[str | None]:
    """As the published loaders split; a tenth of train validates."""
    train, test = train_test_split(
        np.arange(len(label)), stratify=label, test_size=test_share, random_state=2, shuffle=True
    )
    train, val = train_test_split(train, stratify=label[train], test_size=0.1, random_state=2, shuffle=True)
    split = np.empty(len(label), dtype=object)
    split[train], split[val], split[test] = "train", "val", "test"
    return list(split)


def by_time(label: npt.NDArray[np.int64]) -> list[str | None]:
    """The first 60 % train, the next 10 % validate, the last 30 % test."""
    place = np.arange(len(label)) / len(label)
    return list(np.select([place < 0.6, place < 0.7], ["train", "val"], "test"))


def past_features(rows: dict[str, list[str]], at: Floats) -> dict[str, Floats]:
    """Amount, and by entity and pairs of them what earlier rows were like. No labels."""
    amount = np.array(rows["Amount"], dtype=np.float64)
    logs = np.log1p(amount)
    out = {"x_amount": amount, "x_cents": np.round(amount * 100) % 100}
    keys: dict[str, list[tuple[object, ...]]] = {}
    for names in (
        ("Source",), ("Target",), ("Location",), ("Type",), ("Source", "Target"), ("Source", "Type"),
        ("Target", "Location"), ("Target", "Type"), ("Source", "Amount"), ("Target", "Amount"), ("Amount",),
    ):  # fmt: skip
        keys["_".join(names).lower()] = list(zip(*(rows[name] for name in names)))
    for key, values in keys.items():
        codes = {value: code for code, value in enumerate(dict.fromkeys(values))}
        past = Past([codes[value] for value in values])
        out[f"x_{key}_count"] = past.count
        out[f"x_{key}_gap"] = at - past.before(at)
        if "amount" not in key:
            out[f"x_{key}_amount"] = logs - past.mean(logs)
            out[f"x_{key}_amount_10"] = logs - past.mean(logs, 10)
            out[f"x_{key}_before"] = logs - past.before(logs)
    return out


if __name__ == "__main__":
    sys.exit(main())
