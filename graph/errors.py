"""The error family. No HTTP in it: `service` owns the one table from error to status.

RingfenceError
├── InputError                what the caller gave cannot be used (a script exits with status 2)
│   ├── SettingError          a setting or an argument is missing or contradicts another
│   ├── DeliveryError         a delivery cannot be read as a whole: nothing of it is written
│   ├── RecordError           one record is bad: it names field, code and reason, and the rest goes on
│   └── BundleError           a model bundle is missing, damaged or made for other inputs
├── StoreError                the graph store cannot do what it should
│   ├── StoreUnavailableError it cannot be reached now: try again later
│   └── StoreVersionError     it was written by a version that this one cannot read
├── NotFoundError             nothing is known under that id (also a LookupError)
├── ConflictError             the id or key is known already, with other content
└── DeadlineError             the caller's time is up (also a TimeoutError)
"""

from __future__ import annotations


class RingfenceError(Exception):
    """The root: whatever this product raises on purpose."""


class InputError(RingfenceError):
    """What the caller gave cannot be used; the message names the next step."""


class SettingError(InputError):
    """A setting or an argument is missing, unknown or contradicts another."""


class DeliveryError(InputError):
    """A delivery cannot be read as a whole: nothing of it was written."""


class RecordError(InputError):
    """One record is bad.

    `field` is the column, `code` a stable word for the reason (`missing`, `unreadable_time`, `in_the_future`, ...).
    """

    def __init__(self, field: str, code: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        self.code = code
        self.message = message


class BundleError(InputError):
    """A model bundle is missing, damaged, or was trained on other inputs than the code computes."""


class StoreError(RingfenceError):
    """The graph store cannot do what it should."""


class StoreUnavailableError(StoreError):
    """The store cannot be reached or is locked for too long: what was asked did not happen, try again later."""


class StoreVersionError(StoreError):
    """The store was written by a version of the schema that this code cannot read."""


class NotFoundError(RingfenceError, LookupError):
    """Nothing is known under that id."""


class ConflictError(RingfenceError):
    """The id or the idempotency key is known already, with other content."""


class DeadlineError(RingfenceError, TimeoutError):
    """The caller's deadline has passed."""
