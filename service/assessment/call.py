"""The call behind a request's body: client, arrival, request id, idempotency key, and the lenders it speaks
for.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from service.assessment.lender_binding import OPERATOR, Binding


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """The frame of a request: who, when it arrived, under which id and key, how long it may take (None: the
    setting's), and for whom it speaks.

    `purpose`: which of the purposes in force it is for; None where nobody said.
    `started`: when it came to the socket (`perf_counter`, seconds), from which its time counts; None: now.
    """

    client: str
    request_id: str
    at: datetime
    key: str | None = None
    timeout_ms: float | None = None
    binding: Binding = OPERATOR
    started: float | None = None
    purpose: str | None = None
