"""The error family. No HTTP in it: `service` owns the one table from error to status.

Whoever acts on an error asks its class, or its `problem`: a stable word for what went wrong. Texts are for
people and may change.

RingfenceError
├── InputError                what the caller gave cannot be used (a script exits with status 2)
│   ├── SettingError          a setting or an argument is missing or contradicts another
│   ├── DeliveryError         a delivery cannot be read as a whole: nothing of it is written
│   ├── RecordError           one record is bad: it names field, code and reason, and the rest goes on
│   ├── BundleError           a model bundle is missing, damaged or made for other inputs
│   └── RegistryError         the registry of models is not as it was written, or cannot do what is asked
├── StoreError                the graph store cannot do what it should
│   ├── StoreUnavailableError it cannot be reached now: try again later
│   │   └── FrameUnreadableError  its resident copy does not hold what is asked for now; the store itself may
│   ├── StoreVersionError     it was written by a version that this one cannot read
│   └── StoreChangedError     somebody changed what may only be added to
├── NotFoundError             nothing is known under that id (also a LookupError)
│   ├── UnknownApplicantError, UnknownApplicationError, UnknownAssessmentError, UnknownRingError,
│   │   UnknownCaseError, UnknownUserError, ErasedError
└── ConflictError             what is asked for contradicts what is there
    ├── KnownOtherwiseError   the id of a fact is known already, with other content
    ├── KeyReusedError        the idempotency key was used with another body
    └── CaseChangedError      somebody else has changed the case meanwhile
"""

from __future__ import annotations

from datetime import datetime


class RingfenceError(Exception):
    """The root: whatever this product raises on purpose. `problem` is its stable word (docs/problems.md)."""

    problem = "internal_error"


class InputError(RingfenceError):
    """What the caller gave cannot be used; the message names the next step."""

    problem = "bad_request"


class SettingError(InputError):
    """A setting or an argument is missing, unknown or contradicts another."""


class DeliveryError(InputError):
    """A delivery cannot be read as a whole: nothing of it was written."""


class RecordError(InputError):
    """One record is bad.

    `field` is the column, `code` a stable word for the reason (`missing`, `unreadable_time`, `in_the_future`,
    ...).
    """

    problem = "invalid_fields"

    def __init__(self, field: str, code: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        self.code = code
        self.message = message


class BundleError(InputError):
    """A model bundle is missing, damaged, or was trained on other inputs than the code computes."""


class RegistryError(InputError):
    """The registry of models cannot be used, was changed from outside, or holds no such model."""


class StoreError(RingfenceError):
    """The graph store cannot do what it should."""

    problem = "store_unavailable"


class StoreUnavailableError(StoreError):
    """The store cannot be reached or is locked for too long: what was asked did not happen, try again
    later.
    """


class FrameUnreadableError(StoreUnavailableError):
    """The store's resident copy does not hold what is asked for now: the store's own view may."""


class FrameFullError(StoreUnavailableError):
    """The store's resident copy has no numbers for more rows: the store's own view answers."""


class StoreVersionError(StoreError):
    """The store was written by a version of the schema that this code cannot read."""


class StoreChangedError(StoreError):
    """What may only be added to was changed from outside: a guard is gone, or a row cannot be what was
    written.
    """

    problem = "record_changed"


class NotFoundError(RingfenceError, LookupError):
    """Nothing is known under that id."""

    problem = "not_found"


class UnknownApplicantError(NotFoundError):
    """No fact names the applicant."""

    problem = "applicant_unknown"


class UnknownApplicationError(NotFoundError):
    """There is no such application."""

    problem = "application_unknown"


class UnknownAssessmentError(NotFoundError):
    """There is no such assessment."""

    problem = "assessment_unknown"


class ErasedError(NotFoundError):
    """It was about somebody who was erased: nothing of it can be read any more."""

    problem = "erased"


class UnknownRingError(NotFoundError):
    """There is no such ring in the snapshot in force."""

    problem = "ring_unknown"


class UnknownCaseError(NotFoundError):
    """There is no such case."""

    problem = "case_unknown"


class UnknownUserError(NotFoundError):
    """There is no such user of the desk."""


class ConflictError(RingfenceError):
    """What is asked for contradicts what is there."""

    problem = "conflict"


class KnownOtherwiseError(ConflictError):
    """The id of a fact is known already, with other content."""

    problem = "known_with_other_content"


class KeyReusedError(ConflictError):
    """The idempotency key was used with another body."""

    problem = "idempotency_key_reused"


class CaseChangedError(ConflictError):
    """The case was changed after whoever asks had read it: nothing was done.

    `by` whom last, by which `step` of its history, and when (`at`).
    """

    problem = "case_changed"

    def __init__(self, case_id: str, by: str, step: str, at: datetime) -> None:
        super().__init__(f"{by} changed case {case_id} ({step}) after you read it: read it again")
        self.by = by
        self.step = step
        self.at = at
