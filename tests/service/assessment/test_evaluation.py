"""What rules look at is the same whether the neighbourhood has it at hand or the view is asked for all of
it.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from graph.features.read_neighbourhood import read_neighbourhood
from graph.store.evidence import Subject
from investigations.rules import RuleInputs
from service.assessment.evaluation import _rule_inputs_of, rule_inputs
from tests.service.assessment.test_assess import snapshot
from tests.support.frames import FramedStore
from tests.support.small_worlds import day, random_facts


def told(known: RuleInputs) -> tuple[object, ...]:
    """What rules can tell of it; loans of which nothing came say nothing."""
    steps = sorted(tuple(sorted(one)) for one in known.steps or () if one)
    return known.as_of, known.application, known.applied_at, steps, known.labels, known.membership


@pytest.mark.parametrize("seed", range(3))
def test_rules_are_told_the_same_of_everybody_at_every_moment(tmp_path: Path, seed: int) -> None:
    with FramedStore(tmp_path / "graph.db") as store:
        facts = random_facts(seed)
        store.add(facts)
        people = sorted({a.applicant_id for a in facts.applications})
        store.save_rings(snapshot(*people[:4], on=40))
        seen = 0
        for at in (day(30), day(50), day(90)):
            for view in (store.view(at), store.of_sqlite(at)):
                for who in people[:12]:
                    subject = Subject(applicant_id=who)
                    n, _ = read_neighbourhood(view, subject)
                    of_view = told(rule_inputs(view, subject))
                    assert told(_rule_inputs_of(n, view, subject)) == of_view
                    seen += bool(of_view[3]) + bool(of_view[4]) + bool(of_view[5])
        assert seen > 10, "a world in which there is something to tell"
