"""Exact SHAP values of an ensemble of shallow trees, by tables that are built once.

SHAP values of trees: Lundberg et al. 2020 (Nature Machine Intelligence 2), path-dependent, as LightGBM's
`pred_contrib` gives them. Tables by which of a leaf's conditions hold: Yang 2021 (arXiv:2109.09847). A leaf
under at most five columns has at most 32 such rows. A tree's nodes are numbered from the root on, left before
right, so that one pass over the conditions tells every node which of the columns above it are broken.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import factorial, isfinite
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from gnn.scoring.ensemble import columns_in, trees_in
from graph.facts.tables import Column
from graph.kernels.compiled import compiled, tiny

Floats = npt.NDArray[np.float64]

MOST_COLUMNS = 12  # under one leaf: its table has 2 to that power rows
_NONE, _ZERO, _NAN = range(3)  # which value is *missing*, and goes the way that the tree says
_MISSING = {"None": _NONE, "Zero": _ZERO, "NaN": _NAN}
_NOTHING = 1e-35  # LightGBM's kZeroThreshold

# A condition is `column <= threshold`; it leads to the next node where it holds and to `no` where not.
# `place`: which of the columns above a leaf its column is, in the order in which they are met from the root,
# and so the same for all leaves below.
_CONDITION = np.dtype(
    [("threshold", "f8"), ("column", "i2"), ("node", "i4"), ("no", "i4"), ("missing", "i1"), ("place", "i1")],
    align=True,
)
_LEAF = np.dtype(
    [("value", "f8"), ("node", "i4"), ("row", "i4"), ("member", "i2"), ("columns", "i2")], align=True
)


class _Trees(NamedTuple):
    """An ensemble in order, tree by tree: conditions, leaves, for each leaf its columns, and its table of
    contributions.

    `under` (leaves, width): the columns above each leaf, padded with one column that does not exist. A leaf
    under m columns has 2 to the power m rows of `table`, the first at `row`: one for each set of columns
    whose conditions hold, padded with 0. All rows have one width, because a loop of fixed length is predicted
    and many rows are fetched at once; it is a power of two, so that most rows lie in one cache line.

    `roots`: the first node of each tree. `at` (nodes,): the row of a node's condition, or -1 - the row of its
    leaf.
    """

    conditions: Column
    leaves: Column
    under: Column
    table: Floats
    roots: Column
    at: Column


@dataclass(frozen=True, slots=True)
class Explainer:
    """An ensemble's members made ready: one pass gives each member's log-odds and what every column added to
    their mean.
    """

    columns: int
    members: int
    trees: _Trees

    @classmethod
    def of(cls, texts: Sequence[str]) -> Explainer:
        """The explainer of LightGBM's model files over the same columns. Raises ValueError or LookupError for
        what is no shallow tree of numbers.
        """
        plan = _Plan()
        for member, text in enumerate(texts):
            for tree in trees_in(text):
                plan.roots.append(plan.nodes)
                plan.tree(member, tree)
        columns = columns_in(texts[0])
        leaves, table = (
            np.array(plan.leaves, dtype=_LEAF),
            np.zeros((plan.rows, 1 << max(plan.width - 1, 0).bit_length())),
        )
        _fill(leaves, np.array(plan.shares, dtype=np.float64), _weights(), table)
        table /= max(len(texts), 1)
        trees = _Trees(
            np.array(plan.conditions, dtype=_CONDITION),
            leaves,
            plan.padded(columns),
            table,
            np.array(plan.roots, np.int32),
            plan.places(),
        )
        return cls(columns=columns, members=len(texts), trees=trees)

    def __call__(self, x: Floats) -> tuple[Floats, Floats]:
        """A row (columns,) with NaN for *not known* to each member's log-odds (members,) and the
        contributions (columns,) to their mean.

        Raises ValueError for a row of another length.
        """
        logits, moved = self._room(x), np.zeros(self.columns + 1)
        _explain(x, self.trees, logits, moved)
        return logits, moved[:-1]

    def logits(self, x: Floats) -> Floats:
        """Each member's log-odds (members,) alone, the same to the bit. Raises ValueError as a call does."""
        logits = self._room(x)
        _add_up(x, self.trees, logits)
        return logits

    def _room(self, x: Floats) -> Floats:
        if len(x) != self.columns:
            raise ValueError(f"a row of {len(x)} columns for trees over {self.columns}")
        return np.zeros(self.members)


