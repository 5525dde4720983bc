"""The answer of /verdicts as types."""

from typing import Annotated, TypedDict

from msgspec import Meta

from service.assessment.answers.answer import Moment


class VerdictRow(TypedDict):
    """How often each verdict stands (docs/cases.md)."""

    name: Annotated[str, Meta(description="The kind, the reason code, or the group (docs/fairness.md).")]
    confirmed_fraud: Annotated[int, Meta(description="The flag was right.")]
    false_positive: Annotated[int, Meta(description="The flag was wrong.")]
    inconclusive: Annotated[int, Meta(description="It could not be told.")]
    share_wrong: Annotated[
        float | None, Meta(description="False positives, of those that say so; null where none does.")
    ]


class VerdictTable(TypedDict):
    """Verdicts of a time, those with most false positives first."""

    since: Annotated[Moment | None, Meta(description="Given from then on.")]
    until: Annotated[Moment | None, Meta(description="Given until then.")]
    kinds: Annotated[list[VerdictRow], Meta(description="Cases by the kind that they were taken for.")]
    reason_codes: Annotated[
        list[VerdictRow], Meta(description="Cases by reason code; a case counts for each of its codes.")
    ]
    groups: Annotated[
        list[VerdictRow],
        Meta(
            description="People by what their latest application before the verdict said, and by how they "
            "lived by their latest assessment before it."
        ),
    ]
