"""Between which numbers a setting can be meant."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from types import MappingProxyType

from ingestion.sources.limits import DeliveryLimits

BOUNDS: Mapping[str, tuple[float, float]] = MappingProxyType(
    {
        "port": (1, 65_535),
        "workers": (1, 256),
        "drain_seconds": (0, 600),
        "timeout_ms": (1, 60_000),
        "review_probability": (0, 1),
        "decline_probability": (0, 1),
        "approve_ceiling": (0, 1),
        "self_check": (0, 1),
        "registry_seconds": (0.05, 3_600),
        "gate_margin": (0, 1),
        "gate_group_margin": (0, 1),
        "gate_ece": (0, 1),
        "gate_fairness": (1, 1_000),
        "gate_shares": (0, 1),
        "gate_latency_ms": (0.1, 60_000),
        "monitor_hours": (0, 8_760),
        "drift_index": (0.01, 100),
        "drift_days": (1, 14),
        "model_age_days": (1, 3_650),
        "recall_fall": (0, 1),
        "rate_limit": (0, 1e9),
        "second_eyes_above": (0, 1e15),
        "rate_burst": (1, 1e9),
        "idempotency_hours": (1, 8_760),
        "max_body_bytes": (1, 2**30),
        "max_batch_bytes": (1, 2**30),
        "body_seconds": (0.1, 600),
        "batches_per_key": (1, 256),
        "webhook_seconds": (0.1, 30),
        "session_idle_minutes": (1, 1_440),
        "session_hours": (1, 168),
        "password_characters": (8, 128),
        **{f"delivery_{limit.name}": (1, 2**50) for limit in dataclasses.fields(DeliveryLimits)},
    }
)
