"""What a service does beside its requests: the watch, the webhooks, the seals over the audit and the
monitoring, each in a thread of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from service.assessment.context import AppContext
from service.jobs.monitor import DailyMonitor
from service.jobs.sealer import Sealer
from service.jobs.watcher import Watcher
from service.settings import ON
from service.threads.periodic_thread import PeriodicThread, close_all
from service.webhooks.endpoints import endpoints, networks
from service.webhooks.sender import WebhookSender

MONITORS_EVERY_S = 15.0  # looks whether it is time
SEALS_EVERY_S = 5.0  # so long a row may stand without a seal


@contextmanager
def background(context: AppContext) -> Iterator[None]:
    """Watch, send, seal and monitor while the block lasts, as the settings say; what is under way then comes
    to its end, but for a monitoring, which is ended.

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
    sealer = Sealer(context.casebook, context.clock)
    threads = [PeriodicThread(sender.step), PeriodicThread(sealer.step, SEALS_EVERY_S)]
    monitor = DailyMonitor(context)
    threads.append(PeriodicThread(monitor.step, MONITORS_EVERY_S))
    if settings.watch == ON:
        threads.append(PeriodicThread(watcher.step))
    for thread in threads:
        thread.wake()
    try:
        yield
    finally:
        monitor.close()
        close_all(threads)
        watcher.close()
        sender.close()
