"""The answer of /audit as types."""

from typing import Annotated, NotRequired, TypedDict

from msgspec import Meta

from investigations.users import AuditAction, AuditWay
from service.assessment.answers.answer import Moment


class AuditLine(TypedDict):
    """One line of the trail."""

    position: Annotated[int, Meta(description="Its place: what to give as `after`.")]
    at: Annotated[Moment | None, Meta(description="When.")]
    by: Annotated[str, Meta(description="Who: the name of a user or of a key.", examples=["wang"])]
    way: Annotated[AuditWay, Meta(description="As whom they came.")]
    action: Annotated[AuditAction, Meta(description="What they did.")]
    subject: Annotated[
        str | None,
        Meta(
            description="Whom or what they looked at or changed; null for a list.",
            examples=["applicant:C-8841", "ring:R-000042", "case:C-1", "user:wang"],
        ),
    ]
    as_of: Annotated[
        Moment | None,
        Meta(
            description=(
                "The moment of the view that was looked at; of an erasure, until when its people's ids are "
                "kept out."
            )
        ),
    ]
    purpose: Annotated[str | None, Meta(description="What they said it was for.", examples=["case C-1"])]
    detail: Annotated[
        str | None, Meta(description="Which part was shown, or what came of it.", examples=["panel"])
    ]
    request_id: Annotated[str | None, Meta(description="Under which name the request stands in the log.")]


class AuditPage(TypedDict):
    """Lines in the order in which they were written."""

    lines: Annotated[list[AuditLine], Meta(description="Those of the page.")]
    next: Annotated[int, Meta(description="What to give as `after` next time.")]
    more: Annotated[bool, Meta(description="Whether there are more already.")]
    erased: NotRequired[
        Annotated[
            str,
            Meta(
                description=(
                    "Where `subject` names somebody who was erased: the subject under which the trail has "
                    "who asked for them since. What it had before has a surrogate, which nobody can find "
                    "from the name."
                ),
                examples=["applicant:erased:k1:0f3a9c52e1d84b60"],
            ),
        ]
    ]
