"""Prometheus metrics of requests, assessments and their steps, over all workers."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import TypeVar

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
    multiprocess,
)

from investigations.assessments import ModelUsed
from investigations.monitoring.alarms import AlarmCode
from investigations.monitoring.record import Kept
from service.http import metric_files

metric_files.install()

_SECONDS = (0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.125, 0.25, 0.5, 1.0, 2.5)

# that are labels of their own
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

REQUESTS = Counter("ringfence_requests_total", "Requests answered.", ("route", "method", "status"))
SECONDS = Histogram("ringfence_request_seconds", "Time to answer a request.", ("route",), buckets=_SECONDS)
ASSESSMENTS = Counter(
    "ringfence_assessments_total",
    "Assessments made, by decision and level of completeness.",
    ("decision", "level"),
)
STEPS = Histogram("ringfence_step_seconds", "Time of one step of an assessment.", ("step",), buckets=_SECONDS)
REPLAYED = Counter(
    "ringfence_idempotent_replays_total",
    "Requests answered with the first answer to the same idempotency key.",
)
PROBING = Counter(
    "ringfence_probing_total",
    (
        "Alarms: many values named that look alike behind their mask, by kind, or nearly only `strangers` "
        "asked for."
    ),
    ("kind",),
)
REFUSED_KEYS = Counter("ringfence_refused_keys_total", "Requests with an unknown key.")
SELF_CHECKS = Counter(
    "ringfence_self_checks_total",
    "Answers computed again from the store's own view, by result.",
    ("result",),
)
PAST_FRAME = Counter(
    "ringfence_past_frame_total",
    "Reads of the store's own view because the frame was `behind` or `unreadable`.",
    ("why",),
)
REVIEW_SHARE = Counter(
    "ringfence_review_share_outside_total",
    "Days on which the share of answers in review had left its band, by `side`, in each worker.",
    ("side",),
)
BEGUN_AGAIN = Counter(
    "ringfence_processes_begun_again_total",
    "Processes of the service that ended unasked and were begun again: `worker`, `watch` or `shadow`.",
    ("process",),
)
MODEL = Gauge(
    "ringfence_model_serves",
    "1 for the model that a worker took over last, 0 for the ones before.",
    ("name", "version"),
    multiprocess_mode="mostrecent",
)
MODEL_TRAINED = Gauge(
    "ringfence_model_trained_timestamp_seconds",
    "Until when the model that serves learned, as seconds since 1970: time() less this is its age.",
    multiprocess_mode="mostrecent",
)
MODELS_TAKEN = Counter(
    "ringfence_models_taken_over_total",
    "Champions of the registry by worker: `taken` over, or `failed` (the one before serves on).",
    ("result",),
)
POLICIES_TAKEN = Counter(
    "ringfence_policies_taken_over_total",
    "Changes of the policy files in force by worker: `taken` over, or `failed` looks at a file that cannot "
    "be read (those from before stay in force).",
    ("result",),
)
OWED_FACTS = Gauge(
    "ringfence_owed_facts",
    "Assessments whose applications have not reached the graph store yet.",
    multiprocess_mode="mostrecent",
)
SNAPSHOT = Gauge(
    "ringfence_ring_snapshot_timestamp_seconds",
    "As of when the rings in force were found, as seconds since 1970: time() less this is their age.",
    multiprocess_mode="mostrecent",
)
MONITORED = Gauge(
    "ringfence_monitored_timestamp_seconds",
    "When monitoring last ran, as seconds since 1970.",
    multiprocess_mode="mostrecent",
)
DRIFT = Gauge(
    "ringfence_drift_index",
    "Population stability index of the last day that was monitored, by name (docs/monitoring.md).",
    ("name",),
    multiprocess_mode="mostrecent",
)
MODEL_ALARMS = Gauge(
    "ringfence_model_alarms",
    "Alarms of monitoring that last, by code.",
    ("code",),
    multiprocess_mode="mostrecent",
)
LABEL_DELAY = Gauge(
    "ringfence_label_delay_days",
    "Days until a fraud became known, of those that did in the last 90 days: the quantiles `0.5` and `0.9`.",
    ("quantile",),
    multiprocess_mode="mostrecent",
)
SHADOW_ANSWERS = Counter(
    "ringfence_shadow_answers_total",
    "Assessments that a model or policy in shadow looked at: `answered` or `failed`.",
    ("version", "result"),
)
SHADOW_LAG = Gauge(
    "ringfence_shadow_lag_seconds",
    "How much older the latest assessment that all in shadow have answered is than the latest there is.",
    multiprocess_mode="mostrecent",
)
ALERTS = Counter("ringfence_alerts_total", "Alerts that the watch found, by code.", ("code",))
WEBHOOKS = Counter(
    "ringfence_webhooks_total",
    "Attempts to send a webhook, by endpoint: `sent`, `failed` (it is tried again) or `dead`; `dropped` "
    "where it is about somebody erased.",
    ("endpoint", "result"),
)

CONTENT_TYPE = CONTENT_TYPE_LATEST
Metric = TypeVar("Metric", Counter, Histogram)


@cache
def labelled(metric: Metric, *labels: str) -> Metric:
    """`metric.labels(...)`, found once for all requests."""
    return metric.labels(*labels)


def note_model(now: ModelUsed | None, before: ModelUsed | None = None) -> None:
    """The model that serves from here on, and the one that did before."""
    if before is not None:
        MODEL.labels(before.name, before.version).set(0)
    if now is not None:
        MODEL.labels(now.name, now.version).set(1)
        MODEL_TRAINED.set(datetime.fromisoformat(now.trained_as_of).timestamp())


def note_monitoring(run: Kept, day: Kept | None, alarms: Sequence[str]) -> None:
    """What a run found: the latest day that it looked at, and the codes of all alarms that last."""
    MONITORED.set(run.since.timestamp())
    for name, moved in (day.content["stability"] if day else {}).items():
        DRIFT.labels(name).set(moved["index"])
    for code in AlarmCode:
        MODEL_ALARMS.labels(code.value).set(alarms.count(code.value))
    if (delay := run.content["label_delay"]) is not None:
        LABEL_DELAY.labels("0.5").set(delay["median_days"])
        LABEL_DELAY.labels("0.9").set(delay["p90_days"])


def method_label(method: str) -> str:
    """An HTTP method as a label: anybody can invent one, and a series once made is there for ever."""
    return method if method in METHODS else "other"


def exposition() -> bytes:
    """All metrics in Prometheus' text form; where workers share a folder (PROMETHEUS_MULTIPROC_DIR), of all
    of them together.
    """
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return bytes(generate_latest(REGISTRY))
    registry = CollectorRegistry()
    multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return bytes(generate_latest(registry))
