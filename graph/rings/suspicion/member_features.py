"""Features of each applicant alone, as of a moment: applications, checks, identifiers, account habits; no
loan outcomes.
"""

from __future__ import annotations

import numpy as np

from graph.facts.local_time import nights
from graph.facts.tables import KINDS, PLATFORM_TYPES, ROLES, STATUSES, Column, Tables
from graph.kernels.compiled import compiled
from graph.model.moments import DAY
from graph.model.types import OutcomeStatus
from graph.rings.applicants.active import first_applied
from graph.rings.suspicion.columns import Features, features


def member_features(tables: Tables) -> Features:
    """One row an applicant, in the tables' order."""
    return features({**_shopping(tables), **_checks(tables), **_holdings(tables), **_habits(tables)})


def _mean(of: Column, value: Column, size: int) -> Column:
    """Mean of the known values by applicant, NaN where none is known."""
    present = ~np.isnan(value)
    count = np.bincount(of[present], minlength=size)
    total = np.bincount(of[present], weights=value[present], minlength=size)
    with np.errstate(invalid="ignore"):
        return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _least(of: Column, value: Column, size: int) -> Column:
    out = np.full(size, np.inf)
    present = ~np.isnan(value)
    np.minimum.at(out, of[present], value[present])
    return np.where(np.isinf(out), np.nan, out)


def _distinct(of: Column, what: Column, size: int) -> Column:
    """How many different things each applicant has; `what` < 0 counts as nothing."""
    at = what >= 0
    pairs = np.unique(of[at].astype(np.int64) * (int(what.max(initial=0)) + 1) + what[at])
    return np.bincount(pairs // (int(what.max(initial=0)) + 1), minlength=size).astype(np.float64)


def _busiest(of: Column, at: Column, size: int, window: int) -> Column:
    """The most rows an applicant has within any `window` microseconds."""
    order = np.lexsort((at, of))
    out = np.zeros(size)
    _most_within(of[order], at[order], window, out)
    return out


@compiled
def _most_within(who: Column, when: Column, window: int, out: Column) -> None:
    """For rows by (who, when): the most of each in `window`, into `out`."""
    end = 0
    for first in range(len(who)):
        end = max(end, first)
        while end < len(who) and who[end] == who[first] and when[end] <= when[first] + window:
            end += 1
        out[who[first]] = max(out[who[first]], end - first)


def _shopping(tables: Tables) -> dict[str, Column]:
    applications, size = tables.applications, len(tables.applicant_ids)
    who = applications["applicant"]
    bank = (
        np.array([kind.is_bank for kind in PLATFORM_TYPES])[
            tables.platforms["type"][applications["platform"]]
        ]
        if len(who)
        else np.zeros(0)
    )
    refused = np.zeros(len(who))
    for status in (OutcomeStatus.REJECTED,):
        refused[tables.outcomes["application"][tables.outcomes["status"] == STATUSES.index(status)]] = 1.0
    amount = np.log1p(applications["amount"])
    spread = _mean(who, amount**2, size) - _mean(who, amount, size) ** 2
    return {
        "applications": np.bincount(who, minlength=size),
        "lenders": _distinct(who, applications["platform"], size),
        "busiest_day": _busiest(who, applications["at"], size, DAY),
        "busiest_week": _busiest(who, applications["at"], size, 7 * DAY),
        "amount": _mean(who, amount, size),
        "amount_spread": np.sqrt(np.maximum(spread, 0)),
        "term": _mean(who, applications["term_months"], size),
        "night": _mean(who, nights(applications["at"], tables.zone).astype(float), size),
        "at_banks": _mean(who, bank.astype(float), size),
        "refused": _mean(who, refused, size),
        "with_merchant": _mean(who, (applications["merchant"] >= 0).astype(float), size),
        "with_agent": _mean(who, (applications["agent"] >= 0).astype(float), size),
    }


def _checks(tables: Tables) -> dict[str, Column]:
    applications, size = tables.applications, len(tables.applicant_ids)
    who = applications["applicant"]
    year = np.full(len(who), 1970.0) + tables.as_of / (365.25 * DAY)
    return {
        "face": _mean(who, applications["face_match"], size),
        "worst_face": _least(who, applications["face_match"], size),
        "liveness": _mean(who, applications["liveness"], size),
        "worst_liveness": _least(who, applications["liveness"], size),
        "three_element": _mean(who, applications["phone_three_element"], size),
        "age": _mean(who, year - applications["birth_year"], size),
        "new_citizen": _mean(who, applications["new_citizen"], size),
    }


def _holdings(tables: Tables) -> dict[str, Column]:
    """How many of each thing they use, and what their devices are."""
    ties, size = tables.ties, len(tables.applicant_ids)
    kind = tables.identifiers["kind"][ties["identifier"]]
    out = {}
    for code, name in enumerate(KINDS):
        at = (kind == code) & (ties["role"] == 0)
        out[f"own_{name.value}"] = np.bincount(ties["applicant"][at], minlength=size)
    for code, role in enumerate(ROLES[1:], 1):
        out[f"ties_{role.value}"] = np.bincount(ties["applicant"][ties["role"] == code], minlength=size)
    for trait in ("is_emulator", "is_rooted"):
        of_value = np.full(len(tables.identifiers["kind"]), np.nan)
        of_value[tables.devices["identifier"]] = tables.devices[trait]
        out[trait] = _mean(ties["applicant"], of_value[ties["identifier"]], size)
    return out


def _habits(tables: Tables) -> dict[str, Column]:
    """How lively their account is before they first ask for money: identities made for the purpose have no
    life of their own.
    """
    events, size = tables.events, len(tables.applicant_ids)
    first = first_applied(tables)
    who = events["applicant"]
    before = events["at"] < first[who]
    history = np.zeros(size)
    np.maximum.at(history, who, (first[who] - events["at"]) / DAY)
    out = {
        "events_before": np.log1p(np.bincount(who[before], minlength=size)),
        "history_days": history,
        "partners": _distinct(who, events["counterparty"], size),
        "events_received": np.log1p(
            np.bincount(events["counterparty"][events["counterparty"] >= 0], minlength=size)
        ),
    }
    soon = (events["at"] >= first[who]) & (events["at"] < first[who] + 7 * DAY)
    out["events_first_week"] = np.log1p(np.bincount(who[soon], minlength=size))
    return out
