"""What a service does beside its requests: the watch and the webhooks, each in a thread of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from service.assessment.context import AppContext
from service.jobs.periodic_thread import PeriodicThread
from service.jobs.watcher import Watcher
from service.settings import WATCH_ON
from service.webhooks.endpoints import endpoints, networks
from service.webhooks.sender import WebhookSender


@contextmanager
def background(context: AppContext) -> Iterator[None]:
    """Watch and send while the block lasts, as the settings say; what is under way then comes to its end.

    Raises SettingError for endpoints that are none.
    """
    settings = context.settings
    watcher = Watcher(context)
    sender = WebhookSender(
        context.casebook,
        endpoints(settings.webhooks),
        context.clock,
        allowed=networks(settings.webhook_networks),
        seconds=settings.webhook_seconds,
    )
    threads = [PeriodicThread(sender.step)]
    if settings.watch == WATCH_ON:
        threads.append(PeriodicThread(watcher.step))
    for thread in threads:
        thread.wake()
    try:
        yield
    finally:
        for thread in threads:
            thread.close()
        watcher.close()
