"""Bodies of requests about cases as types: by them they are read, and of them OpenAPI tells."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Annotated, Any, Literal, TypeVar

import msgspec
from msgspec import NODEFAULT, Meta, Struct, field

from graph.model.errors import RecordError
from graph.model.near_names import perhaps
from ingestion.digits import EXACT
from ingestion.identifiers.recognise import scrubbed
from ingestion.parse import BadRow
from investigations.cases import CasePriority, VerdictValue
from service.http.schemas.parameters import fields
from service.http.schemas.what_is_taken import what_is_wrong, with_moments

Text = Annotated[str, Meta(min_length=1, max_length=4000)]
_NOTE = Meta(
    description="Free text; raw identifiers in it are masked.", examples=["the device was sold in May"]
)
Note = Annotated[Text, _NOTE]
Name = Annotated[str, Meta(min_length=1, max_length=128)]
Version = Annotated[
    int,
    Meta(
        ge=0,
        le=EXACT - 1,  # a browser's numbers go so far, and every casebook's
        description=(
            "The `version` of the case that you have read: where somebody changed it since, nothing is done."
        ),
        examples=[17],
    ),
]
MOST_AT_ONCE = 5_000  # cases with which one request does a step
Versions = Annotated[
    dict[Name, Version],
    Meta(
        min_length=1,
        max_length=MOST_AT_ONCE,
        description="The cases by id, each with the `version` that you have read.",
        examples=[{"C-1": 17, "C-2": 21}],
    ),
]
MediaType = Literal["image/png", "image/jpeg", "application/pdf", "text/plain", "text/csv"]


class CaseOpening(Struct, kw_only=True):
    """Open a case about a ring or an applicant."""

    ring_id: Annotated[Name | None, Meta(description="The ring; or", examples=["R-000042"])] = None
    applicant_id: Annotated[Name | None, Meta(description="the applicant.", examples=["C-8841"])] = None
    assessment_id: Annotated[
        Name | None, Meta(description="The answer that led to it.", examples=["A-1"])
    ] = None
    reason: Annotated[
        Name, Meta(description="Why, in a word or a sentence.", examples=["call from the branch"])
    ]


class CaseAssignment(Struct, kw_only=True):
    """Give a case to somebody, or back to the queue."""

    assignee: Annotated[
        Name | None,
        Meta(
            description="Who investigates, one of `GET /cases/assignees`; null gives it back.",
            examples=["wang"],
        ),
    ]
    version: Version


class CaseRanking(Struct, kw_only=True):
    """Say when a case is to be looked at."""

    priority: Annotated[
        CasePriority,
        Meta(description="`high` before all others, `normal` in its turn, `low` after all others."),
    ]
    version: Version


class CasesAssignment(Struct, kw_only=True):
    """Give many cases to somebody, or back to the queue."""

    cases: Versions
    assignee: Annotated[
        Name | None,
        Meta(
            description="Who investigates, one of `GET /cases/assignees`; null gives them back.",
            examples=["wang"],
        ),
    ]


class CasesRanking(Struct, kw_only=True):
    """Say of many cases when they are to be looked at."""

    cases: Versions
    priority: Annotated[
        CasePriority,
        Meta(description="`high` before all others, `normal` in its turn, `low` after all others."),
    ]


class CaseNote(Struct, kw_only=True):
    """Add to the history of a case."""

    note: Note


class CaseVerdict(Struct, kw_only=True):
    """Conclude a case."""

    value: Annotated[
        VerdictValue,
        Meta(description="What it comes to; in a case about an applicant, what the applicant comes to."),
    ]
    people: Annotated[
        dict[str, VerdictValue],
        Meta(
            max_length=2000,
            description="What single people come to, by applicant id.",
            examples=[{"C-8841": "confirmed_fraud"}],
        ),
    ] = field(default_factory=dict)
    everyone: Annotated[
        bool,
        Meta(description="Whether all members of the ring who are not named in `people` come to the same."),
    ] = False
    note: Annotated[Text | None, _NOTE] = None
    version: Version


class CaseClosing(Struct, kw_only=True):
    """Close a case that has a verdict."""

    note: Annotated[Text | None, _NOTE] = None
    version: Version


class CaseDue(Struct, kw_only=True):
    """Say by when a case should be concluded."""

    due_at: Annotated[
        datetime, Meta(tz=True, description="The moment.", examples=["2026-01-05T10:00:00+08:00"])
    ]
    version: Version


class CaseLink(Struct, kw_only=True):
    """Link a case to another, or take their link away."""

    other: Annotated[Name, Meta(description="The other case.", examples=["C-2"])]
    linked: Annotated[bool, Meta(description="Whether they belong together.")] = True


class CaseAttachment(Struct, kw_only=True):
    """Put a file to a case."""

    name: Annotated[Name, Meta(description="Its name, without a folder.", examples=["contract.pdf"])]
    media_type: Annotated[MediaType, Meta(description="What it is; the content has to be it.")]
    content: Annotated[
        str, Meta(min_length=1, description="The file in base64, 2 MiB at most.", examples=["aGVsbG8="])
    ]


BODIES: tuple[type[Struct], ...] = (
    CaseOpening,
    CaseAssignment,
    CaseRanking,
    CasesAssignment,
    CasesRanking,
    CaseNote,
    CaseVerdict,
    CaseClosing,
    CaseDue,
    CaseLink,
    CaseAttachment,
)
Kind = TypeVar("Kind", bound=Struct)


def read_body(kind: type[Kind], given: Mapping[str, Any]) -> Kind:
    """The body as that type. Raises BadRow with every field that is missing, unknown or wrong."""
    given = with_moments(given, kind)
    if wrong := tuple(_problems(kind, given)):
        raise BadRow(wrong)
    return msgspec.convert(given, kind)


def _problems(kind: type[Struct], given: Mapping[str, Any]) -> Iterator[RecordError]:
    known = {one.encode_name: one for one in fields(kind)}
    for name in given.keys() - known.keys():
        hint = perhaps(name, known)
        yield RecordError(scrubbed(name)[:64], "unknown_field", f"is no field of this request{hint}")
    for name, one in known.items():
        if name in given:
            if (says := what_is_wrong(given[name], one.type, strict=True)) is not None:
                yield RecordError(name, "unreadable", says)
        elif one.default is NODEFAULT and one.default_factory is NODEFAULT:
            yield RecordError(name, "missing", "is required")
