"""Every file of a delivery read through before anything begins, as a load does it, on the cluster: the driver
gets what a header says, and how many rows there are.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial

import numpy as np
import pandas as pd

from graph.model.errors import DeliveryError, RingfenceError
from graph.rings.spark.buckets import whole, write_bucket
from graph.rings.spark.stages import Stages
from ingestion.loading.delivery import Delivery, checked
from ingestion.loading.found import FileOfSource, FoundDelivery, shown_little
from ingestion.sources.files import Part, read_through
from ingestion.sources.limits import DeliveryLimits
from ingestion.sources.rows import Inspection, RowRange
from ingestion.spark.parsing import texts

INSPECTED = "inspected"
_KINDS = {"number": "i8", "said": "O"}
_COLUMNS = "number long, said string, wrong string"


def inspected_on(stages: Stages, found: FoundDelivery) -> Delivery:
    """The delivery that was found, each of its files read through by a task: stage `inspected`.

    Raises DeliveryError as `open_delivery`, of the first file that cannot be used; then there is no stage.
    """
    with shown_little(str(found.folder)):
        stages.made(INSPECTED, lambda place: _write(stages, found, place))
        rows = whole(stages.folder, INSPECTED, _KINDS)
        if rows["number"].tolist() != list(range(len(found.files))):
            raise RingfenceError(f"stage {INSPECTED} is not of this delivery: delete {stages.folder}")
        limits = found.limits
        return checked(found, (_part(*one, limits) for one in zip(found.files, rows["said"], strict=True)))


def _write(stages: Stages, found: FoundDelivery, place: str) -> None:
    files = len(found.files)
    tasks = max(1, min(files, int(stages.session.conf.get("spark.sql.shuffle.partitions"))))
    numbers = stages.session.range(0, files, 1, tasks)
    run = partial(_inspections, files=found.files, limits=found.limits)
    said = sorted(numbers.mapInPandas(run, _COLUMNS).collect(), key=lambda row: row["number"])
    if wrong := next((row["wrong"] for row in said if row["wrong"]), ""):
        raise DeliveryError(wrong)
    numbered = np.array([row["number"] for row in said], "i8")
    write_bucket(place, 0, {"number": numbered, "said": texts(row["said"] for row in said)})


def _inspections(
    batches: Iterator[pd.DataFrame], *, files: tuple[FileOfSource, ...], limits: DeliveryLimits
) -> Iterator[pd.DataFrame]:
    """Of each file whose number (`id`) a task gets what was inspected, or what is wrong with it."""
    for batch in batches:
        for number in batch["id"].tolist():
            said, wrong = _read_through(files[number], limits)
            yield pd.DataFrame({"number": [number], "said": [said], "wrong": [wrong]})


def _read_through(one: FileOfSource, limits: DeliveryLimits) -> tuple[str, str]:
    try:
        one.file.check_seen()
        read = read_through(one.file, limits, one.form)
    except RingfenceError as error:
        return "", str(error).encode(errors="replace").decode()
    found = read.inspection
    return json.dumps([read.state, found.columns, found.rows, found.utf8, found.int96, found.ranges]), ""


def _part(one: FileOfSource, said: str, limits: DeliveryLimits) -> Part:
    state, columns, rows, utf8, int96, ranges = json.loads(said)
    read = tuple(RowRange(*some) for some in ranges)
    inspection = Inspection(tuple(columns), rows, utf8, tuple(int96), one.form, read)
    return Part(one.file, tuple(state), inspection, limits)
