"""The answers about risk as types: what a decision engine gets, field by field; the builder is checked
against them, OpenAPI is made of them.
"""

from typing import Annotated, Any, NotRequired, TypedDict

from msgspec import Meta

from graph.model.types import IdentifierKind, RingKind, Role
from investigations.assessments import Decision, Level, Stage

Moment = Annotated[
    str, Meta(extra_json_schema={"format": "date-time"}, examples=["2026-01-05T10:00:00.123456+08:00"])
]
"""ISO-8601 to the microsecond, with the offset of the service's time zone."""
Share = Annotated[float, Meta(ge=0, le=1)]
Count = Annotated[int, Meta(ge=0)]


def _one_of(*words: str, **more: Any) -> Meta:
    """One of few words."""
    return Meta(extra_json_schema={"enum": list(words)}, **more)


RingRole = Annotated[str, _one_of("core", "member", "fringe")]


class AssessmentModel(TypedDict):
    """A model that scored."""

    name: Annotated[str, Meta(description="Its kind.", examples=["trees"])]
    version: Annotated[str, Meta(description="Its version.", examples=["2026-01-04"])]
    trained_as_of: Annotated[
        Moment, Meta(description="It learned from nothing that happened or became known later.")
    ]


class AssessmentDegraded(TypedDict):
    """How complete the answer is."""

    level: Annotated[
        Level, Meta(description="What was looked at; below `full` the decision is never `approve`.")
    ]
    missing: Annotated[
        list[Annotated[str, _one_of("model", "graph", "history", "fact")]],
        Meta(
            description=(
                "What is missing. `fact`: the application has not reached the store yet; it is brought "
                "there without being sent again."
            )
        ),
    ]
    reason: Annotated[
        Annotated[
            str, _one_of("deadline", "store_unavailable", "store_busy", "no_model_loaded", "model_failed")
        ]
        | None,
        Meta(description="Why something is missing, or a complete answer late; null where neither is."),
    ]


class AssessmentEvidence(TypedDict):
    """A path that shows where in the graph a reason was seen."""

    path: Annotated[
        list[str],
        Meta(
            description="Nodes from the applicant on; keys are masked.",
            examples=[["application:2026-000123", "device:***7f2a", "applicant:***2c"]],
        ),
    ]
    shared_since: Annotated[
        Moment | None, Meta(description="Since when the path is there; null where no fact on it has a date.")
    ]


class AssessmentReason(TypedDict):
    """Something that was measured and raises the risk."""

    rank: Annotated[int, Meta(ge=1, le=4, description="1 raises the risk most.")]
    code: Annotated[
        str,
        Meta(description="Stable; docs/reason_codes.md lists all.", examples=["ML_7D_PERSON_ALL_LENDERS"]),
    ]
    text_en: Annotated[
        str, Meta(description="A sentence in English.", examples=["9 people share strong identifiers"])
    ]
    text_zh: Annotated[str, Meta(description="The same in Chinese.", examples=["9人与申请人共享强标识"])]
    contribution: Annotated[
        Share, Meta(description="Its share of all that raises the risk.", examples=[0.21])
    ]
    value: Annotated[float | None, Meta(description="What was measured.", examples=[9])]
    typical_p95: Annotated[
        float | None, Meta(description="What 95 % stay under, where more is riskier.", examples=[4])
    ]
    typical_p05: Annotated[float | None, Meta(description="What 95 % stay above, where less is riskier.")]
    evidence: Annotated[list[AssessmentEvidence], Meta(description="Where it was seen.")]


class AssessmentDimensions(TypedDict):
    """How much speaks for a risk of each kind, each from 0 to 1."""

    ring: Annotated[Share, Meta(description="Links to frauds and to groups.")]
    multi_lending: Annotated[Share, Meta(description="Lenders asked for money.")]
    device: Annotated[Share, Meta(description="Who else uses the device.")]
    phone: Annotated[Share, Meta(description="Who else uses the phone, and contacts.")]
    merchant: Annotated[Share, Meta(description="The shop and the agent.")]
    behaviour: Annotated[Share, Meta(description="When and how the applicant acts.")]
    verification: Annotated[Share, Meta(description="Face, liveness and the operator's check.")]


