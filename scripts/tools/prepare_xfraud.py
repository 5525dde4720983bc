"""Brings xFraud's annotated communities into the form of `benchmark_model.py`: the transaction that people
looked at in each is tested.
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from scripts.tools.benchmark_graphs import write

DATA = Path("../shared/data/xfraud_communities")
_VAL = 0.15


def main(argv: Sequence[str] | None = None) -> int:
    """Exit status 0."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--out", type=Path, required=True, help="folder of the graph")
    options = parser.parse_args(argv)
    prepare(options.data, options.out)
    return 0


def prepare(data: Path, folder: Path) -> None:
    """Nodes have a type and no features; labels are those of the transactions."""
    rows, chance = read(data / "annotation_publish.csv"), np.random.default_rng(7)
    labels = [int(row["label"]) if row["node_type_mask"] == "link" and row["label"] else None for row in rows]
    tested = [float(row["is_target"]) == 1 for row in rows]
    split = [
        None if label is None else "test" if target else "val" if chance.random() < _VAL else "train"
        for label, target in zip(labels, tested)
    ]
    links = read(data / "masked_df_e.csv")
    write(
        folder,
        {
            "node_id": [name(row["community_id"], row["node_id"]) for row in rows],
            "node_type": [row["node_type_mask"] for row in rows],
            "label": labels,
            "split": split,
        },
        [
            {
                "src": [name(row["community_id"], row["source"]) for row in links],
                "dst": [name(row["community_id"], row["target"]) for row in links],
                "relation": ["linked"] * len(links),
            }
        ],
    )


def read(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV file."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def name(community: str, node: str) -> str:
    """A node's id in the graph."""
    return f"{int(float(community))}.{int(float(node))}"


if __name__ == "__main__":
    sys.exit(main())
