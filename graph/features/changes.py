"""What is new about a subject since an earlier assessment: what happened since and what was reported since,
however old.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from graph.facts.tables import KINDS
from graph.features.subject_features import SubjectFeatures
from graph.frame.neighbourhood import UNDATED, Neighbourhood
from graph.frame.node_names import NodeNames
from graph.model.types import IdentifierKind


@dataclass(frozen=True)
class EarlierNeighbourhood:
    """The surroundings as they could be seen before, and their names."""

    n: Neighbourhood
    names: NodeNames


def new_of_the_person(now: SubjectFeatures, before: EarlierNeighbourhood) -> dict[str, int]:
    """Own applications and the lenders asked, labels, and identifiers by which the applicant is tied for the
    first time.
    """
    known = set(_own(before.n, before.names))
    created = {name: lender for name, lender in _own(now.n, now.names).items() if name not in known}
    return {
        "applications": len(created),
        "lenders": len(set(created.values())),
        "labels": (_labels(now.n, now.names) - _labels(before.n, before.names)).total(),
        "identifiers": len(_tied(now.n, now.names) - _tied(before.n, before.names)),
    }


def new_holders(now: SubjectFeatures, before: EarlierNeighbourhood, kind: IdentifierKind) -> int:
    """How many other applicants in the subgraph were not tied to the subject's identifiers of `kind` before.

    Where the subgraph as it was then was cut, or did not have the identifier, only who was first tied to it
    since then is new for certain.
    """
    then, whole = before.n.subject[0]["as_of"], not before.n.subject[0]["truncated"]
    held = dict(_held(before.n, before.names, kind))
    fresh: set[str] = set()
    for node, holders in _held(now.n, now.names, kind):
        if now.names.person(int(now.n.people[0]["id"])) not in holders:
            continue
        earlier = held.get(node)
        for who, since in holders.items():
            if since != UNDATED and (since >= then or (whole and earlier is not None and who not in earlier)):
                fresh.add(who)
    return len(fresh - {now.names.person(int(now.n.people[0]["id"]))})


def _own(n: Neighbourhood, names: NodeNames) -> dict[str, int]:
    """The subject's earlier applications, and the lender of each."""
    me = n.people[0]
    application = n.applications[me["application"] : me["application"] + me["applications"]]
    return {
        names.application(number): lender
        for number, lender in zip(application["id"].tolist(), application["platform"].tolist(), strict=True)
    }


def _labels(n: Neighbourhood, names: NodeNames) -> Counter[tuple[object, ...]]:
    me = n.people[0]
    labels = n.labels[me["label"] : me["label"] + me["labels"]].tolist()
    return Counter(
        (at, names.application(loan) if loan >= 0 else None, fraud, by_person)
        for at, loan, fraud, by_person in labels
    )


def _tied(n: Neighbourhood, names: NodeNames) -> set[str]:
    """The identifiers that the applicant is tied to by more than the application in question, and people
    dealt with.
    """
    people = n.people[: n.subject[0]["people"]]["id"]
    ties = n.ties[: n.subject[0]["ties"]]
    mine = ties[(ties["person"] == 0) & (ties["since"] != UNDATED)]["identifier"]
    dealings = n.dealings[: n.subject[0]["dealings"]]
    others = [
        b if a == 0 else a
        for a, b in zip(dealings["a"].tolist(), dealings["b"].tolist(), strict=True)
        if 0 in (a, b)
    ]
    results = {names.identifier(number).node for number in n.identifiers[mine]["id"].tolist()}
    return results | {f"applicant:{names.person(number)}" for number in people[others].tolist()}


def _held(n: Neighbourhood, names: NodeNames, kind: IdentifierKind) -> Iterator[tuple[str, dict[str, int]]]:
    """Identifiers of a kind, and who in the subgraph is tied to each since when."""
    for one in n.identifiers[: n.subject[0]["identifiers"]]:
        if one["kind"] == KINDS.index(kind):
            ties = n.ties[one["tie"] : one["tie"] + one["ties"]]
            people = [names.person(number) for number in n.people[ties["person"]]["id"].tolist()]
            yield (
                names.identifier(int(one["id"])).node,
                dict(zip(people, ties["since"].tolist(), strict=True)),
            )
