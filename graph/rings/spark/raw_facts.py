"""Facts by their names: what the cluster numbers. Those of a view are read a range of people after the other.

One range is held at a time. A run that was cut off reads the ranges again that it had not written.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np

from graph.facts.people_range import PeopleRange
from graph.facts.tables import Column, Tables
from graph.rings.spark.buckets import Rows, whole, write_rows
from graph.rings.spark.facts import APPLICATIONS, EVENTS, LABELS, OUTCOMES, TIES, fact_tables
from graph.rings.spark.stages import Stages
from graph.store.port import GraphView

PEOPLE_AT_ONCE = 20_000  # some 230 MB of this process
PEOPLE, SHOPS, LENDERS = "people", "shops", "lenders"
RANGES = "ranges"
_BOUNDS = {"after": "O", "last": "O"}


@dataclass(frozen=True)
class RawFacts:
    """All facts as of a moment (microseconds), in the time zone of that name. `places` writes what is not
    there yet and gives the addresses of folders that hold the facts together, each with a folder for every
    part, as `raw_rows` says; `nobody` gives the tables of nobody as of then.
    """

    as_of: int
    zone: str
    places: Callable[[], tuple[str, ...]]
    nobody: Callable[[], Tables]


def read_facts(stages: Stages, view: GraphView, size: int = PEOPLE_AT_ONCE) -> tuple[str, ...]:
    """The names of the stages that hold all facts of the view, one for each range of some `size` people. Each
    has a folder for every part, as `raw_rows` says.

    Which people a range holds is kept too: a store may have more of them when a run goes on.
    """
    stages.made(RANGES, partial(_write_ranges, view, size))
    bounds = whole(stages.folder, RANGES, _BOUNDS)
    names = []
    for number, ends in enumerate(zip(bounds["after"].tolist(), bounds["last"].tolist(), strict=True)):
        names.append(f"read_{number}")
        stages.made(names[-1], partial(_write_range, view, PeopleRange(*ends)))
    return tuple(names)


def raw_rows(tables: Tables) -> Mapping[str, Rows]:
    """The rows of `graph.rings.spark.facts.fact_tables` for the facts of a range, with names for numbers:

    ties          as there, `token` for `identifier`
    applications, outcomes, labels, events   as there, without `number`; an application is its id
    people        applicant_id: everybody whom these name
    shops         merchant_id
    lenders       platform_id, type
    """
    facts = {table.name: dict(table.of(slice(0, table.rows))) for table in fact_tables(tables)}
    who, loans = tables.applicant_ids, tables.applications["application_id"]
    shops, lenders = tables.merchant_ids, tables.platform_ids
    ties, asked = facts[TIES], facts[APPLICATIONS]
    del asked["number"]
    ties["token"] = _names(tables.identifiers["token"], ties.pop("identifier"))
    for table, names in (
        (ties, {"applicant": who}),
        (asked, {"applicant": who, "platform": lenders, "merchant": shops, "agent": tables.agent_ids}),
        (facts[OUTCOMES], {"applicant": who, "application": loans}),
        (facts[LABELS], {"applicant": who, "application": loans}),
        (facts[EVENTS], {"applicant": who, "counterparty": who, "merchant": shops}),
    ):
        table |= {name: _names(ids, table[name]) for name, ids in names.items()}
    return {
        **{name: facts[name] for name in (TIES, APPLICATIONS, OUTCOMES, LABELS, EVENTS)},
        PEOPLE: {"applicant_id": who},
        SHOPS: {"merchant_id": shops},
        LENDERS: {"platform_id": lenders, "type": tables.platforms["type"]},
    }


def _names(ids: Column, places: Column) -> Column:
    """The ids at those places, None for -1."""
    return np.append(ids.astype(object), [None])[places]


def _write_ranges(view: GraphView, size: int, place: str) -> None:
    ranges = [*view.people_ranges(size)]
    bounds = {name: np.array([getattr(one, name) for one in ranges], object) for name in _BOUNDS}
    write_rows(f"{place}/00000.parquet", bounds)


def _write_range(view: GraphView, within: PeopleRange, place: str) -> None:
    for part, rows in raw_rows(view.tables_with_tokens(within=within)).items():
        write_rows(f"{place}/{part}/00000.parquet", rows)
