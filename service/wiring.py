"""Wiring: everything that a service process needs, opened from the settings, once for each process."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import ExitStack
from datetime import datetime
from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING

from graph.frame.catch_up import CatchUpBudget
from graph.frame.frame import Frame
from graph.frame.location import frame_of
from graph.model.errors import StoreError
from graph.store.port import GraphStore
from ingestion.parse_context import Pseudonymiser, time_zone
from service.assessment.answers.response import ResponseBuilder
from service.assessment.context import AppContext
from service.assessment.policies.files import PolicyFiles
from service.assessment.policies.in_force import PolicyInForce
from service.assessment.served_model import following
from service.assessment.views import Views
from service.clock import clock_of
from service.lenders import Lenders
from service.opening import open_casebook, open_keyring, open_store, policy_for
from service.registered_models import open_models, serving_scorer
from service.settings import NO_FRAME, Settings
from service.threads.background_writer import BackgroundWriter

if TYPE_CHECKING:
    from gnn.scoring.scorer import Scorer

__all__ = ["open_store", "wire"]  # what embedding code imports

log = logging.getLogger("ringfence.wiring")

# how long a process that starts fills the frame before it goes on; the rest comes in while it answers
START_S = 2.0


def wire(
    settings: Settings,
    *,
    scorer: Scorer | None = None,
    clock: Callable[[], datetime] | None = None,
    listens: bool = False,
) -> AppContext:
    """Everything a service process needs; `scorer` spares the loading, and `clock` stands for the one that
    all on the casebook share. One that `listens` to others takes no weak hash key.

    Raises SettingError, BundleError or StoreError, each with the next step.
    """
    if scorer is None and not settings.registry:
        scorer = serving_scorer(settings, None)
    zone = time_zone(settings.timezone)
    with ExitStack() as opened:  # closed again where the rest cannot be had
        store = opened.enter_context(open_store(settings.store, live=True, zone=settings.timezone))
        keys = open_keyring(settings, store, strict=listens)
        models = open_models(settings, keys.keys)
        scorer = scorer or serving_scorer(settings, models)
        casebook = opened.enter_context(open_casebook(settings.casebook, settings.casebook_sync))
        clock = clock or clock_of(casebook)
        files = PolicyFiles(casebook)
        files.refresh()
        find = partial(_frame, store, settings) if settings.frame != NO_FRAME else _no_frame
        frame = _if_store_answers(find)
        opened.pop_all()
    rotated = len(keys.keys) > 1
    policy = policy_for(settings, scorer)
    version = scorer.version if scorer else ""
    return AppContext(
        settings=settings,
        store=store,
        casebook=casebook,
        keyring=keys,
        lenders=Lenders(store, clock),
        pseudonymiser=Pseudonymiser(
            keys, (lambda node: store.view(clock()).identifier(node) is not None) if rotated else None
        ),
        zone=zone,
        responses=ResponseBuilder(zone, f"{settings.public_url.rstrip('/')}/desk"),
        writer=BackgroundWriter(store),
        views=Views(store, frame, settings.self_check, find),
        policy=policy,
        policies=PolicyInForce(
            policy,
            following(settings, policy, scorer, lambda window: casebook.scores.of(window, version)),
            files,
        ),
        scorer=scorer,
        models=models,
        clock=clock,
    )


def _frame(store: GraphStore, settings: Settings) -> Frame | None:
    """The store's frame, brought towards its revision for START_S at most: until all is in the store's view
    answers. Raises StoreUnavailableError.
    """
    started = perf_counter()
    frame = frame_of(store, settings.frame)
    before = frame.revision
    held = frame.catch_up(None, START_S, CatchUpBudget(seconds=START_S))
    if not held:
        log.info(
            "the frame holds mark %d and is %d behind: the store's view answers until they are in",
            frame.revision,
            frame.behind,
        )
    elif perf_counter() - started > 1:
        log.info(
            "the frame was brought from mark %d to %d in %.1f s",
            before,
            frame.revision,
            perf_counter() - started,
        )
    return frame


def _if_store_answers(find: Callable[[], Frame | None]) -> Frame | None:
    try:
        return find()
    except StoreError as error:
        log.warning("no frame for now: %s", error)
        return None


def _no_frame() -> None:
    """Where the settings want none."""
