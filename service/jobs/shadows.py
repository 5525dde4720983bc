"""Lets the models and policies in shadow answer what was assessed, each assessment once."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from itertools import groupby

from graph.model.errors import BundleError, ErasedError, RingfenceError, StoreChangedError
from investigations.review_capacity import window_of
from investigations.shadow.answers import LOOKS_BACK, OUT_OF_SCOPE, ShadowAnswer
from service.assessment.context import AppContext
from service.assessment.repeats.in_shadow import Challenger, Tried, answer_in_shadow, challenger_of, tried
from service.http import metrics
from service.jobs.pauses import Pauses
from service.leases import Lease
from service.registered_models import RegisteredModels

log = logging.getLogger("ringfence.shadow")

AT_ONCE = 32  # answers of one step
# Assessments are committed a little out of the order of their moments: behind the latest that was answered
# another one may come for so long.
BEHIND = timedelta(minutes=5)


class Shadows:
    """Every model and every policy that is in shadow; of several processes one is at work. What is done is
    what the casebook has: whoever is killed leaves the rest to the next one.
    """

    def __init__(self, context: AppContext, models: RegisteredModels | None) -> None:
        self._context, self._models = context, models
        self._lease = Lease(context.casebook, "shadow", context.clock)
        self._at_work: dict[Tried, Answering] = {}
        self._unusable = Pauses[Tried](context.clock)

    def step(self) -> bool:
        """Answer some assessments; whether nothing is left to do for now. Raises RegistryError and
        StoreUnavailableError.
        """
        shadows = [one for one in self._tried() if one not in self._unusable]
        self._at_work = {one: self._at_work[one] for one in shadows if one in self._at_work}
        if not shadows or not self._lease.take():
            return True
        done, failed = True, list[RingfenceError]()
        for one in self._answering(shadows):
            try:
                done = len(one.step()) < AT_ONCE and done
            except RingfenceError as error:  # what stops one challenger stops no other
                failed.append(error)
        if failed:
            raise failed[0]
        return done

    def close(self) -> None:
        """Let another process go on at once."""
        self._lease.give_back()

    def _answering(self, shadows: Sequence[Tried]) -> Iterator[Answering]:
        for one in shadows:
            if one not in self._at_work:
                try:
                    self._at_work[one] = Answering(self._challenger(one))
                except (BundleError, StoreChangedError) as error:
                    pause = self._unusable.failed(one)
                    log.warning("%s cannot answer in shadow: %s; tried again in %s", one.name, error, pause)
                    continue
                self._unusable.over(one)
                log.info("%s answers in shadow", one.name)
            yield self._at_work[one]

    def _challenger(self, one: Tried) -> Challenger:
        kept = self._context.casebook.shadows.kept_since()
        since = max(one.since, kept, self._context.clock() - LOOKS_BACK)
        return challenger_of(self._context, self._models, one, since)

    def _tried(self) -> tuple[Tried, ...]:
        return tried(self._models, self._context.casebook)


class Answering:
    """One challenger on its way through the casebook, from its first assessment on."""

    def __init__(self, challenger: Challenger) -> None:
        self._challenger, self._since = challenger, challenger.since

    def step(self) -> list[ShadowAnswer]:
        """Answer the oldest assessments that wait and write it down; AT_ONCE of them, or all there are.

        Those of a day are written before one of the next is looked at: its thresholds follow from them.
        Raises StoreUnavailableError.
        """
        context, answers = self._challenger.context, list[ShadowAnswer]()
        waiting = context.casebook.shadows.waiting(self._challenger.name, self._since, AT_ONCE)
        for _, day in groupby(waiting, lambda one: window_of(one[1], context.zone).until):
            said = list(self._said(day))
            context.casebook.shadows.keep(said)
            _count(said)
            answers += said
        if answers:
            self._since = max(self._since, answers[-1].as_of - BEHIND)
        return answers

    def _said(self, waiting: Iterable[tuple[str, datetime]]) -> Iterator[ShadowAnswer]:
        for name, as_of in waiting:
            with suppress(ErasedError):  # since it was read that it waits: it does not wait any more
                yield answer_in_shadow(self._challenger, name, as_of)


def _count(said: Sequence[ShadowAnswer]) -> None:
    for one in said:
        if one.failure != OUT_OF_SCOPE:
            metrics.SHADOW_ANSWERS.labels(one.challenger, "failed" if one.failure else "answered").inc()
