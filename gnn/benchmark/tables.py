"""Reads and checks a graph to be measured on: `nodes.parquet` and `edges.parquet` of a folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from graph.model.errors import InputError

Floats = npt.NDArray[np.float64]
Index = npt.NDArray[np.int64]
Small = npt.NDArray[np.int8]

SPLITS = ("train", "val", "test")
TRAIN, VAL, TEST = range(3)
NONE = -1  # no label, or no part of any split
ALWAYS, NEVER = -np.inf, np.inf
_SHARES = (0.6, 0.7)  # of the labelled nodes in order of time: until where train goes, and until where val


@dataclass(frozen=True)
class GraphTables:
    """N nodes and E links. Times are microseconds, or the numbers that were given.

    node_id (N,); kind (N,) code of `kinds`; label (N,) 1, 0 or NONE; split (N,) code of SPLITS or NONE;
    at (N,): what is later is not seen, ALWAYS where a node has no time; known_at (N,): when its label became
    known, all NEVER without that column; x (N, features) NaN where nothing is given.
    ends (E, 2) rows of nodes; relation (E,) code of `relations`; link_at (E,).
    `dated`: nodes are read as of their own time. `delayed`: the labels have times of their own.
    """

    node_id: npt.NDArray[np.object_]
    kind: Index
    kinds: tuple[str, ...]
    label: Small
    split: Small
    at: Floats
    known_at: Floats
    x: Floats
    x_names: tuple[str, ...]
    ends: Index
    relation: Index
    relations: tuple[str, ...]
    link_at: Floats
    dated: bool
    delayed: bool

    @property
    def subjects(self) -> Index:
        """The rows of labelled nodes in a split."""
        return np.flatnonzero((self.label != NONE) & (self.split != NONE))


def read_graph(folder: Path) -> GraphTables:
    """The graph in that folder. Raises InputError for a file or column that is missing, values of another
    kind, an id twice or unknown, a split without both labels, and times that run backwards.
    """
    nodes, edges = _read(folder / "nodes.parquet"), _read(folder / "edges.parquet")
    _need(nodes, "nodes.parquet", "node_id", "node_type", "label")
    _need(edges, "edges.parquet", "src", "dst", "relation")
    if not {"split", "at"} & set(nodes.column_names):
        raise InputError(
            "nodes.parquet has neither `split` (train, val, test) nor `at`, a time: one is needed"
        )
    if not len(nodes):
        raise InputError("nodes.parquet has no rows")
    dated = "at" in nodes.column_names
    at = _times(nodes, "at", ALWAYS) if dated else np.full(len(nodes), ALWAYS)
    label = _labels(nodes)
    split = _splits(nodes) if "split" in nodes.column_names else _by_time(at, label)
    _check_splits(split, label, at)
    delayed = dated and "known_at" in nodes.column_names
    known_at = _times(nodes, "known_at", NEVER) if delayed else np.full(len(nodes), NEVER)
    if (known_at < at).any():
        raise InputError(f"times run backwards: {_first(nodes, known_at < at)} has its label before its `at`")
    ends = _ends(nodes, edges)
    usual = np.maximum(at[ends[:, 0]], at[ends[:, 1]])
    link_at = usual
    if "at" in edges.column_names:
        given = _times(edges, "at", NEVER)
        link_at = np.where(given == NEVER, usual, given)
    names = tuple(name for name in nodes.column_names if name.startswith("x_"))
    kind, kinds = _codes(nodes, "node_type", "nodes.parquet")
    relation, relations = _codes(edges, "relation", "edges.parquet")
    columns = [_numbers(nodes, name) for name in names]
    return GraphTables(
        node_id=nodes["node_id"].to_numpy().astype(object),
        kind=kind,
        kinds=kinds,
        label=label,
        split=split,
        at=at,
        known_at=known_at,
        x=np.stack(columns, axis=1) if columns else np.empty((len(nodes), 0)),
        x_names=names,
        ends=ends,
        relation=relation,
        relations=relations,
        link_at=link_at,
        dated=dated,
        delayed=delayed,
    )


def _read(path: Path) -> pa.Table:
    try:
        return pq.read_table(path)
    except FileNotFoundError as error:
        raise InputError(
            f"there is no {path.name} in {path.parent}: docs/benchmarks.md says what it holds"
        ) from error
    except (pa.ArrowException, OSError) as error:
        raise InputError(f"{path} cannot be read as Parquet: {error}") from error


def _need(table: pa.Table, file: str, *columns: str) -> None:
    missing = [name for name in columns if name not in table.column_names]
    if missing:
        raise InputError(
            f"{file} lacks the column {', '.join(missing)}: it has {', '.join(table.column_names)}"
        )


def _numbers(table: pa.Table, name: str) -> Floats:
    """A column as numbers, NaN for null."""
    try:
        return np.asarray(pc.cast(table[name], pa.float64()).to_numpy(), dtype=np.float64)
    except pa.ArrowException as error:
        raise InputError(f"the column {name} holds {table[name].type}, and has to hold numbers") from error


def _times(table: pa.Table, name: str, missing: float) -> Floats:
    """A column of times or numbers; timestamps as microseconds."""
    column = table[name]
    if pa.types.is_timestamp(column.type) or pa.types.is_date(column.type):
        column = pc.cast(
            pc.cast(column, pa.timestamp("us", getattr(column.type, "tz", None)), safe=False), pa.int64()
        )
    elif not (pa.types.is_integer(column.type) or pa.types.is_floating(column.type)):
        raise InputError(f"the column {name} holds {column.type}, and has to hold timestamps or numbers")
    values = np.asarray(pc.cast(column, pa.float64(), safe=False).to_numpy(), dtype=np.float64)
    return np.where(np.isnan(values), missing, values)


def _labels(nodes: pa.Table) -> Small:
    values = _numbers(nodes, "label")
    odd = ~np.isnan(values) & (values != 0) & (values != 1)
    if odd.any():
        raise InputError(f"label is 0, 1 or null: {_first(nodes, odd)} has {values[odd][0]:g}")
    return np.where(np.isnan(values), NONE, values).astype(np.int8)


def _splits(nodes: pa.Table) -> Small:
    given = nodes["split"].to_pylist()
    codes: dict[str | None, int] = {None: NONE, **dict(zip(SPLITS, range(len(SPLITS))))}
    odd = [name for name in given if name not in codes]
    if odd:
        raise InputError(f"split is train, val, test or null, not {odd[0]!r}")
    return np.array([codes[name] for name in given], dtype=np.int8)


def _by_time(at: Floats, label: Small) -> Small:
    """The first 60 % of the labelled nodes by time train, the next 10 % validate, the others test."""
    judged = (label != NONE) & np.isfinite(at)
    if not judged.any():
        raise InputError("no labelled node has a time: without `split` the nodes are split by `at`")
    edges = np.quantile(at[judged], _SHARES, method="lower")
    return np.where(judged, np.searchsorted(edges, at, side="left"), NONE).astype(np.int8)


def _check_splits(split: Small, label: Small, at: Floats) -> None:
    for code, name in enumerate(SPLITS):
        inside = label[split == code]
        for value, word in ((1, "positives (label 1)"), (0, "negatives (label 0)")):
            if not (inside == value).any():
                raise InputError(
                    f"there are no {word} in the split {name}, which has {(inside != NONE).sum()} labelled "
                    "nodes"
                )
    judged = label != NONE
    learned, tested = at[judged & (split == TRAIN)], at[judged & (split == TEST)]
    if learned.max() > tested.min():
        later = int((tested < learned.max()).sum())
        raise InputError(
            f"times run backwards: {later} of {len(tested)} test nodes are earlier than the last of train; a "
            "split that is not in time is measured without the column `at`"
        )


def _ends(nodes: pa.Table, edges: pa.Table) -> Index:
    ids = nodes["node_id"].combine_chunks()
    if ids.null_count or len(pc.unique(ids)) != len(ids):
        raise InputError("nodes.parquet has a node_id that is null, or twice")
    out = []
    for name in ("src", "dst"):
        try:
            wanted = pc.cast(edges[name], ids.type)
        except pa.ArrowException as error:
            raise InputError(
                f"{name} holds {edges[name].type} and node_id {ids.type}: they have to be alike"
            ) from error
        rows = pc.index_in(wanted, value_set=ids)
        if rows.null_count:
            unknown = wanted.filter(pc.is_null(rows))[0]
            raise InputError(
                f"edges.parquet: {rows.null_count} links have a {name} that is no node_id, the first is "
                f"{unknown}"
            )
        out.append(rows.to_numpy().astype(np.int64))
    return np.stack(out, axis=1)


def _codes(table: pa.Table, name: str, file: str) -> tuple[Index, tuple[str, ...]]:
    values = pc.cast(table[name], pa.string())
    if values.null_count:
        raise InputError(f"{file}: {values.null_count} rows have no {name}")
    names, codes = np.unique(values.to_numpy(zero_copy_only=False).astype(str), return_inverse=True)
    return codes.astype(np.int64), tuple(names.tolist())


def _first(nodes: pa.Table, rows: npt.NDArray[np.bool_]) -> str:
    return f"node {nodes['node_id'][int(np.flatnonzero(rows)[0])]}"
