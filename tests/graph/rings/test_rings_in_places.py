"""Rings are the same to the last bit at however many places everybody is looked at."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from graph.model.types import Ring
from graph.rings.projected import in_this_process
from graph.rings.search import PreviousFlags, search
from graph.rings.suspicion import places
from graph.rings.suspicion.people import through_frame
from graph.rings.weekly.honest_impact import honest_impact
from graph.rings.weekly.snapshot import snapshot_of
from tests.support.deliveries import load_into
from tests.support.everybody_in_places import in_places
from tests.support.ring_searches import same_groups
from tests.support.stores import open_store
from tests.support.worlds.drawn_deliveries import BEGAN, drawn_delivery

LEARNED, HELD = (1, 22, 52, 56, 57), (12, 17, 27, 55)  # from labels; with flags that the week before gave
BUDGETS: tuple[dict[str, float], ...] = (
    {"honest_budget": 0.5, "false_alarms": 0.5},
    {"honest_budget": 0.0},
    {},
)


@pytest.mark.parametrize("seed", [*LEARNED, *HELD, 2, 3, 4, 11, 13, 59])
def test_rings_of_a_drawn_delivery_are_the_same_at_several_places(
    seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of three weeks, each of which holds flags of the one before, by usual and by other budgets."""
    monkeypatch.setattr(places, "FEW", (3, 50, 10_000)[seed % 3])
    days = drawn_delivery(tmp_path / "records", seed)
    before: tuple[Ring, ...] = ()
    learned, held = False, 0
    with open_store(tmp_path / "s.db") as store:
        load_into(store, tmp_path / "records")
        closely = through_frame(store, store.revision()) if seed % 2 else None
        for week, on in enumerate((0.7 * days, 0.7 * days + 7, days + 35)):
            at, flagged = BEGAN + timedelta(days=on), tuple(ring for ring in before if ring.kind.flagged)
            memory = PreviousFlags(flagged, **BUDGETS[(week + seed) % 3])
            found = in_this_process(store.view(at).tables())
            one = search(found, memory, closely)
            snapshot = snapshot_of(one, f"week {week}", at, before)
            for count in (2, 7):
                other = search(in_places(found, count, seed), memory, closely)
                assert same_groups(one, other)
                assert snapshot_of(other, f"week {week}", at, before) == snapshot
                assert honest_impact(other) == honest_impact(one)
            before = snapshot.rings
            learned, held = learned or one.known.totals.are_enough, held + len(one.flags.retained)
    assert learned or seed not in LEARNED
    assert held or seed not in HELD
