"""Train a model on what was known before a moment, and say how good it is on later applications."""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ingestion.identifiers.pseudonymise import Keyring
from scripts.cli.cluster_arguments import add_engine, add_keep_stages, cluster_plan
from scripts.cli.command import Command, Result
from scripts.cli.learning_libraries import learning_libraries
from scripts.cli.settings_given import settings_given
from scripts.cli.usual_arguments import add_store
from service.folders import folder_for, folder_named
from service.opening import as_of_given, open_existing, open_keyring
from service.person_at_work import person_at_work
from service.settings import NO_FRAME

EXAMPLE = """example:
  COMMAND --store sqlite:///ringfence.db --as-of 2026-01-01 --out models/first"""


def _arguments(parser: argparse.ArgumentParser) -> None:
    add_store(parser)
    parser.add_argument(
        "--as-of",
        required=True,
        metavar="T",
        help="nothing that happened or became known from here on is used, ISO-8601",
    )
    parser.add_argument(
        "--out",
        required=True,
        type=Path,
        metavar="DIR",
        help="folder of the model bundle; one that is there is replaced at the end",
    )
    parser.add_argument(
        "--registry",
        metavar="URL",
        help="add the bundle to this registry as a candidate too (default: it stays in its folder alone)",
    )
    parser.add_argument(
        "--horizon-days",
        type=float,
        help="a fraud counts when it becomes known within so many days (default: from the delays seen)",
    )
    parser.add_argument(
        "--capacity",
        type=float,
        default=0.02,
        help="share of assessments that people can review (default 0.02)",
    )
    parser.add_argument(
        "--most-samples",
        type=int,
        default=1_000_000,
        help="above so many, samples not known to be fraud are thinned (default 1000000)",
    )
    parser.add_argument(
        "--most-network-samples",
        type=int,
        default=5_000,
        help="the same for the network (default 5000; docs/model.md says what more gave)",
    )
    parser.add_argument(
        "--processes",
        type=int,
        default=min(os.cpu_count() or 1, 8),
        help="cores that grow trees (default: all, at most 8)",
    )
    add_engine(parser, of="features and embeddings are computed", same="models")
    add_keep_stages(parser)


def _run(options: argparse.Namespace) -> Result:
    with learning_libraries("training"):
        from gnn.scoring.bundle import digest
        from gnn.training.run import Sight, train_model
        from gnn.training_plan import TrainingPlan
        from service.engines.look_engine import look_engine

    settings = settings_given(options)
    plan = TrainingPlan(
        horizon_days=options.horizon_days,
        capacity=options.capacity,
        most_samples=options.most_samples,
        most_network_samples=options.most_network_samples,
        workers=options.processes,
    )
    as_of = as_of_given(settings, options.as_of)
    with open_existing(settings.store, settings.timezone) as store:
        folder_for(folder_named(options.out).absolute().parent)
        kept_in = "" if settings.frame == NO_FRAME else settings.frame
        with look_engine(options.engine, cluster_plan(options), store) as look:
            figures = train_model(store, as_of, options.out, plan, Sight(kept_in, look))
        state = _added(options, open_keyring(settings, store)) if options.registry else {}
    return Result({**figures, "digest": digest(options.out), **state}, brief={**_brief(figures), **state})


def _brief(figures: Mapping[str, Any]) -> dict[str, object]:
    """Each part on people who are not known, and what serves."""
    return {
        **{part: figures[part] for part in ("network", "trees", "blend", "reference") if part in figures},
        **{name: figures["test"][name] for name in ("samples", "frauds")},
        "serves": figures["serves"],
        "why": figures["evidence"]["sentence"],
    }


def _added(options: argparse.Namespace, keys: Keyring) -> dict[str, str]:
    """The state of the bundle in the registry."""
    from gnn.registry.models import Deed, ModelRegistry

    registry = ModelRegistry(options.registry, keys.keys)
    deed = Deed(by=person_at_work(), at=datetime.now(UTC), reason=f"trained as of {options.as_of}")
    return {"state": registry.add(options.out, deed).state.value}


COMMAND = Command(
    name="train", script="train_model", description=__doc__, example=EXAMPLE, arguments=_arguments, run=_run
)
