"""Looks at new revisions of the store: which alerts and messages their facts or rings are worth."""

from __future__ import annotations

from graph.journal.decode import JournalEntry
from investigations.watch.alerts import Alert
from investigations.watch.causes import alerts_of
from investigations.watch.messages import Message, WatchFindings, message_of
from investigations.watch.news import news_of
from investigations.watch.ring_watch import ring_alerts, ring_messages
from investigations.watch.watched import BeforeAndNow


def look(entry: JournalEntry, views: BeforeAndNow) -> WatchFindings:
    """What an entry changes about what is watched. `views` are the graph as of the moment of looking, up to
    the revision before the entry and up to its own.
    """
    found: dict[str, Alert] = {}
    more: tuple[Message, ...] = ()
    if entry.snapshot is not None:
        found = {one.alert_id: one for one in ring_alerts(entry.snapshot, views)}
        more = tuple(ring_messages(entry.snapshot, views))
    for news in news_of(entry.facts, views.now.as_of):
        for alert in alerts_of(news, views):
            found.setdefault(alert.alert_id, alert)
    alerts = tuple(found.values())
    return WatchFindings(alerts, (*map(message_of, alerts), *more))