class AssessmentMultiLending(TypedDict):
    """Who asked how many lenders for money."""

    status: Annotated[
        str,
        _one_of(
            "found",
            "no_record",
            "failed",
            description="`no_record`: nothing is known. `failed`: not looked up. All is null then.",
        ),
    ]
    variables: Annotated[
        dict[str, float | None],
        Meta(
            description="By name, `ml_<window>_<key>_<segment>_<stat>` and the like (docs/variables.md lists "
            "all): those of the standard set, or those that the request names. "
            "null: nothing is known under the key; 0: something is, and nothing in the window.",
            examples=[
                {"ml_7d_person_all_lenders": 9, "ml_24h_phone_all_apps": 0, "ml_12m_card_all_apps": None}
            ],
        ),
    ]
    left_out: NotRequired[
        Annotated[
            dict[str, Annotated[str, _one_of("many_holders", "not_linking", "turnover")]],
            Meta(description="Where there are any: keys under which nothing is counted, with the reason."),
        ]
    ]
    withheld: NotRequired[
        Annotated[
            list[str],
            Meta(description="For a caller without the scope `types`: variables that are not told."),
        ]
    ]


class AssessmentRing(TypedDict):
    """The applicant's place in the snapshot of rings in force at `as_of`."""

    ring_id: Annotated[str, Meta(description="Its id.", examples=["R-000042"])]
    snapshot: Annotated[str, Meta(description="Name of the snapshot.", examples=["2026-W01"])]
    kind: Annotated[
        RingKind, Meta(description="What the group is taken for; `ring`, `agent` and `merchant` are flagged.")
    ]
    state: Annotated[str, Meta(description="How the group develops.", examples=["growing"])]
    size: Annotated[Count, Meta(description="Applicants who belong to it.")]
    role: Annotated[RingRole, Meta(description="The applicant's part in it.")]
    confirmed_bad: Annotated[Count, Meta(description="Members who are confirmed frauds.")]
    suspected: Annotated[Count, Meta(description="Members who are suspected.")]
    bad_rate: Annotated[Share, Meta(description="Share of members who are confirmed frauds.")]
    distance_to_bad: Annotated[
        int | None, Meta(description="Steps to the nearest confirmed fraud; null where none is near.")
    ]
    distance_to_core: Annotated[int, Meta(description="Steps to the core.")]
    shared_by_kind: Annotated[
        dict[str, int],
        Meta(description="Shared identifiers by their kind.", examples=[{"device": 18, "bank_card": 4}]),
    ]
    first_seen: Annotated[Moment | None, Meta(description="When its first member was seen.")]
    hubs_ignored: Annotated[
        Count, Meta(description="Identifiers of too many holders, which were not followed.")
    ]


class AssessmentSubgraph(TypedDict):
    """The subgraph that was read; null where none was."""

    nodes: Annotated[Count | None, Meta(description="People, identifiers and applications.")]
    edges: Annotated[Count | None, Meta(description="Links between them.")]
    truncated: Annotated[bool | None, Meta(description="Whether caps cut something off.")]
    url: Annotated[str, Meta(description="The same on the desk.")]


class AssessmentNewOfPerson(TypedDict):
    """What is new about the person."""

    applications: Annotated[Count, Meta(description="The applicant's own applications.")]
    lenders: Annotated[Count, Meta(description="Lenders asked in the new applications.")]
    labels: Annotated[Count, Meta(description="Conclusions about the applicant.")]
    identifiers: Annotated[
        Count, Meta(description="Identifiers by which the applicant is tied for the first time.")
    ]


class AssessmentNewHolders(TypedDict):
    """What is new about what the applicant shares."""

    new_holders: Annotated[Count, Meta(description="Other applicants who were not tied to it before.")]


