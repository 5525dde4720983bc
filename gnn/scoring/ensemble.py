"""An ensemble of boosted trees as it is kept: LightGBM's model files, which are read here without
LightGBM.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import lightgbm

Floats = npt.NDArray[np.float64]

REFERENCE = "reference"  # the ensemble on the bare counts

_CATEGORICAL, _DEFAULT_LEFT = 1, 2  # bits of a decision's type; the two above them say what is missing
_MISSING = ("None", "Zero", "NaN")
_MOST = 1e300  # what LightGBM says instead of an infinite threshold


@dataclass(frozen=True)
class Trees:
    """An ensemble over columns `names`; `texts` are LightGBM's own model files."""

    names: tuple[str, ...]
    texts: tuple[str, ...]

    @cached_property
    def boosters(self) -> tuple[lightgbm.Booster, ...]:
        """The members, made ready by LightGBM: for training, which asks many rows at once."""
        import lightgbm  # here, because it brings scikit-learn with it, and serving needs neither

        return tuple(lightgbm.Booster(model_str=text) for text in self.texts)

    def logits(self, x: Floats) -> Floats:
        """(N, members): each member's log-odds."""
        return np.stack(
            [booster.predict(x, raw_score=True, num_threads=1) for booster in self.boosters], axis=1
        )


def columns_in(text: str) -> int:
    """How many columns a model file is over. Raises ValueError or LookupError where it is none."""
    return int(_fields(text.partition("\n\n")[0])["max_feature_idx"]) + 1


def trees_in(text: str) -> Iterator[dict[str, Any]]:
    """The trees of a model file, each a node as `lightgbm.Booster.dump_model` has it. Raises ValueError or
    LookupError where it is none.
    """
    head, revision, values = text.partition("\nTree=")
    body, end, _ = values.partition("\nend of trees")
    if not head.startswith("tree\n") or (revision and not end):
        raise ValueError("this is no model file of LightGBM, or it ends too early")
    for one in body.split("\nTree=") if revision else ():
        yield _tree(_fields(one))


def _tree(predictions: Mapping[str, str]) -> dict[str, Any]:
    leaves = list(map(float, predictions["leaf_value"].split()))
    if (
        len(leaves) != int(predictions["num_leaves"])
        or int(predictions.get("num_cat", 0))
        or int(predictions.get("is_linear", 0))
    ):
        raise ValueError(
            "only trees whose conditions are `column <= number` and whose leaves are numbers can be read"
        )
    if len(leaves) == 1:
        return {"leaf_value": leaves[0]}
    columns, decisions, lefts, rights, counts, ends = (
        list(map(int, predictions[name].split()))
        for name in (
            "split_feature",
            "decision_type",
            "left_child",
            "right_child",
            "internal_count",
            "leaf_count",
        )
    )
    thresholds = [min(max(float(number), -_MOST), _MOST) for number in predictions["threshold"].split()]
    nodes: list[dict[str, Any]] = [
        {"leaf_value": value, "leaf_count": count} for value, count in zip(leaves, ends, strict=True)
    ]
    inner: list[dict[str, Any]] = [
        {
            "split_feature": column, "threshold": threshold,
            "decision_type": "==" if decision & _CATEGORICAL else "<=",
            "missing_type": _MISSING[decision >> 2], "default_left": bool(decision & _DEFAULT_LEFT),
            "internal_count": count,
        }
        for column, threshold, decision, count in zip(columns, thresholds, decisions, counts, strict=True)
    ]  # fmt: skip
    for node, left, right in zip(inner, lefts, rights, strict=True):
        node["left_child"], node["right_child"] = (
            inner[child] if child >= 0 else nodes[~child] for child in (left, right)
        )
    return inner[0]


def _fields(lines: str) -> dict[str, str]:
    return {
        name: value
        for name, revision, value in (line.partition("=") for line in lines.splitlines())
        if revision
    }
