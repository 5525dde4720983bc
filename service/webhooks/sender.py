"""The sender: one process addresses what is owed and sends it, in order for each subject, until it is
taken.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from time import monotonic

import orjson

from investigations.casebook import Casebook
from investigations.casebook.message_files import DeliveryState, KeptMessage, MessageDelivery
from investigations.watch.messages import MessageType, utc
from service.assessment.answers.redaction import alert_by_the_day
from service.http import metrics
from service.leases import Lease
from service.webhooks.endpoints import Endpoint, Network
from service.webhooks.posting import PostError, post
from service.webhooks.signing import headers

log = logging.getLogger("ringfence.webhooks")

# after the first attempt, the second and so on: as Standard Webhooks recommends. After the last it is a dead
# letter
BACK_OFF = tuple(
    timedelta(seconds=one)
    for one in (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
)  # fmt: skip
JITTER = 0.2  # of a pause, more or less
AT_ONCE = 50  # deliveries of one endpoint in one step
STEP_S = 20.0  # how long a step begins new attempts; well below the lease
TOGETHER = 8  # endpoints


class WebhookSender:
    """Sends webhooks; of several in many processes on one casebook one is at work."""

    def __init__(
        self,
        casebook: Casebook,
        endpoints: Sequence[Endpoint],
        clock: Callable[[], datetime],
        *,
        allowed: Sequence[Network],
        seconds: float,
    ) -> None:
        """`allowed`: private networks that may be reached; `seconds`: how long a receiver may take."""
        self._casebook, self._messages = casebook, casebook.messages
        self._endpoints = {one.name: one for one in endpoints}
        self._clock, self._allowed, self._seconds = clock, allowed, seconds
        self._lease = Lease(casebook, "webhooks", clock)

    def step(self) -> bool:
        """Send what is due; whether nothing is left to do for now."""
        if not self._messages.has_work(self._clock()) or not self._lease.take():
            return True
        wanted = {name: one.wants for name, one in self._endpoints.items()}
        while self._messages.address(wanted, self._clock()):
            pass
        with ThreadPoolExecutor(max_workers=TOGETHER) as pool:
            sent = list(pool.map(self._send_due, self._endpoints.values()))
        return not any(sent)

    def close(self) -> None:
        """Let another process go on at once."""
        self._lease.give_back()

    def _send_due(self, endpoint: Endpoint) -> int:
        """Send what is due to that endpoint until something fails; how many were sent."""
        ends, sent = monotonic() + STEP_S, 0
        for one in self._messages.due(endpoint.name, self._clock(), AT_ONCE):
            if monotonic() > ends:
                break
            if (now := self._messages.waiting(one)) is None:
                continue
            if now.message.about_erased:
                self._dropped(now)
            elif not self._send(endpoint, now):
                break
            sent += 1
        return sent

    def _dropped(self, one: MessageDelivery) -> None:
        self._messages.drop(one)
        metrics.WEBHOOKS.labels(one.endpoint, "dropped").inc()
        log.info("webhook %s to %s is about somebody erased: not sent", one.message.message_id, one.endpoint)

    def _send(self, endpoint: Endpoint, one: MessageDelivery) -> bool:
        body = body_of(one.message, endpoint)
        stamp = int(self._clock().timestamp())
        signed = headers(one.message.message_id, stamp, body, endpoint.secrets)
        known = {"Content-Type": "application/json", "User-Agent": "ringfence-webhooks"}
        try:
            post(endpoint.url, body, known | dict(signed), self._allowed, self._seconds)
        except PostError as error:
            self._failed(one, error)
            return False
        self._messages.attempted(one, DeliveryState.SENT, self._clock(), None)
        metrics.WEBHOOKS.labels(endpoint.name, "sent").inc()
        return True

    def _failed(self, one: MessageDelivery, error: PostError) -> None:
        dead = error.final or one.attempts >= len(BACK_OFF)
        pause = timedelta() if dead else BACK_OFF[one.attempts] * random.uniform(1 - JITTER, 1 + JITTER)
        state = DeliveryState.DEAD if dead else DeliveryState.WAITING
        self._messages.attempted(one, state, self._clock() + pause, str(error))
        metrics.WEBHOOKS.labels(one.endpoint, "dead" if dead else "failed").inc()
        resend = "a dead letter now: `ringfence webhooks resend`"
        then = resend if dead else f"again in {pause.total_seconds():.0f} s"
        log.warning("webhook %s to %s: %s, %s", one.message.message_id, one.endpoint, error, then)


def body_of(message: KeptMessage, endpoint: Endpoint) -> bytes:
    """The body that an endpoint gets: what a lender of a bound one is not told is left out."""
    data = message.data
    if endpoint.binding.lenders is not None and message.type is MessageType.RISK_CHANGED:
        data = alert_by_the_day(data)
    shown = {"type": message.type.value, "timestamp": utc(message.at), "data": data}
    return endpoint.binding.redacted(orjson.dumps(shown))
