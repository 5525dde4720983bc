"""The first cut on the cluster: whole parts in buckets, cut by the function of one machine."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from pyspark.sql import functions as f

from graph.rings.links.communities import communities
from graph.rings.links.parts import COARSE

_GROUPS = "who int, coarse int"


def first_cut(inside: Any, buckets: int) -> Any:
    """`who` and `coarse`, the smallest applicant of the group. `inside` are the links of parts; a bucket
    holds whole parts, which do not influence each other.
    """
    ends = inside.select("a", "b", "weight", f.pmod(f.col("part"), f.lit(buckets)).alias("bucket"))
    return ends.groupBy("bucket").applyInPandas(_cut, _GROUPS)


def _cut(links: pd.DataFrame) -> pd.DataFrame:
    # in order of a and b, as the links of one machine are
    links = links.sort_values(["a", "b"])
    a, b = links["a"].to_numpy(), links["b"].to_numpy()
    who, place = np.unique(np.r_[a, b], return_inverse=True)
    ends = place[: len(a)], place[len(a) :]
    group = communities(np.ones(len(who)), ends, links["weight"].to_numpy(), COARSE)
    _, first = np.unique(group, return_index=True)
    return pd.DataFrame({"who": who, "coarse": who[first][group]})
