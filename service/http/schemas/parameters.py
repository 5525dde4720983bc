"""Headers and parameters of addresses as types: by them they are read, and of them OpenAPI tells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Meta, Struct, field
from werkzeug.datastructures import Headers

from graph.model.errors import InputError
from graph.model.near_names import near_name
from graph.model.types import PlatformType, RingKind
from ingestion.identifiers.recognise import scrubbed
from investigations.cases import CaseColumn, CaseKind, CaseState
from investigations.users import AuditAction
from investigations.watch.alerts import AlertCode
from service.http.schemas.what_is_taken import what_is_wrong, with_moments

LONGEST_TIMEOUT_MS = 60_000
MOST_RINGS = 500  # on one page
MOST_ALERTS = 500
MOST_NAMED = 20  # of what is wrong
REVERSED = "since: must lie before until"
YEARS = range(1900, 9991)  # of a moment: beyond them days and time zones leave what a datetime can say

RequestId = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z0-9._:/=+-]{0,128}$",
        description="The caller's name for the request, given back in the answer and its header.",
        examples=["req-7d2f"],
    ),
]
IdempotencyKey = Annotated[
    str,
    Meta(
        pattern=r"^[\x21-\x7e]{1,64}$",
        description=(
            "The same key and body within 24 hours get the first answer again; the same key with another "
            "body gets 409."
        ),
        examples=["7d2f"],
    ),
]
TimeoutMs = Annotated[
    int,
    Meta(
        ge=1,
        le=LONGEST_TIMEOUT_MS,
        description="The caller's deadline in milliseconds: the answer degrades rather than be late.",
        examples=[500],
    ),
]


Name = Annotated[str, Meta(max_length=128)]
AwareMoment = Annotated[datetime, Meta(tz=True)]


class EveryHeader(Struct, kw_only=True):
    """Of every request."""

    request_id: RequestId | None = field(default=None, name="X-Request-Id")


class RiskHeaders(Struct, kw_only=True):
    """Of a request that is assessed."""

    idempotency_key: IdempotencyKey | None = field(default=None, name="Idempotency-Key")
    timeout_ms: TimeoutMs | None = field(default=None, name="X-Timeout-Ms")


class PurposeHeader(Struct, kw_only=True):
    """Of a request that shows people."""

    purpose: Annotated[
        str | None,
        Meta(
            description=(
                "For what, percent-encoded where it is no ASCII: a purpose of `RINGFENCE_PURPOSES`, alone or "
                "with words after a colon; required where `RINGFENCE_PURPOSE_REQUIRED` is `on` and the key "
                "is for none."
            ),
            examples=["review: case C-7"],
        ),
    ] = field(default=None, name="X-Purpose")


class QueryError(InputError):
    """A parameter of the query cannot be read."""

    problem = "bad_query"


class RingQuery(Struct, kw_only=True, forbid_unknown_fields=True):
    """Which rings are wanted, and which page of them. A name that is misspelt would else ask for all."""

    kind: Annotated[RingKind | None, Meta(description="Only groups that are taken for this.")] = None
    flagged: Annotated[
        bool | None, Meta(description="Only those that are flagged, or only those that are not.")
    ] = None
    min_score: Annotated[
        float, Meta(ge=0, le=1, description="Only rings with at least this expected bad share.")
    ] = 0.0
    limit: Annotated[int, Meta(ge=0, le=MOST_RINGS, description="How many on the page.")] = 50
    offset: Annotated[int, Meta(ge=0, le=10**9, description="How many come before the page.")] = 0


class ReadinessQuery(Struct, kw_only=True, forbid_unknown_fields=True):
    """What counts as ready."""

    behind: (
        Annotated[
            int,
            Meta(
                ge=0,
                description=(
                    "By so many marks at most may the frame be behind the store, once it has held all of it; "
                    "left away, whole answers are enough. For a balancer over several machines."
                ),
                examples=[1000],
            ),
        ]
        | None
    ) = None
    without_store: Annotated[
        bool,
        Meta(
            description=(
                "Whether a machine is ready too while the store is away: it answers from its frame, or by "
                "the rules alone. For a balancer over machines that share a store, which would else have "
                "none left."
            )
        ),
    ] = False


class VerdictQuery(Struct, kw_only=True, forbid_unknown_fields=True):
    """Which verdicts are counted."""

    since: Annotated[
        AwareMoment | None, Meta(description="Given from then on; left away, in the last `days`.")
    ] = None
    until: Annotated[AwareMoment | None, Meta(description="Given until then; left away, until now.")] = None
    days: Annotated[
        int, Meta(ge=1, le=3650, description="Where `since` is left away: how many days back from `until`.")
    ] = 90


class AlertQuery(Struct, kw_only=True, forbid_unknown_fields=True):
    """Which alerts are wanted, and after which one."""

    after: Annotated[
        Name | None,
        Meta(
            description=(
                "Only those made after this one: the `next` of the page before; left away, from the first."
            ),
            examples=["AL-5f0c2a9be1d84f5396a7"],
        ),
    ] = None
    code: Annotated[AlertCode | None, Meta(description="Only those with this code (docs/alerts.md).")] = None
    platform_id: Annotated[Name | None, Meta(description="Only those about loans of this lender.")] = None
    application_id: Annotated[Name | None, Meta(description="Only those about this loan.")] = None
    ring_id: Annotated[Name | None, Meta(description="Only those about this ring itself.")] = None
    limit: Annotated[int, Meta(ge=1, le=MOST_ALERTS, description="How many at most.")] = 100


class AuditQuery(Struct, kw_only=True, forbid_unknown_fields=True):
    """Which lines of the audit trail are wanted, and after which one."""

    after: Annotated[
        int, Meta(ge=0, description="Only those after this position: the `next` of the page before.")
    ] = 0
    by: Annotated[Name | None, Meta(description="Only what this user or key did.", examples=["wang"])] = None
    subject: Annotated[
        Name | None,
        Meta(description="Only about this person, ring, case or user.", examples=["applicant:C-8841"]),
    ] = None
    action: Annotated[AuditAction | None, Meta(description="Only this.")] = None
    since: Annotated[AwareMoment | None, Meta(description="Only from this moment on.")] = None
    until: Annotated[AwareMoment | None, Meta(description="Only before this moment.")] = None
    limit: Annotated[int, Meta(ge=1, le=MOST_ALERTS, description="How many at most.")] = 100


class SortOrder(StrEnum):
    """Whether what is sorted rises or falls."""

    ASC = "asc"
    DESC = "desc"


class CaseChoice(Struct, kw_only=True, forbid_unknown_fields=True):
    """Which cases are wanted, and in what order."""

    q: Annotated[
        Name | None,
        Meta(
            description=(
                "Only those of this case, ring or applicant (its id, or the beginning of it), application or "
                "identifier (its token); `kind:` before it says which. Never a raw value. A case is an "
                "applicant's too where it is about a ring in force that they are in, or one of its verdicts "
                "names them."
            ),
            examples=["R-000042"],
        ),
    ] = None
    sort: Annotated[
        CaseColumn,
        Meta(
            description=(
                "By what they are sorted. `priority`: as people should look at them, by their priority, the "
                "expected loss, then the oldest first."
            )
        ),
    ] = CaseColumn.PRIORITY
    order: Annotated[
        SortOrder | None,
        Meta(
            description=(
                "Whether that rises or falls; left away, sums, the probability and the priority fall, the "
                "rest rises. Those that nobody has stand last."
            )
        ),
    ] = None
    state: Annotated[CaseState | None, Meta(description="Only those in this state.")] = None
    assignee: Annotated[
        Name | None, Meta(description="Only those that this person investigates.", examples=["wang"])
    ] = None
    ring_id: Annotated[
        Name | None, Meta(description="Only those about this ring.", examples=["R-000042"])
    ] = None
    applicant_id: Annotated[
        Name | None, Meta(description="Only those about this applicant.", examples=["C-8841"])
    ] = None
    open: Annotated[bool | None, Meta(description="Only those that are not closed, or only the closed.")] = (
        None
    )
    assigned: Annotated[
        bool | None, Meta(description="Only those that somebody has, or that nobody has.")
    ] = None
    kind: Annotated[CaseKind | None, Meta(description="Only those about this.")] = None
    lender: Annotated[
        PlatformType | None, Meta(description="Only those whose people had applied at this type of lender.")
    ] = None
    min_exposure: Annotated[
        float, Meta(ge=0, le=1e15, description="Only those with at least this exposure, in CNY.")
    ] = 0.0
    older_than_days: Annotated[
        float, Meta(ge=0, le=36_500, description="Only those that were opened longer ago.")
    ] = 0.0
    overdue: Annotated[
        bool, Meta(description="Only those that should have been concluded by now and are not closed.")
    ] = False


class CaseQuery(CaseChoice, kw_only=True, forbid_unknown_fields=True):
    """Which cases are wanted, in what order, and which page of them."""

    limit: Annotated[int, Meta(ge=0, le=MOST_RINGS, description="How many on the page.")] = 50
    offset: Annotated[int, Meta(ge=0, le=10**9, description="How many come before the page.")] = 0


Kind = TypeVar("Kind", bound=Struct)
fields = cache(msgspec.structs.fields)
"""The parameters of a kind, in their order."""


def read(kind: type[Kind], given: Mapping[str, str] | Headers, error: type[InputError]) -> Kind:
    """The parameters of `kind` among those that were given. Raises `error` with all of them that cannot be
    read, and names where all are known.
    """
    names = [one.encode_name for one in fields(kind)]
    summary = with_moments({name: given[name] for name in names if name in given}, kind)
    unknown = (
        [name for name in dict(given) if name not in summary]
        if kind.__struct_config__.forbid_unknown_fields
        else []
    )
    beyond: list[str] = []
    try:
        if not unknown:
            found = msgspec.convert(summary, kind, strict=False)
            if not (beyond := [*_beyond(found), *_reversed(found)]):
                return found
    except msgspec.ValidationError:
        pass
    wrong = [
        *beyond,
        *filter(None, (_wrong(one, summary) for one in fields(kind))),
        *(f"{scrubbed(name)[:64]}: is no parameter{_perhaps(name, names)}" for name in unknown[:MOST_NAMED]),
    ]
    raise error("; ".join(wrong[:MOST_NAMED]))


def _perhaps(name: str, names: Sequence[str]) -> str:
    near = near_name(name, names)
    return f" (the nearest is {near})" if near else ""


def _beyond(found: Struct) -> list[str]:
    """What is wrong with moments that can hardly be counted from."""
    names = [one for one in found.__struct_fields__ if isinstance(getattr(found, one), datetime)]
    return [
        f"{one}: must lie in the years {YEARS[0]} to {YEARS[-1]}"
        for one in names
        if getattr(found, one).year not in YEARS
    ]


def _reversed(found: Struct) -> list[str]:
    since, until = (getattr(found, name, None) for name in ("since", "until"))
    return [] if since is None or until is None or since < until else [REVERSED]


def _wrong(one: msgspec.structs.FieldInfo, summary: Mapping[str, Any]) -> str | None:
    if one.encode_name not in summary:
        return None
    says = what_is_wrong(summary[one.encode_name], one.type, strict=False)
    return says and f"{one.encode_name}: {says}"
