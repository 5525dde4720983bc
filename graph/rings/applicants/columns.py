"""What each applicant did by themselves: columns of everybody, which the search holds whole."""

from __future__ import annotations

import numpy as np

from graph.facts.fraud_labels import fraud_spells
from graph.facts.loans import LATE, LoanHistories, loan_histories
from graph.facts.tables import Column, Tables
from graph.model.moments import DAY
from graph.model.types import OutcomeStatus
from graph.rings.applicants.active import first_applied, last_active

# the first instalment after a month, and a month past due: what a loan has to show whether it performs
SHOWN_DAYS = 60
COLUMNS = {
    "since": "i8", "last": "i8", "first_amount": "f8", "open": "f8", "fraud": "?", "good": "?",
    "fraud_since": "i8", "late": "?", "paid": "?", "shown": "?",
}  # fmt: skip


def applicant_columns(tables: Tables) -> dict[str, Column]:
    """By applicant (A,), of the kinds that COLUMNS says, as of the tables' moment:

    since, last   first application and latest activity, microseconds (`graph.rings.applicants.active`)
    first_amount  CNY asked for first, NaN where that is not known
    open          CNY paid out and neither paid back nor written off
    fraud, good   as `graph.facts.fraud_labels` says; `fraud_since` when that was known, NEVER of all others
    late, paid    30 days past due or worse; a loan was closed
    shown         a loan had SHOWN_DAYS from its payout to go bad
    """
    became, verdict = loan_histories(tables), fraud_spells(tables)
    paid_out = became.first([OutcomeStatus.DISBURSED])
    return {
        "since": first_applied(tables),
        "last": last_active(tables),
        "first_amount": _first_amount(tables),
        "open": _open_amount(tables, became),
        "fraud": verdict.fraud,
        "good": verdict.good,
        "fraud_since": verdict.since,
        "late": _any(tables, became.ever(*LATE)),
        "paid": _any(tables, became.ever(OutcomeStatus.CLOSED)),
        "shown": _any(tables, paid_out < tables.as_of - SHOWN_DAYS * DAY),
    }


def _any(tables: Tables, applications: Column) -> Column:
    """Whose applications (N,) bool they are (A,) bool."""
    out = np.zeros(len(tables.applicant_ids), bool)
    out[tables.applications["applicant"][applications]] = True
    return out


def _first_amount(tables: Tables) -> Column:
    out = np.full(len(tables.applicant_ids), np.nan)
    # they are sorted by moment: the first one is assigned last, and stays
    out[tables.applications["applicant"][::-1]] = tables.applications["amount"][::-1]
    return out


def _open_amount(tables: Tables, became: LoanHistories) -> Column:
    people = tables.applications["applicant"]
    # of nothing at all it counts in whole numbers
    return np.bincount(people, weights=became.still_open, minlength=len(tables.applicant_ids)).astype(
        np.float64
    )
