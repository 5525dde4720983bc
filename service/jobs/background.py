"""What a service does beside its requests: the watch and the webhooks, each in a thread of its own."""

from __future__ import annotations

from service.assessment.context import AppContext
from service.jobs.periodic_thread import PeriodicThread
from service.jobs.watcher import Watcher
from service.settings import WATCH_ON
from service.webhooks.endpoints import endpoints, networks
from service.webhooks.sender import WebhookSender


def background(context: AppContext) -> None:
    """Begin to watch and to send, as the settings say. Raises SettingError for endpoints that are none."""
    settings = context.settings
    if settings.watch == WATCH_ON:
        PeriodicThread(Watcher(context).step).wake()
    sender = WebhookSender(
        context.casebook,
        endpoints(settings.webhooks),
        context.clock,
        allowed=networks(settings.webhook_networks),
        seconds=settings.webhook_seconds,
    )
    PeriodicThread(sender.step).wake()
