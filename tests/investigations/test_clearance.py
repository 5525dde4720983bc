"""Somebody is held for fraud by a rule and then cleared by a review: everything that looks sees both, each
from its moment on.
"""

from __future__ import annotations

import numpy as np
import pytest

from gnn.graphs.schema import APPLICANT
from gnn.samples.collect import collect
from gnn.training_plan import TrainingPlan
from graph.features.extraction import COUNT_NAMES
from graph.model.types import Facts, Label, LabelValue
from graph.rings.applicants.rows import HeldApplicants
from graph.store.evidence import Subject
from investigations import rules
from service.desk import subgraphs
from tests.support.oracles.by_views import drawn, seen
from tests.support.small_worlds import PLATFORMS, applies, day, uses
from tests.support.stores import open_store

HANDSET = uses("device", "d1")
HELD, CLEARED = day(30), day(40)


@pytest.fixture
def store(tmp_path):
    facts = Facts(
        platforms=PLATFORMS,
        applications=(applies("ann", 1, HANDSET), applies("bob", 2, HANDSET)),
        labels=(
            Label(label=LabelValue.FRAUD, known_at=HELD, application_id="ann@1", source="rule"),
            Label(label=LabelValue.GOOD, known_at=CLEARED, application_id="ann@1", source="review"),
        ),
    )
    with open_store(tmp_path / "s.db") as store:
        store.add(facts)
        yield store


def policy(view):
    return [
        one.code.code for one in rules.fired(rules.RuleInputs(labels=view.labels_of(["ann"])["ann"]))
    ] == ["RULE_FRAUD_KNOWN"]


def own_signal(view):
    return bool(seen(view.evidence_of(Subject(applicant_id="ann"))).signals["own_fraud_labels"])


def neighbours_signal(view):
    return bool(seen(view.evidence_of(Subject(applicant_id="bob"))).signals["strong_bad"])


def network_input(view):
    people = drawn(view.evidence_of(Subject(applicant_id="bob"))).x["applicant"]
    return bool(people[1:, APPLICANT.index("known_fraud")].any())


def reference(view):
    row = seen(view.evidence_of(Subject(applicant_id="bob"))).row
    return bool(row[COUNT_NAMES.index("device_known_fraud") - len(COUNT_NAMES)])


def rings(view):
    tables = view.tables()
    return bool(HeldApplicants(tables).columns["fraud"][np.flatnonzero(tables.applicant_ids == "ann")[0]])


def training_target(view):
    tables = view.tables()
    samples = collect(tables, TrainingPlan(horizon_days=60, least_frauds=0))
    return bool(samples.bad(tables.as_of)[np.flatnonzero(samples.application_id == "ann@1")[0]])


def desk(view):
    return {node.id: node.bad for node in subgraphs.draw(view, "applicant:bob").nodes}["applicant:ann"]


@pytest.mark.parametrize(
    "looks", [policy, own_signal, neighbours_signal, network_input, reference, rings, training_target, desk]
)
def test_a_fraud_that_a_review_takes_back_is_seen_by_all_and_then_by_none(store, looks):
    moments = (HELD, day(31), CLEARED, day(41))
    assert [looks(store.view(moment)) for moment in moments] == [False, True, True, False], (
        "known strictly before the moment, or not at all"
    )
