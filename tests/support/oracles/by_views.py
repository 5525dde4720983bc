"""What a store's views show of a subject, by the slow and obvious way: a view's evidence, the neighbourhood
made of it, and what is seen there.
"""

from __future__ import annotations

from dataclasses import dataclass

from gnn.graphs.encode import encode
from gnn.graphs.tensors import Tensors
from graph.features.precompute import precompute
from graph.features.subject_features import SubjectFeatures, compute_features
from graph.features.workspace import Precomputed, workspace_for
from graph.frame.from_view import neighbourhood_of, node_names_of
from graph.frame.neighbourhood import Neighbourhood
from graph.model.moments import moment
from graph.store.evidence import Evidence, Subject, subject_of
from graph.store.port import GraphStore
from tests.support.small_worlds import day


@dataclass(frozen=True, slots=True)
class Seed:
    """A subject by its ids and its moment, in microseconds; `application_id` None is an applicant watched at
    that moment.
    """

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


def seen(evidence: Evidence) -> SubjectFeatures:
    """Its features and the ways that show them; to be asked before the next subject is looked at."""
    return compute_features(*node_names_of(evidence), evidence.subject)


def reading(evidence: Evidence) -> tuple[Neighbourhood, Precomputed]:
    """What its features are worked out from."""
    n = neighbourhood_of(evidence)
    r = workspace_for(n)
    assert precompute(n, r)
    return n, r


def person(evidence: Evidence) -> tuple[str, ...]:
    """The applicant ids of the resolved person, sorted."""
    people = [
        node.partition(":")[2]
        for node, data in evidence.graph.nodes(data=True)
        if data["type"] == "applicant"
    ]
    return tuple(
        sorted(who for who, past in zip(people, reading(evidence)[1].people, strict=False) if past["me"])
    )


def drawn(evidence: Evidence, *, unjudged: bool = False) -> Tensors:
    """What the network reads; `unjudged`: as if nobody had said anything of the subject itself."""
    n = neighbourhood_of(evidence)
    if unjudged:
        n.people[0]["labels"] = 0
    return encode(n)
