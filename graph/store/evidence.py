"""The evidence of one assessment: read once through a view and used by signals, variables, network and
policy.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

import networkx as nx

from graph.facts.hubs import COUNT_CAP
from graph.model.moments import COUNTRY
from graph.model.types import (
    Application,
    Device,
    Event,
    Identifier,
    Label,
    Membership,
    Merchant,
    Outcome,
    Platform,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """Who is assessed: an applicant, with the application in question or (stage `monitoring`) without one."""

    applicant_id: str
    application: Application | None = None

    @property
    def node(self) -> str:
        """The applicant's node name in the subgraph."""
        return f"applicant:{self.applicant_id}"


def subject_of(application: Application) -> Subject:
    """The subject of an application's assessment."""
    return Subject(applicant_id=application.applicant_id, application=application)


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Everything that one assessment may use; all of it happened and became known strictly before `as_of`.

    `GraphView.evidence_of` reads it.

    `graph` is `GraphView.neighbourhood`. `applications`, `labels` and `memberships` cover every applicant in
    it, `outcomes` those applications; `events` (their own) and `dealings` (with a counterparty, on either
    side) the subject alone; `at_merchant` and `at_agent` are the latest applications of anybody there, whose
    labels and outcomes are covered too. `elsewhere` are the applications by people beyond the bound that name
    what the subject names (`graph.store.keys`), their outcomes covered. `zone` is the borrowers' time zone.
    The application in question is `subject.application` and is in none of the others.
    """

    subject: Subject
    as_of: datetime
    graph: nx.Graph[str]
    applications: Mapping[str, tuple[Application, ...]]
    outcomes: Mapping[str, tuple[Outcome, ...]]
    labels: Mapping[str, tuple[Label, ...]]
    memberships: Mapping[str, Membership]
    events: tuple[Event, ...]
    dealings: tuple[Event, ...]
    devices: Mapping[Identifier, Device]
    merchants: Mapping[str, Merchant]
    at_merchant: tuple[Application, ...]
    at_agent: tuple[Application, ...]
    platforms: Mapping[str, Platform]
    elsewhere: tuple[Application, ...]
    zone: str = COUNTRY

    @property
    def own(self) -> tuple[Application, ...]:
        """The subject's own earlier applications, newest first."""
        return self.applications[self.subject.applicant_id]

    @property
    def received(self) -> tuple[Event, ...]:
        """What others did towards the subject (a transfer, a referral), newest first."""
        return tuple(event for event in self.dealings if event.counterparty_id == self.subject.applicant_id)


def leave_out(evidence: Evidence) -> Evidence:
    """The evidence without the application in question, which a later scan (stage `disbursement`) finds in
    the store.

    Its graph is changed in place: what only this application says is tied `since` nothing, as it was at the
    first scan.
    """
    application = evidence.subject.application
    if application is None or application.applied_at >= evidence.as_of:
        return evidence
    graph, me = evidence.graph, evidence.subject.node
    for mention in application.mentions:
        tie = graph.get_edge_data(me, mention.identifier.node)
        if tie is not None and tie["since"] == application.applied_at:
            tie["since"] = tie["last"] = None
            node = graph.nodes[mention.identifier.node]
            if 0 < node["holders"] < COUNT_CAP:
                node["holders"] -= 1
    mine = tuple(a for a in evidence.own if a.application_id != application.application_id)
    return replace(
        evidence,
        applications={**evidence.applications, evidence.subject.applicant_id: mine},
        outcomes={
            name: steps for name, steps in evidence.outcomes.items() if name != application.application_id
        },
        at_merchant=tuple(a for a in evidence.at_merchant if a.application_id != application.application_id),
        at_agent=tuple(a for a in evidence.at_agent if a.application_id != application.application_id),
    )
