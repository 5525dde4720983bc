"""Where the files lie that tasks wrote one after the other (`graph.rings.spark.buckets.name_of`)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from graph.rings.spark.buckets import address_of
from graph.rings.spark.marks import files_in


def chunks(folder: str, part: str) -> Mapping[int, Sequence[str]]:
    """The addresses of the files of a part of a stage (`STAGE/PART`), by the number of the task, in the order
    in which it wrote them. None where nothing is there.
    """
    address = address_of(folder, part)
    found = defaultdict[int, list[str]](list)
    for name in files_in(address):
        found[int(name.partition("_")[0])].append(f"{address}/{name}")
    return found
