"""A view as numpy columns: one consistent copy for the weekly ring batch and for training."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from graph.model.moments import COUNTRY
from graph.model.types import IdentifierKind, OutcomeStatus, PlatformType, Role

Column = npt.NDArray[Any]

KINDS = tuple(IdentifierKind)  # code in `identifiers.kind` -> kind
ROLES = tuple(Role)  # code in `ties.role` -> role
STATUSES = tuple(OutcomeStatus)  # code in `outcomes.status` -> status
PLATFORM_TYPES = tuple(PlatformType)  # code in `platforms.type` -> type


@dataclass(frozen=True)
class Tables:
    """All facts before a moment. Rows refer to each other by position; times are int64 microseconds UTC; -1
    and NaN are *not known*.

    `zone`: the borrowers' time zone, by which night is told.

    Everything is sorted by what it says, never by when it was stored, so that any order of delivery gives the
    same bits:
    applicants by id; identifiers by (kind, token); the rest by (time, ids).

    applicant_ids  (A,) object          platform_ids (P,) object      merchant_ids (M,) object     agent_ids
                   (G,) object
    identifiers    kind int8, linking bool; and token object, where tokens were asked for: some 1 KB a person,
                   which only an erasure reads      (I,)
    ties           applicant int32, identifier int32, role int8, since int64, last int64
                   (T,)
    applications   application_id object, applicant int32, at int64, platform int32, merchant int32, agent
                   int32, amount float64, term_months float64, face_match float64, liveness float64,
                   phone_three_element float64 (0/1), birth_year float64, new_citizen float64 (0/1), product
                   object, channel object, city object                      (N,)
    outcomes       application int32 (position in applications), status int8, at int64, amount float64
                   (O,)
    labels         applicant int32, application int32 (-1: of the applicant), fraud bool, known_at int64,
                   by_person bool   (L,)
    events         applicant int32, kind object, at int64, counterparty int32, merchant int32, amount float64
                   (E,)
    platforms      type int8, is_own bool
                   (P,)
    merchants      category object, city object, opened_at int64
                   (M,)
    devices        identifier int32, os object, model object, is_emulator float64, is_rooted float64
                   (D,)
    """

    as_of: int
    applicant_ids: Column
    platform_ids: Column
    merchant_ids: Column
    agent_ids: Column
    identifiers: dict[str, Column]
    ties: dict[str, Column]
    applications: dict[str, Column]
    outcomes: dict[str, Column]
    labels: dict[str, Column]
    events: dict[str, Column]
    platforms: dict[str, Column]
    merchants: dict[str, Column]
    devices: dict[str, Column]
    zone: str = COUNTRY


def as_column(values: list[Any], dtype: npt.DTypeLike) -> Column:
    """`values` as an array; None becomes NaN in a float column and -1 in an integer one, and stays None among
    objects.
    """
    kind = np.dtype(dtype).kind
    if kind == "f":
        return np.array([np.nan if v is None else v for v in values], dtype=dtype)
    if kind == "i":
        return np.array([-1 if v is None else v for v in values], dtype=dtype)
    column = np.empty(len(values), dtype=dtype)
    column[:] = values
    return column
