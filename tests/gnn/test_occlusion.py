"""What the network looked at: a tie that is taken away takes with it whom only it brings in, and the ties
that count come first.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gnn.graphs.schema import EDGE_TYPES, TIES
from gnn.graphs.tensors import Index, Tensors, nobody, without
from gnn.scoring.forward import Forward
from gnn.scoring.occlusion import occlusion
from gnn.training.network import RingNet
from graph.features.path_rules import over_tie
from graph.model.types import Facts
from graph.store.evidence import Evidence, subject_of
from tests.support.oracles.by_views import drawn
from tests.support.small_worlds import applies, day, random_facts, uses
from tests.support.stores import open_store

ASKED = applies("ann", 50, uses("device", "d"), uses("bank_card", "c"), uses("email", "alone"))
OTHERS = (
    applies("bob", 10, uses("device", "d")),
    applies("eve", 20, uses("device", "d"), uses("phone", "p")),
    applies("dan", 25, uses("phone", "p")),
    applies("cat", 30, uses("bank_card", "c")),
)


@pytest.fixture
def evidence(tmp_path: Path) -> Evidence:
    return seen(tmp_path, ASKED, OTHERS)


@pytest.fixture
def tensors(evidence: Evidence) -> Tensors:
    return drawn(evidence)


def seen(folder: Path, request, others) -> Evidence:
    with open_store(folder / "graph.db") as store:
        store.add(Facts(applications=others))
        return store.view(day(50)).evidence_of(subject_of(request))


def name_of(evidence: Evidence, tensors: Tensors, node: int) -> str:
    """The name in the subgraph of an applicant or an identifier, by its row in `tensors`."""
    is_person = node < tensors.first[1]
    same = [
        name for name, data in evidence.graph.nodes(data=True) if (data["type"] == "applicant") == is_person
    ]
    return str(same[tensors.origin[node]])


def people(tensors: Tensors) -> float:
    return float(len(tensors.x["applicant"]))


def people_without(tensors: Tensors, ties: Index) -> list[float]:
    return [people(without(tensors, [tie])) for tie in ties.tolist()]


def ends(evidence: Evidence, tensors: Tensors) -> dict[str, int]:
    """The subject's own ties by the name of the other end."""
    return {name_of(evidence, tensors, tensors.other_end(tie)): tie for tie in tensors.mine.tolist()}


def test_the_subjects_own_ties_are_known_by_name(evidence: Evidence, tensors: Tensors) -> None:
    assert ends(evidence, tensors).keys() == {"device:k1.d", "bank_card:k1.c", "email:k1.alone"}
    for tie in tensors.mine:
        assert tensors.ends[tie, 0] == 0


def test_without_a_tie_whom_only_it_brings_in_is_gone_and_all_else_is_as_it_was(
    tmp_path: Path, evidence: Evidence, tensors: Tensors
) -> None:
    assert people(tensors) == 5
    less = without(tensors, [ends(evidence, tensors)["device:k1.d"]])
    assert people(less) == 2
    bare = tmp_path / "bare"
    bare.mkdir()
    alone = drawn(seen(bare, applies("ann", 50, uses("bank_card", "c"), uses("email", "alone")), OTHERS[3:]))
    assert [len(less.x[kind]) for kind in less.x] == [len(alone.x[kind]) for kind in alone.x]
    assert all(less.edge_index[edge].shape == alone.edge_index[edge].shape for edge in EDGE_TYPES)
    assert np.array_equal(less.x["device"], alone.x["device"])
    assert np.array_equal(
        less.edge_index["applicant", "made", "application"],
        alone.edge_index["applicant", "made", "application"],
    )


def test_the_tie_that_brings_in_most_comes_first_and_what_leads_to_nobody_is_no_tie(
    evidence: Evidence, tensors: Tensors
) -> None:
    result = occlusion(tensors, (people(tensors), people(tensors)), people_without, people)
    ways = {
        node: over_tie(int(tensors.origin[tensors.other_end(tie)]))
        for node, tie in ends(evidence, tensors).items()
    }
    assert result.ties == (ways["device:k1.d"], ways["bank_card:k1.c"])
    assert result.links == 4


def test_where_links_add_nothing_there_is_nothing_to_tell(tensors: Tensors) -> None:
    assert occlusion(tensors, (0.0, -people(tensors)), people_without, lambda less: -people(less)) == (
        (),
        0.0,
    )


@pytest.mark.parametrize(("seed", "layers"), [(0, 2), (1, 2), (2, 2), (3, 1), (4, 3), (5, 4)])
def test_the_network_reads_what_is_left_as_it_reads_anything(tmp_path: Path, seed: int, layers: int) -> None:
    facts = random_facts(seed)
    request = max(facts.applications, key=lambda a: (a.applied_at, a.application_id))
    with open_store(tmp_path / "graph.db") as store:
        store.add(facts)
        tensors = drawn(store.view(request.applied_at).evidence_of(subject_of(request)))
    forward = Forward(RingNet(hidden=8, embedding=4, layers=layers).weights())
    for tie in tensors.mine:
        less = without(tensors, [tie])
        assert np.isfinite(forward(less)).all()
        assert len(less.rows) <= len(tensors.rows)
        assert len(less.x["applicant"]) >= 1
    # whichever tie it is, one of others too: what is computed again is what changes, to the bit
    ties = np.arange(tensors.sorts[TIES], dtype=np.int32)
    assert forward.without_each(tensors, ties).tolist() == [
        forward(without(tensors, [tie]))[0] for tie in ties.tolist()
    ]


def test_nobody_stays_who_they_are() -> None:
    assert all(np.array_equal(a, b) for a, b in zip(without(nobody(), []), nobody(), strict=True))