class AssessmentRingChanges(TypedDict):
    """How the ring round the applicant changed."""

    ring_id_then: Annotated[str | None, Meta(description="The ring at that assessment; null for none.")]
    ring_id_now: Annotated[str | None, Meta(description="The ring now; null for none.")]
    changed: Annotated[bool, Meta(description="Whether it is another one.")]
    new_members: Annotated[int, Meta(description="By how many members it grew.")]
    new_confirmed_bad: Annotated[int, Meta(description="How many more of them are confirmed frauds.")]


class AssessmentChanges(TypedDict):
    """What is new since the latest assessment at stage `application`."""

    assessment_id: Annotated[str, Meta(description="Of that assessment.")]
    as_of: Annotated[Moment | None, Meta(description="The moment of that assessment.")]
    decision_then: Decision
    decision_now: Decision
    decision_changed: Annotated[bool, Meta(description="Whether the decision is another one now.")]
    score_change: Annotated[int | None, Meta(description="Points that the score rose.")]
    person: Annotated[
        AssessmentNewOfPerson | None, Meta(description="null where there was no time or no graph to look at.")
    ]
    device: Annotated[AssessmentNewHolders | None, Meta(description="About the applicant's device.")]
    phone: Annotated[AssessmentNewHolders | None, Meta(description="About the applicant's phone.")]
    ring: AssessmentRingChanges


class AssessmentTimings(TypedDict):
    """Milliseconds by step; `total` from the head of the request at the socket until the audit row is
    written.
    """

    store: Annotated[float, Meta(description="To store the application.")]
    neighbourhood: Annotated[float, Meta(description="To draw the graph round it.")]
    signals: Annotated[float, Meta(description="To measure signals and variables.")]
    model: Annotated[float, Meta(description="To score.")]
    total: Annotated[float, Meta(description="In all, until the audit row was written.")]


class Assessment(TypedDict):
    """One audited answer: a proposal with its score, its reasons, and how complete it is."""

    request_id: Annotated[str, Meta(description="The caller's `X-Request-Id`, or one of ours.")]
    application_id: Annotated[
        str | None, Meta(description="null at stage `monitoring`.", examples=["2026-000123"])
    ]
    assessment_id: Annotated[
        str, Meta(description="Under which the audit row is read.", examples=["A-63019e31e66c0-4ba56b1179"])
    ]
    idempotent_replay: Annotated[
        bool, Meta(description="Whether this is the first answer to the same `Idempotency-Key` again.")
    ]
    stage: Stage
    as_of: Annotated[
        Moment, Meta(description="Nothing that happened, or became known, at that moment or later counts.")
    ]
    decision: Annotated[
        Decision, Meta(description="The proposal; a person or the lender's own engine decides.")
    ]
    score: Annotated[
        Annotated[int, Meta(ge=0, le=1000)] | None,
        Meta(
            description=(
                "Higher is riskier: 500 is a probability of 5 %, 863 one of 50 %; null where nothing was "
                "looked at."
            ),
            examples=[712],
        ),
    ]
    probability: Annotated[
        Share | None,
        Meta(
            description=(
                "Calibrated probability of fraud within the model's horizon; null where no model scored."
            ),
            examples=[0.183],
        ),
    ]
    uncertainty: Annotated[
        str, _one_of("low", "medium", "high", description="How far the model's members differ.")
    ]
    policy_version: Annotated[
        str,
        Meta(
            description="Changes with anything that the policy depends on.",
            examples=["ringfence-policy-2-6c82b952"],
        ),
    ]
    models: Annotated[list[AssessmentModel], Meta(description="The models that scored: none or one.")]
    degraded: AssessmentDegraded
    reasons: Annotated[
        list[AssessmentReason],
        Meta(max_length=4, description="Ranked; only what was measured and raises the risk."),
    ]
    dimensions: AssessmentDimensions
    multi_lending: AssessmentMultiLending
    ring: Annotated[AssessmentRing | None, Meta(description="null for who is in none.")]
    subgraph: AssessmentSubgraph
    changes_since: Annotated[
        AssessmentChanges | None,
        Meta(description="At stage `disbursement`; null where nothing was assessed before."),
    ]
    timings_ms: AssessmentTimings
    ignored: NotRequired[
        Annotated[
            list[str],
            Meta(
                max_length=20,
                description="Where there are any: names in the request that the contract does not know.",
                examples=[["devce_id"]],
            ),
        ]
    ]


