"""Why trees say what they say: exact SHAP values of an ensemble of shallow trees, looked up from tables that are made once.

SHAP values of trees: Lundberg et al. 2020 (Nature Machine Intelligence 2), path-dependent, as LightGBM's `pred_contrib` gives them. Tables by
which of a leaf's conditions hold: Yang 2021 (arXiv:2109.09847). A leaf under at most five columns has at most 32 such rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import factorial, isfinite
from typing import Any

import lightgbm
import numpy as np
import numpy.typing as npt

from graph.compiled import compiled

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

MOST_COLUMNS = 12  # under one leaf: its table has 2 to that power rows
_MISSING = {"None": 0, "Zero": 1, "NaN": 2}
_NOTHING = 1e-35  # LightGBM's kZeroThreshold


@dataclass(frozen=True, slots=True)
class Explainer:
    """An ensemble's members made ready: one pass gives each member's log-odds and what every column added to their mean."""

    columns: int
    members: int
    conditions: tuple[Ints, Floats, Ints]
    leaves: tuple[Ints, Floats]
    paths: Ints
    under: Ints
    table: Floats

    @classmethod
    def of(cls, boosters: Sequence[lightgbm.Booster]) -> Explainer:
        """The explainer of LightGBM models over the same columns. Raises ValueError for what is no shallow tree of numbers."""
        plan = _Plan()
        for member, booster in enumerate(boosters):
            for tree in booster.dump_model()["tree_info"]:
                plan.tree(member, tree["tree_structure"])
        starts = np.array(plan.starts, dtype=np.int64).reshape(-1, 5)
        table = np.zeros(int(starts[-1, 4] + _rows(starts[-1, 3])) if len(starts) else 0)
        shares = np.array(plan.shares, dtype=np.float64)
        _fill(starts, np.array(plan.values), shares, (_weights(), table))
        table /= max(len(boosters), 1)
        return cls(
            columns=boosters[0].num_feature(),
            members=len(boosters),
            conditions=(np.array(plan.column, dtype=np.int64), np.array(plan.threshold), np.array(plan.missing, dtype=np.int64)),
            leaves=(starts, np.array(plan.values)),
            paths=np.array(plan.paths, dtype=np.int64).reshape(-1, 3),
            under=np.array(plan.under, dtype=np.int64),
            table=table,
        )

    def __call__(self, x: Floats) -> tuple[Floats, Floats]:
        """A row (columns,) with NaN for *not known* to each member's log-odds (members,) and the contributions (columns,) to their mean."""
        logits, moved = np.zeros(self.members), np.zeros(self.columns)
        _explain(x, self.conditions, self.leaves, (self.paths, self.under, self.table), (logits, moved))
        return logits, moved


@dataclass(slots=True)
class _Plan:
    """The trees as flat lists. A leaf's `starts`: member, first path step, steps, columns under it, first cell of its table."""

    column: list[int] = field(default_factory=list)
    threshold: list[float] = field(default_factory=list)
    missing: list[int] = field(default_factory=list)
    starts: list[tuple[int, int, int, int, int]] = field(default_factory=list)
    values: list[float] = field(default_factory=list)
    paths: list[tuple[int, int, int]] = field(default_factory=list)  # condition, whether it must hold, which column under the leaf
    under: list[int] = field(default_factory=list)
    shares: list[float] = field(default_factory=list)  # of the rows learned from that go on to the leaf, by column under it
    cells: int = 0

    def tree(self, member: int, node: dict[str, Any], path: tuple[tuple[int, int, float], ...] = ()) -> None:
        """Add the tree under `node`, reached by `path`: (condition, whether it holds, share of the rows) from the root."""
        if "split_feature" not in node:
            self._leaf(member, float(node["leaf_value"]), path)
            return
        if node["decision_type"] != "<=" or not isfinite(node["threshold"]):
            raise ValueError("only trees whose conditions are `column <= number` can be explained")
        self.column.append(node["split_feature"])
        self.threshold.append(node["threshold"])
        self.missing.append(2 * _MISSING[node["missing_type"]] + bool(node["default_left"]))
        here, total = len(self.column) - 1, _count(node)
        for holds, child in ((1, node["left_child"]), (0, node["right_child"])):
            self.tree(member, child, (*path, (here, holds, _count(child) / total)))

    def _leaf(self, member: int, value: float, path: tuple[tuple[int, int, float], ...]) -> None:
        places: dict[int, int] = {}
        shares: list[float] = []
        first = len(self.paths)
        for condition, holds, share in path:
            place = places.setdefault(self.column[condition], len(places))
            if place == len(shares):
                shares.append(1.0)
            shares[place] *= share
            self.paths.append((condition, holds, place))
        if len(places) > MOST_COLUMNS:
            raise ValueError(f"a leaf under {len(places)} columns: at most {MOST_COLUMNS} can be explained by table")
        self.starts.append((member, first, len(path), len(places), self.cells))
        self.values.append(value)
        self.under.extend([*places, *[-1] * (MOST_COLUMNS - len(places))])
        self.shares.extend([*shares, *[0.0] * (MOST_COLUMNS - len(shares))])
        self.cells += _rows(len(places))


