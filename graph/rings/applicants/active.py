"""First and last activity of each applicant."""

from __future__ import annotations

import numpy as np

from graph.facts.tables import Column, Tables


def first_applied(tables: Tables) -> Column:
    """Microseconds of each applicant's first application, or of their first tie or event where there is none;
    as_of if nothing.
    """
    first = np.full(len(tables.applicant_ids), tables.as_of, dtype=np.int64)
    created = np.zeros(len(first), bool)
    created[tables.applications["applicant"]] = True
    for column, at in ((tables.ties, tables.ties["since"]), (tables.events, tables.events["at"])):
        rows = np.flatnonzero(~created[column["applicant"]])
        np.minimum.at(first, column["applicant"][rows], at[rows])
    np.minimum.at(first, tables.applications["applicant"], tables.applications["at"])
    return first


def last_active(tables: Tables) -> Column:
    """Microseconds of each applicant's latest application, event or mention of an identifier; of their first
    one if there is nothing else.
    """
    last = first_applied(tables)
    for column, at in ((tables.ties, "last"), (tables.events, "at"), (tables.applications, "at")):
        np.maximum.at(last, column["applicant"], column[at])
    return last
