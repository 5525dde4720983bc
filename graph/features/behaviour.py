"""Features of the applicant's own conduct: pace, haste, money moved on, and how well the identity was verified."""

from __future__ import annotations

import numpy as np

from graph.compiled import compiled, lean
from graph.facts.local_time import year
from graph.features.conduct import look_at_conduct
from graph.features.registry import Family
from graph.features.room import DAY, Reading
from graph.frame.neighbourhood import NOBODY, UNDATED, Neighbourhood
from graph.tables import Column

BEHAVIOUR = Family()


@BEHAVIOUR.feature
@lean
def days_since_application(n: Neighbourhood, r: Reading) -> float:
    return (n.subject[0].as_of - n.applications[r.own[0]].at) / DAY if r.whole[0].own else np.nan


@BEHAVIOUR.feature
@lean
def application_pace(n: Neighbourhood, r: Reading) -> float:
    week, before = r.conduct[0].week, r.conduct[0].quarter - r.conduct[0].week
    return ((week + 0.5) / 7) / ((before + 0.5) / 90) if r.whole[0].own else np.nan


@BEHAVIOUR.feature
@lean
def amount(n: Neighbourhood, r: Reading) -> float:
    return float(n.applications[0].amount) if n.subject[0].asked else np.nan


@BEHAVIOUR.feature
@lean
def term_months(n: Neighbourhood, r: Reading) -> float:
    return float(n.applications[0].term_months) if n.subject[0].asked else np.nan


@BEHAVIOUR.feature
@lean
def age_years(n: Neighbourhood, r: Reading) -> float:
    if not n.subject[0].asked or n.applications[0].birth_year == NOBODY:
        return np.nan
    return float(year(n.subject[0].as_of) - n.applications[0].birth_year)


@BEHAVIOUR.feature
@lean
def amount_to_highest(n: Neighbourhood, r: Reading) -> float:
    asked = n.applications[0].amount if n.subject[0].asked else 0.0
    return asked / r.conduct[0].highest if asked != 0.0 else np.nan  # NaN where either is not known


@BEHAVIOUR.feature
@lean
def night_share(n: Neighbourhood, r: Reading) -> float:
    moments = r.whole[0].own + n.subject[0].asked
    return r.conduct[0].nights / moments if moments else np.nan


@BEHAVIOUR.feature
@lean
def own_late(n: Neighbourhood, r: Reading) -> float:
    return float(r.conduct[0].late) if r.whole[0].own else np.nan


@BEHAVIOUR.feature
@lean
def loans_closed(n: Neighbourhood, r: Reading) -> float:
    return float(r.conduct[0].closed) if r.whole[0].own else np.nan


@BEHAVIOUR.feature
@lean
def own_fraud_labels(n: Neighbourhood, r: Reading) -> float:
    return float(r.conduct[0].matters) if r.conduct[0].judged else np.nan


@BEHAVIOUR.feature
@lean
def known_days(n: Neighbourhood, r: Reading) -> float:
    heard = r.conduct[0].first_heard
    return (n.subject[0].as_of - heard) / DAY if heard != UNDATED else 0.0


@BEHAVIOUR.feature
@lean
def events_30d(n: Neighbourhood, r: Reading) -> float:
    return float(r.conduct[0].month) if n.subject[0].received else np.nan


@BEHAVIOUR.feature
@lean
def payments_ever(n: Neighbourhood, r: Reading) -> float:
    return float(r.conduct[0].payments) if n.subject[0].received else np.nan


@BEHAVIOUR.feature
@lean
def changes_30d(n: Neighbourhood, r: Reading) -> float:
    return float(r.conduct[0].changes)


@BEHAVIOUR.feature
@lean
def moved_on_3d(n: Neighbourhood, r: Reading) -> float:
    return float(r.conduct[0].moved_on)


@BEHAVIOUR.feature
@lean
def payers(n: Neighbourhood, r: Reading) -> float:
    return float(r.conduct[0].payers)


@BEHAVIOUR.feature
@lean
def common_counterparty(n: Neighbourhood, r: Reading) -> float:
    return float(r.conduct[0].collected) if r.conduct[0].collected >= 0 else np.nan


@BEHAVIOUR.feature
@lean
def face_match(n: Neighbourhood, r: Reading) -> float:
    return float(n.applications[0].face_match) if n.subject[0].asked else np.nan


@BEHAVIOUR.feature
@lean
def liveness(n: Neighbourhood, r: Reading) -> float:
    return float(n.applications[0].liveness) if n.subject[0].asked else np.nan


@BEHAVIOUR.feature
@lean
def three_element_failed(n: Neighbourhood, r: Reading) -> float:
    told = n.applications[0].three_element if n.subject[0].asked else -1
    return float(1 - told) if told >= 0 else np.nan


@BEHAVIOUR.feature
@lean
def device_tampered(n: Neighbourhood, r: Reading) -> float:
    return float(r.conduct[0].tampered) if r.conduct[0].tampered >= 0 else np.nan


@BEHAVIOUR.feature
@lean
def national_id_unverified(n: Neighbourhood, r: Reading) -> float:
    return float(r.conduct[0].unverified) if r.conduct[0].unverified >= 0 else np.nan


@BEHAVIOUR.feature
@lean
def other_applicant_ids(n: Neighbourhood, r: Reading) -> float:
    return float(r.whole[0].selves - 1)


@compiled
def fill(n: Neighbourhood, r: Reading, into: Column) -> None:
    """All of BEHAVIOUR for one subject, into float64 (len(BEHAVIOUR),)."""
    look_at_conduct(n, r)
    into[0] = days_since_application(n, r)
    into[1] = application_pace(n, r)
    into[2] = amount(n, r)
    into[3] = term_months(n, r)
    into[4] = age_years(n, r)
    into[5] = amount_to_highest(n, r)
    into[6] = night_share(n, r)
    into[7] = own_late(n, r)
    into[8] = loans_closed(n, r)
    into[9] = own_fraud_labels(n, r)
    into[10] = known_days(n, r)
    into[11] = events_30d(n, r)
    into[12] = payments_ever(n, r)
    into[13] = changes_30d(n, r)
    into[14] = moved_on_3d(n, r)
    into[15] = payers(n, r)
    into[16] = common_counterparty(n, r)
    into[17] = face_match(n, r)
    into[18] = liveness(n, r)
    into[19] = three_element_failed(n, r)
    into[20] = device_tampered(n, r)
    into[21] = national_id_unverified(n, r)
    into[22] = other_applicant_ids(n, r)
