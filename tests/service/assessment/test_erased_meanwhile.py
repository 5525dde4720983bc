"""Who is erased while people are scored, or rings looked for, is in no file and in no message."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from graph.model.errors import ConflictError, NotFoundError
from graph.rings.applicants.rows import HeldApplicants
from graph.rings.suspicion.people import through_frame
from service.assessment.batches.batch import Scoring, score
from service.assessment.batches.output import ScoresOut
from service.assessment.batches.work import BatchTask, Period, Rows
from service.settings import Settings
from tests.support.contracts.erasure_contract import erased
from tests.support.small_service import settings_in
from tests.support.small_worlds import day, random_facts
from tests.support.stores import open_url
from tests.support.worlds.rings import AS_OF, CREW, both, crew, honest, town

ALL = Period(since=day(0), until=day(70))
NAMED = "no application LOAN-of-p003 at its moment"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    given = settings_in(tmp_path)
    with open_url(given.store) as store:
        store.add(random_facts(1))
    return given


@pytest.mark.parametrize("ends_well", [True, False])
def test_a_batch_during_which_people_are_erased_leaves_no_file_and_no_name(
    settings: Settings, tmp_path: Path, ends_well: bool
) -> None:
    def engine(task: BatchTask, period: Period) -> Iterator[Rows]:
        yield []
        with open_url(settings.store) as store:
            erased(store, "p003")
        if not ends_well:
            raise NotFoundError(NAMED)

    out = tmp_path / "scores.csv"
    with pytest.raises(ConflictError, match="erased meanwhile") as refused:
        score(settings, ALL, ScoresOut(out), Scoring(engine))
    assert "p003" not in str(refused.value)
    assert not [path for path in tmp_path.iterdir() if "scores" in path.name]


def test_a_search_for_rings_during_which_people_are_erased_names_nobody(tmp_path: Path) -> None:
    facts = both(honest(families=20, dormitory=12, customers=20), crew(known_on=190))
    with town(tmp_path / "town.db", facts) as store:
        closely, people = through_frame(store, store.revision()), HeldApplicants(store.view(AS_OF).tables())
        erased(store, CREW[0])
        with pytest.raises(ConflictError, match="erased meanwhile") as refused:
            closely(people, np.arange(len(people)))
    assert CREW[0] not in str(refused.value)
