"""What a store's views show of a stored subject just before its moment: the slow and obvious way that training's is held to."""

from __future__ import annotations

from dataclasses import dataclass

from graph.evidence import Evidence, Subject, subject_of
from graph.moments import moment
from graph.store import GraphStore
from tests.small_worlds import day


@dataclass(frozen=True, slots=True)
class Seed:
    """A subject by its ids and its moment, in microseconds; `application_id` None is an applicant watched at that moment."""

    applicant_id: str
    application_id: str | None
    at: int


def evidence_of(store: GraphStore, seed: Seed) -> Evidence:
    """What was known of it."""
    if seed.application_id is None:
        subject = Subject(applicant_id=seed.applicant_id)
    else:
        application = store.view(day(10_000)).application(seed.application_id)
        assert application
        subject = subject_of(application)
    return store.view(moment(seed.at)).evidence_of(subject)