@dataclass(slots=True)
class _Plan:
    """The rows of `_Trees`, as they are collected; `shares` of the rows learned from that go on to a leaf, by
    column under it.
    """

    conditions: list[tuple[float, int, int, int, int, int]] = field(default_factory=list)
    leaves: list[tuple[float, int, int, int, int]] = field(default_factory=list)
    under: list[tuple[int, ...]] = field(default_factory=list)
    shares: list[float] = field(default_factory=list)
    roots: list[int] = field(default_factory=list)
    nodes: int = 0
    rows: int = 0

    def places(self) -> Column:
        """(nodes,) int32: where the condition or the leaf of each node stands, as `_Trees.at`."""
        out = np.empty(self.nodes, np.int32)
        for row, condition in enumerate(self.conditions):
            out[condition[2]] = row
        for row, leaf in enumerate(self.leaves):
            out[leaf[1]] = -1 - row
        return out

    @property
    def width(self) -> int:
        """The most columns above one leaf."""
        return max(map(len, self.under), default=0)

    def padded(self, beyond: int) -> Column:
        """(leaves, width) int16: the columns above each leaf, and `beyond` them that one. All leaves are read
        for every answer, so that small ones are quicker.
        """
        out = np.full((len(self.under), self.width), beyond, np.int16)
        for row, columns in zip(out, self.under, strict=True):
            row[: len(columns)] = columns
        return out

    def tree(self, member: int, node: dict[str, Any], path: tuple[tuple[int, float], ...] = ()) -> None:
        """Add the tree under `node`, reached by `path`: (column, share of the rows that went this way) from
        the root.
        """
        here = self.nodes
        self.nodes += 1
        if "split_feature" not in node:
            self._leaf(member, (here, float(node["leaf_value"])), path)
            return
        if node["decision_type"] != "<=" or not isfinite(node["threshold"]):
            raise ValueError("only trees whose conditions are `column <= number` can be explained")
        column, missing = (
            node["split_feature"],
            2 * _MISSING[node["missing_type"]] + bool(node["default_left"]),
        )
        above = list(dict.fromkeys(column for column, _ in path))
        place = above.index(column) if column in above else len(above)
        if place >= MOST_COLUMNS:
            raise ValueError(
                f"a leaf under {place + 1} columns: at most {MOST_COLUMNS} can be explained by table"
            )
        row, total = len(self.conditions), _count(node)
        self.conditions.append((node["threshold"], column, here, 0, missing, place))
        left, right = node["left_child"], node["right_child"]
        self.tree(member, left, (*path, (column, _count(left) / total)))
        self.conditions[row] = (node["threshold"], column, here, self.nodes, missing, place)
        self.tree(member, right, (*path, (column, _count(right) / total)))

    def _leaf(self, member: int, leaf: tuple[int, float], path: tuple[tuple[int, float], ...]) -> None:
        node, value = leaf
        shares: dict[int, float] = {}
        for column, share in path:
            shares[column] = shares.get(column, 1.0) * share
        self.leaves.append((value, node, self.rows, member, len(shares)))
        self.under.append(tuple(shares))
        self.shares += shares.values()
        self.rows += 1 << len(shares)


def _count(node: dict[str, Any]) -> int:
    return int(node["internal_count"] if "internal_count" in node else node["leaf_count"])


def _weights() -> Floats:
    """[m, s]: Shapley's weight of a set of s other columns among m."""
    weights = np.zeros((MOST_COLUMNS + 1, MOST_COLUMNS))
    for m in range(1, MOST_COLUMNS + 1):
        for s in range(m):
            weights[m, s] = factorial(s) * factorial(m - s - 1) / factorial(m)
    return weights


@compiled
def _fill(leaves: Column, shares: Floats, weights: Floats, table: Floats) -> None:
    """The contributions of each leaf to its columns, for every combination of the columns whose conditions
    hold.
    """
    first = 0
    for leaf in range(len(leaves)):
        m, row = int(leaves[leaf].columns), leaves[leaf].row
        share = shares[first : first + m]
        first += m
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
                table[row + holding, j] = (
                    leaves[leaf].value * total * ((1.0 if holding & (1 << j) else 0.0) - share[j])
                )


@tiny
def _holds(condition: Any, x: Any) -> Any:
    """1 where a condition (a row of `_CONDITION`) holds for the columns `x`, else 0.

    Sums of bits and no branches: which way it falls cannot be foreseen, and a branch would cost more than the
    rest.
    """
    missing = int(condition.missing)
    kind, value = missing >> 1, x[condition.column]
    unknown = int(np.isnan(value))
    value = 0.0 if unknown & (kind != _NAN) else value
    left_out = ((kind == _NAN) & unknown) | ((kind == _ZERO) & (abs(value) <= _NOTHING))
    return (missing & 1) & left_out | int(value <= condition.threshold) & (1 - left_out)


@compiled
def _add_up(x: Floats, trees: _Trees, logits: Floats) -> None:
    """Add up each member's log-odds, from the root of each tree to the one leaf that `x` comes to."""
    for tree in range(len(trees.roots)):
        row = trees.at[trees.roots[tree]]
        while row >= 0:
            condition = trees.conditions[row]
            row = trees.at[condition.node + 1 if _holds(condition, x) else condition.no]
        leaf = trees.leaves[-1 - row]
        logits[leaf.member] += leaf.value


@compiled
def _explain(x: Floats, trees: _Trees, logits: Floats, moved: Floats) -> None:
    """Add up each member's log-odds and each column's contributions, leaf after leaf."""
    conditions, leaves, under, table = trees.conditions, trees.leaves, trees.under, trees.table
    # by node: the columns above it of which a condition does not hold, as bits
    broken = np.zeros(len(conditions) + len(leaves), np.int16)
    for c in range(len(conditions)):
        condition = conditions[c]
        place, holds = int(condition.place), _holds(condition, x)
        above = int(broken[condition.node])
        broken[condition.node + 1] = above | (1 - holds) << place
        broken[condition.no] = above | holds << place
    # First where to look, for all leaves, then the looking: so that memory is asked for many rows at once.
    rows = np.empty(len(leaves), np.int32)
    for i in range(len(leaves)):
        leaf = leaves[i]
        away, m = broken[leaf.node], int(leaf.columns)
        if away == 0:
            logits[leaf.member] += leaf.value
        rows[i] = leaf.row + (((1 << m) - 1) & ~away)
    for i in range(len(leaves)):
        row = rows[i]
        for j in range(under.shape[1]):
            moved[under[i, j]] += table[row, j]
