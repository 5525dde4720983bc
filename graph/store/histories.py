"""The applications of a list of people as evidence of them alone: what is known of a ring's members beside
the subject's own surroundings.
"""

from __future__ import annotations

from collections.abc import Sequence

import networkx as nx

from graph.store.evidence import Evidence, Subject
from graph.store.port import GraphView


def histories_of(view: GraphView, subject: Subject, people: Sequence[str]) -> Evidence:
    """The latest applications of those people, without the one in question, and what became of them; nothing
    else is in it.
    """
    asked = subject.application.application_id if subject.application else None
    applications = {
        who: tuple(one for one in made if one.application_id != asked)
        for who, made in view.applications_of(people).items()
    }
    ids = [one.application_id for made in applications.values() for one in made]
    graph: nx.Graph[str] = nx.Graph(truncated=False, hubs_ignored=0, applicants=len(people))
    graph.add_nodes_from((f"applicant:{who}", {"type": "applicant", "step": 0}) for who in people)
    return Evidence(
        subject=subject,
        as_of=view.as_of,
        graph=graph,
        applications=applications,
        outcomes=view.outcomes_of(ids) if ids else {},
        labels={},
        memberships={},
        events=(),
        dealings=(),
        devices={},
        merchants={},
        at_merchant=(),
        at_agent=(),
        platforms=view.platforms(),
        elsewhere=(),
        zone=view.zone,
    )
