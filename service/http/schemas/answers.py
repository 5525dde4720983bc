"""The other answers of the service as types: rings, facts taken, problems, and how the service is."""

from typing import Annotated, Literal, NotRequired, TypedDict

from msgspec import Meta

from graph.model.types import RingKind
from service.assessment.answers.answer import Assessment, AssessmentModel, Count, Moment, RingRole, Share


class BatchAnswers(TypedDict):
    """The answers to a batch that was sent as an object."""

    answers: Annotated[
        list[Assessment], Meta(description="One answer, or one problem, for each request, in order.")
    ]
    ignored: NotRequired[
        Annotated[
            list[str], Meta(description="Where there are any: names beside `requests` that nobody reads.")
        ]
    ]


class FactsTaken(TypedDict):
    """What became of facts that were sent."""

    accepted: Annotated[Count, Meta(description="Facts that are new.")]
    known: Annotated[Count, Meta(description="Facts that were known already.")]
    conflicts: Annotated[
        list[int],
        Meta(
            description="Positions of those whose id is known with other content; they are left as they were."
        ),
    ]
    unmatched: Annotated[
        int | None,
        Meta(
            description=(
                "Facts about an application or a person that the store does not know (yet); null where it "
                "could not say in time."
            )
        ),
    ]
    erased: NotRequired[
        Annotated[
            list[int],
            Meta(
                description="Where there are any: positions of those that name somebody who was erased; they "
                "are not taken."
            ),
        ]
    ]
    ignored: NotRequired[
        Annotated[list[str], Meta(max_length=20, description="Where there are any: names that nobody reads.")]
    ]


class RingSummary(TypedDict):
    """A group of the snapshot in force."""

    ring_id: Annotated[str, Meta(description="Its id.", examples=["R-000042"])]
    kind: Annotated[RingKind, Meta(description="What the group is taken for.")]
    flagged: Annotated[bool, Meta(description="Whether members are held to belong to a fraud.")]
    score: Annotated[Share, Meta(description="The share of its members who are expected to be bad.")]
    state: Annotated[str, Meta(description="How it develops.", examples=["grown"])]
    size: Annotated[Count, Meta(description="Applicants who belong to it.")]
    first_seen: Annotated[Moment | None, Meta(description="When its first member was seen.")]
    last_seen: Annotated[Moment | None, Meta(description="When something of it was last seen.")]
    confirmed_bad: Annotated[Count, Meta(description="Members who are confirmed frauds.")]
    suspected: Annotated[Count, Meta(description="Members who are suspected.")]
    bad_rate: Annotated[Share, Meta(description="Share of members who are confirmed frauds.")]
    exposure: Annotated[float, Meta(description="CNY that was paid out and is open.")]
    shared_by_kind: Annotated[
        dict[str, int],
        Meta(description="Shared identifiers by their kind.", examples=[{"device": 18, "bank_card": 4}]),
    ]
    crew_id: Annotated[str, Meta(description="One for rings that belong together.")]
    hubs_ignored: Annotated[
        Count, Meta(description="Identifiers of too many holders, which were not followed.")
    ]
    density: Annotated[float, Meta(description="Share of pairs of members who are tied.")]
    burst_days: Annotated[float, Meta(description="Days within which most of its applications came.")]
    platforms: Annotated[Count, Meta(description="Lenders that its members asked.")]
    reason_codes: Annotated[list[str], Meta(description="Why it was found (docs/rings.md).")]


class RingMemberShown(TypedDict):
    """An applicant in a ring."""

    applicant_id: Annotated[str, Meta(description="Who.")]
    role: Annotated[RingRole, Meta(description="The part in the ring.")]
    joined_at: Annotated[Moment | None, Meta(description="Since when.")]
    distance_to_core: Annotated[Count, Meta(description="Steps to the core.")]
    strength: Annotated[float, Meta(description="Weight of the applicant's links into the ring.")]


class RingShown(RingSummary):
    """A group with its members, the core first."""

    members: Annotated[list[RingMemberShown], Meta(description="Who belongs to it.")]
    open_case: Annotated[
        str | None, Meta(description="Id of the case about it that is open; null where there is none.")
    ]


