"""Ringfence in a notebook: scores, rings, members and changes as pandas DataFrames, neighbourhoods as
networkx graphs.

from service.analysis import open_graph

with open_graph("sqlite:///ringfence.db", as_of="2026-01-01", model="models/first") as graph:
    graph.rings().query("flagged")
    graph.scores("2025-12-01", "2026-01-01")
    graph.subgraph("ring:R-22c82cae02")
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Self

import networkx as nx
import pyarrow as pa

from graph.model.errors import SettingError
from graph.model.types import RingKind
from investigations.review.ring_files import table_of
from service.assessment.batches.batch import Scoring, scored
from service.assessment.batches.processes import InProcesses
from service.assessment.batches.work import Period, columns_with
from service.desk.subgraphs import draw
from service.opening import as_of_given, moment_given, open_existing
from service.settings import Settings

if TYPE_CHECKING:
    import pandas as pd

Moment = datetime | str
FLAGGED = frozenset(kind.value for kind in RingKind if kind.flagged)


def open_graph(store: str = "", *, as_of: Moment, model: str = "") -> Graph:
    """The graph of a store as of a moment: nothing that happened or became known at it or later is seen.

    `store` and `model` are as for `ringfence score`; what is left out comes from the settings
    (RINGFENCE_STORE, RINGFENCE_MODEL).
    `as_of` is ISO-8601 or a datetime; without an offset it is in the time zone of the settings.
    Raises SettingError for a store that is not there, or for a moment that has not come.
    """
    settings = Settings.from_environment()
    return Graph(
        dataclasses.replace(settings, store=store or settings.store, model=model or settings.model), as_of
    )


class Graph:
    """A store as of a moment. Close it, or use it in a `with`. Everything is read only when it is asked
    for.
    """

    def __init__(self, settings: Settings, as_of: Moment) -> None:
        self.settings = settings
        self.as_of = as_of_given(settings, str(as_of))
        self._store = open_existing(settings.store, settings.timezone)
        self._view = self._store.view(self.as_of)

    def rings(self) -> pd.DataFrame:
        """The rings of the snapshot in force, worst first, in the columns of rings.parquet (docs/outputs.md),
        and `flagged`.

        Raises SettingError where no weekly review has been run before the moment. The back-test's columns are
        in the files of the review alone.
        """
        frame = _frame(self._table("rings")).dropna(axis="columns", how="all")
        return frame.assign(flagged=frame["kind"].isin(FLAGGED))

    def members(self, ring_id: str | None = None) -> pd.DataFrame:
        """The members of all rings, or of one: the columns of members.parquet."""
        frame = _frame(self._table("members"))
        return frame if ring_id is None else frame[frame["ring_id"] == ring_id].reset_index(drop=True)

    def changes(self) -> pd.DataFrame:
        """What became of each ring since the snapshot before: the columns of changes.parquet."""
        return _frame(self._table("changes"))

    def scores(
        self,
        since: Moment,
        until: Moment | None = None,
        *,
        processes: int = 1,
        variables: Sequence[str] = (),
    ) -> pd.DataFrame:
        """The applications with since <= applied_at < until (the graph's moment at most), each assessed as of
        its own moment, as /risk would have: the columns of `ringfence score`, and one for each of these
        multi-lending variables (docs/variables.md).
        """
        end = moment_given(self.settings, str(until)) if until is not None else self.as_of
        if end > self.as_of:
            raise SettingError(
                f"until lies after the graph's moment {self.as_of.isoformat()}: open it as of a later one"
            )
        period = Period(since=moment_given(self.settings, str(since)), until=end)
        columns = columns_with(variables)
        chunks = scored(self.settings, period, Scoring(InProcesses(processes), variables))
        return _frame(pa.Table.from_pylist([row for chunk in chunks for row in chunk], columns))

    def subgraph(self, node: str) -> nx.Graph[str]:
        """What surrounds a node, as the desk draws it: `applicant:ID`, `application:ID`, `ring:ID`,
        `merchant:ID`, `agent:ID` or an identifier's.

        Nodes have type, label (masked), bad, hub, holders and their ring; edges role, since and last.
        `graph["left_out"]` counts what is not in it, `graph["seed"]` names where it began. Raises
        NotFoundError where nothing is known of the node, InputError for what is no node's name.
        """
        drawn = draw(self._view, node)
        out: nx.Graph[str] = nx.Graph(
            seed=drawn.seed, as_of=drawn.as_of, truncated=drawn.truncated, left_out=len(drawn.left_out)
        )
        for one in drawn.nodes:
            out.add_node(
                one.id, **{name: value for name, value in dataclasses.asdict(one).items() if name != "id"}
            )
        for edge in drawn.edges:
            out.add_edge(edge.a, edge.b, role=edge.role, since=edge.since, last=edge.last)
        return out

    def _table(self, name: str) -> pa.Table:
        snapshot = self._view.rings_in_turn()
        if snapshot is None:
            raise SettingError(
                f"no rings before {self.as_of.isoformat()}: run `ringfence rings --as-of ...` for a moment "
                "before it first"
            )
        return table_of(snapshot, name)

    def close(self) -> None:
        """Close the store."""
        self._store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _frame(table: pa.Table) -> pd.DataFrame:
    """Raises SettingError where pandas is not installed."""
    try:
        frame: pd.DataFrame = table.to_pandas()
    except ImportError as missing:
        raise SettingError("DataFrames need pandas: pip install 'ringfence[analysis]'") from missing
    return frame