class Difference(TypedDict):
    """A value that is not as it was recorded."""

    field: Annotated[
        str, Meta(examples=["score"], description="A part of the answer, `audit.<part>` or `row.<column>`.")
    ]
    recorded: Annotated[Any, Meta(description="As it was recorded; null where it is not told.")]
    replayed: Annotated[Any, Meta(description="As it is now; null where it is not told.")]


class AuditMention(TypedDict):
    """An identifier that the application names, in its masked form."""

    kind: IdentifierKind
    role: Role
    masked: Annotated[str, Meta(description="The masked form.", examples=["150****7065"])]


class AuditPart(TypedDict):
    """What the answer was computed from."""

    applicant_id: Annotated[str, Meta(description="Whom it is about.")]
    application: Annotated[
        dict[str, Any] | None,
        Meta(
            description=(
                "The application as it was stored, with `mentions` (AuditMention) in their masked forms."
            )
        ),
    ]
    application_stored: Annotated[
        bool, Meta(description="Whether the application was in the store when the answer left.")
    ]
    signals: Annotated[
        dict[str, float | None], Meta(description="What was measured, by name (docs/signals.md).")
    ]
    contributions: Annotated[dict[str, float], Meta(description="What each input adds to the log-odds.")]
    parts: Annotated[dict[str, Any], Meta(description="The model's parts.")]
    model_loaded: NotRequired[Annotated[str | None, Meta(description="Version of the model that was there.")]]
    thresholds: NotRequired[
        Annotated[dict[str, float] | None, Meta(description="Those that followed the latest scores.")]
    ]
    purpose: NotRequired[Annotated[str, Meta(description="For which purpose, where somebody said.")]]
    policy_files: NotRequired[Annotated[list[str], Meta(description="Digests of its policy files.")]]


class AuditRow(TypedDict):
    """An assessment as it was written down."""

    assessment_id: Annotated[str, Meta(description="Under which it is read.")]
    stage: Stage
    application_id: Annotated[str | None, Meta(description="What was assessed; null at stage `monitoring`.")]
    applicant_id: Annotated[str, Meta(description="Who was assessed.")]
    as_of: Annotated[Moment, Meta(description="As of when.")]
    recorded_by: Annotated[int | None, Meta(description="The state of the store that was read.")]
    client: Annotated[str, Meta(description="Name of the key that asked.")]
    request_id: Annotated[str, Meta(description="The request's name.")]
    decision: Decision
    policy_version: Annotated[str, Meta(description="The policy that concluded.")]
    model_version: Annotated[str | None, Meta(description="The model that scored; null where none did.")]
    intact: Annotated[
        bool, Meta(description="Whether the row's columns agree with the answer written with them.")
    ]
    changed: Annotated[list[Difference], Meta(description="Where they do not.")]
    answer: Annotated[Assessment, Meta(description="The answer as it was given.")]
    audit: AuditPart


class Replay(TypedDict):
    """An assessment computed again from the store as it was then."""

    assessment_id: Annotated[str, Meta(description="Of the assessment.")]
    equal: Annotated[bool, Meta(description="Whether nothing differs.")]
    differences: Annotated[list[Difference], Meta(description="What differs.")]
    as_of: Annotated[Moment, Meta(description="As of when.")]
    recorded_by: Annotated[int | None, Meta(description="The state of the store that is read.")]
    level: Level
    models_then: Annotated[list[AssessmentModel], Meta(description="The models that scored then.")]
    models_now: Annotated[list[AssessmentModel], Meta(description="The model that is loaded now.")]
    policy_then: Annotated[str, Meta(description="The policy then.")]
    policy_now: Annotated[str, Meta(description="The policy now.")]
    answer: Annotated[Assessment, Meta(description="The answer as it is computed now.")]