class RingPage(TypedDict):
    """A page of the snapshot in force, the worst first."""

    snapshot: Annotated[
        str | None, Meta(description="Its name; null before the first weekly review.", examples=["2026-W01"])
    ]
    as_of: Annotated[Moment | None, Meta(description="The moment of the snapshot.")]
    total: Annotated[Count, Meta(description="Rings that were asked for, on all pages.")]
    rings: Annotated[list[RingSummary], Meta(description="Those of the page.")]


class FieldProblem(TypedDict):
    """A field that is wrong."""

    field: Annotated[
        str, Meta(description="Its name; of a list with its place (`[3].known_at`).", examples=["phone"])
    ]
    code: Annotated[str, Meta(description="Stable (docs/records.md).", examples=["missing"])]
    message: Annotated[str, Meta(description="For people.", examples=["is required"])]


class ProblemDocument(TypedDict):
    """Any error (RFC 9457). Act on `code`, which is stable."""

    type: Annotated[
        str,
        Meta(
            description="Leads to where the code is explained.", extra_json_schema={"format": "uri-reference"}
        ),
    ]
    title: Annotated[str, Meta(description="The kind of problem, for people.")]
    status: Annotated[int, Meta(ge=400, le=599, description="The HTTP status.")]
    code: Annotated[str, Meta(description="Stable; docs/problems.md lists all.")]
    detail: Annotated[str, Meta(description="What happened, for people.")]
    instance: Annotated[
        str,
        Meta(description="The address; of a request in a batch with its place.", examples=["/risk/batch#3"]),
    ]
    request_id: Annotated[str | None, Meta(description="Under which our log knows more.")]
    errors: NotRequired[
        Annotated[
            list[FieldProblem], Meta(description="With the code `invalid_fields`: every field that is wrong.")
        ]
    ]


class Health(TypedDict):
    """The process answers."""

    status: Annotated[Literal["ok"], Meta(description="Always the same.")]


class ReadinessChecks(TypedDict):
    """`ok`, or what is wrong."""

    store: Annotated[str, Meta(description="The graph store.")]
    casebook: Annotated[str, Meta(description="The audit log.")]
    model: Annotated[str, Meta(description="The model.")]
    service: Annotated[str, Meta(description="Not `ok` once the service was told to end.")]


class FrameState(TypedDict):
    """How the resident copy of the graph is."""

    state: Annotated[
        Literal["none", "filling", "current"],
        Meta(description="Answers are whole while it is filled, and slower."),
    ]
    behind: Annotated[int | None, Meta(description="By how many marks it is behind the store.")]


class Readiness(TypedDict):
    """Whether store, model and audit log can be used."""

    status: Annotated[Literal["ready", "not ready"], Meta(description="`ready` where all can be used.")]
    checks: ReadinessChecks
    frame: FrameState


class ShadowState(TypedDict):
    """A model or a policy that answers in shadow."""

    version: Annotated[str, Meta(description="The model's, or `policy:` and its digest's first digits.")]
    lag_seconds: Annotated[
        float,
        Meta(
            description="How much older the latest assessment that it answered is than the latest there is."
        ),
    ]


class Versions(TypedDict):
    """What runs."""

    name: Annotated[Literal["ringfence"], Meta(description="The product.")]
    version: Annotated[str, Meta(description="Its version.")]
    policy_version: Annotated[str, Meta(description="The policy's.")]
    models: Annotated[list[AssessmentModel], Meta(description="The model that is loaded: none or one.")]
    model_age_days: Annotated[
        float | None, Meta(description="How long ago it learned, in days; null where none is loaded.")
    ]
    model_alarms: Annotated[
        list[str] | None,
        Meta(
            description="Codes of the alarms of monitoring that last (docs/monitoring.md); null where the "
            "casebook cannot be read."
        ),
    ]
    shadows: Annotated[
        list[ShadowState] | None,
        Meta(description="What answers in shadow; null where registry or casebook cannot be read."),
    ]
