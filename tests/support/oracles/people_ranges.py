"""Facts by ranges of people, the slow and obvious way: all facts are read, and what is of others left out."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np

from graph.facts.people_range import PeopleRange
from graph.facts.tables import Column, Tables
from graph.model.types import Contact, Device, Facts, Label, LabelValue, Merchant, Outcome, OutcomeStatus
from graph.store.port import GraphView
from tests.support.small_worlds import applies, day, does, known_as, random_facts, uses

ODD_NAMES = (
    "A",
    "Z",
    "a b",
    "a'",
    "é",
    "张",
    "\ud7ff",
    "\ufeffx",
    "\uffee",
    "\U0001f600",
    "p\U0001f600",
    "~",
)
"""Ids that databases put in other orders than Python does."""


def odd_facts() -> Facts:
    """People of odd names who trade with each other and with others, a loan of each with all there can be."""
    made = tuple(
        applies(who, n, uses("phone", f"x{who}"), uses("device", f"d{n // 3}"), application_id=f"l{who}",
                merchant_id=f"M{n % 4}", platform_id=f"L{n % 5}", city=who)
        for n, who in enumerate(ODD_NAMES)
    )  # fmt: skip
    pairs = zip(ODD_NAMES, (*ODD_NAMES[1:], "p003", "only named"), strict=False)
    popular = ((f"p{n:03d}", "only named") for n in range(1, 8))
    return Facts(
        applications=made,
        events=tuple(
            does(who, "transfer", 20 + n, event_id=f"t{who}", counterparty_id=other, merchant_id="M7")
            for n, (who, other) in enumerate([*pairs, *popular])
        ),
        outcomes=tuple(
            Outcome(
                application_id=a.application_id, status=OutcomeStatus.REJECTED, at=a.applied_at + timedelta(1)
            )
            for a in made[::2]
        ),
        labels=(
            *(Label(label=LabelValue.FRAUD, known_at=day(30), applicant_id=who) for who in ODD_NAMES[::3]),
            Label(label=LabelValue.GOOD, known_at=day(31), application_id="lé", source="desk"),
            Label(label=LabelValue.GOOD, known_at=day(31), applicant_id="labelled alone", source="desk"),
        ),
        contacts=(Contact(applicant_id="é", phone=known_as("phone", "xA"), at=day(3), relation="kin"),),
        merchants=tuple(Merchant(merchant_id=f"M{n}", city="x") for n in (2, 7, 9)),
        devices=(Device(identifier=known_as("device", "d1"), os="ios", is_emulator=True),),
    )


def odd_batches() -> tuple[Facts, Facts]:
    """Two revisions of a world with odd names in it."""
    return random_facts(7), odd_facts()


def restricted(view: GraphView, whole: Tables, within: PeopleRange) -> Tables:
    """What `whole`, all facts of the view, holds of the people of a range and names there."""
    inside = np.array([within.holds(who) for who in whole.applicant_ids], bool)
    tables = {
        name: _rows(table := getattr(whole, name), inside[table["applicant"]])
        for name in ("ties", "applications", "labels", "events")
    }
    of_them = inside[whole.applications["applicant"]]
    tables["outcomes"] = _rows(whole.outcomes, of_them[whole.outcomes["application"]])
    asked, events, ties = tables["applications"], tables["events"], tables["ties"]
    people = _kept(
        *(tables[name]["applicant"] for name in tables if name != "outcomes"), events["counterparty"]
    )
    first = within.is_first
    shops, lenders = set(view.merchants_of(list(whole.merchant_ids))), set(view.platforms())
    kept = {
        "applicant": people,
        "counterparty": people,
        "identifier": _kept(ties["identifier"]),
        "application": np.flatnonzero(of_them),
        "merchant": _kept(asked["merchant"], events["merchant"], _those(whole.merchant_ids, shops, first)),
        "platform": _kept(asked["platform"], _those(whole.platform_ids, lenders, first)),
        "agent": _kept(asked["agent"]),
    }
    tables["devices"] = _rows(whole.devices, np.isin(whole.devices["identifier"], kept["identifier"]))
    for table in tables.values():
        for name in table.keys() & kept.keys():
            table[name] = _renumbered(table[name], kept[name])
    return replace(
        whole,
        **tables,
        applicant_ids=whole.applicant_ids[people],
        merchant_ids=whole.merchant_ids[kept["merchant"]],
        platform_ids=whole.platform_ids[kept["platform"]],
        agent_ids=whole.agent_ids[kept["agent"]],
        identifiers=_rows(whole.identifiers, kept["identifier"]),
        merchants=_rows(whole.merchants, kept["merchant"]),
        platforms=_rows(whole.platforms, kept["platform"]),
    )


def _rows(table: dict[str, Column], which: Column) -> dict[str, Column]:
    return {name: column[which] for name, column in table.items()}


def _kept(*columns: Column) -> Column:
    named = np.unique(np.concatenate(columns)).astype(np.int64)
    return named[named >= 0]


def _those(ids: Column, recorded: set[str], first: bool) -> Column:
    return np.array([n for n, name in enumerate(ids) if first and name in recorded], np.int64)


def _renumbered(column: Column, kept: Column) -> Column:
    return np.array([-1 if n < 0 else int(np.searchsorted(kept, n)) for n in column.tolist()], column.dtype)