def _count(node: dict[str, Any]) -> int:
    return int(node["internal_count"] if "internal_count" in node else node["leaf_count"])


def _rows(columns: int) -> int:
    return int(columns) << int(columns)


def _weights() -> Floats:
    """[m, s]: Shapley's weight of a set of s other columns among m."""
    weights = np.zeros((MOST_COLUMNS + 1, MOST_COLUMNS))
    for m in range(1, MOST_COLUMNS + 1):
        for s in range(m):
            weights[m, s] = factorial(s) * factorial(m - s - 1) / factorial(m)
    return weights


@compiled
def _fill(starts: Ints, values: Floats, shares: Floats, into: tuple[Floats, Floats]) -> None:
    """The contributions of each leaf to its columns, for every combination of the columns whose conditions hold."""
    weights, table = into
    for leaf in range(len(starts)):
        m, cell = starts[leaf, 3], starts[leaf, 4]
        share = shares[leaf * MOST_COLUMNS : leaf * MOST_COLUMNS + m]
        for holding in range(1 << m):
            for j in range(m):
                total = 0.0
                for others in range(1 << m):
                    # Only columns that hold can be in the set; those out of it count by their share.
                    if others & (1 << j) or others & ~holding:
                        continue
                    product, size = 1.0, 0
                    for k in range(m):
                        if others & (1 << k):
                            size += 1
                        elif k != j:
                            product *= share[k]
                    total += weights[m, size] * product
                table[cell + holding * m + j] = values[leaf] * total * ((1.0 if holding & (1 << j) else 0.0) - share[j])


@compiled
def _explain(x: Floats, conditions: tuple[Ints, Floats, Ints], leaves: tuple[Ints, Floats], tables: tuple[Ints, Ints, Floats],
             into: tuple[Floats, Floats]) -> None:  # fmt: skip
    column, threshold, missing = conditions
    starts, values = leaves
    paths, under, table = tables
    logits, moved = into
    holds = np.zeros(len(column), dtype=np.int64)
    for c in range(len(column)):
        value, kind = x[column[c]], missing[c] >> 1
        unknown = np.isnan(value)
        if unknown and kind != 2:
            value = 0.0
        if (kind == 2 and unknown) or (kind == 1 and abs(value) <= _NOTHING):
            holds[c] = missing[c] & 1
        else:
            holds[c] = value <= threshold[c]
    for leaf in range(len(starts)):
        m, cell = starts[leaf, 3], starts[leaf, 4]
        broken = 0
        for step in range(starts[leaf, 1], starts[leaf, 1] + starts[leaf, 2]):
            broken |= (holds[paths[step, 0]] ^ paths[step, 1]) << paths[step, 2]
        if broken == 0:
            logits[starts[leaf, 0]] += values[leaf]
        row = cell + (((1 << m) - 1) & ~broken) * m
        for j in range(m):
            moved[under[leaf * MOST_COLUMNS + j]] += table[row + j]
