"""A ring snapshot that an older version saved is read by this one."""

import json

from graph.journal.snapshots import changes_of, ring_body, ring_of
from tests.support.store_contract import a_snapshot


def test_changes_without_a_flag_have_none() -> None:
    [change] = changes_of(json.dumps([["R-1", "grown", ["R-1"], 3, 1, 0.6]]))
    assert (change.ring_id, change.joined, change.left, change.flag, change.why) == ("R-1", 3, 1, "", ())


def test_a_ring_without_a_crew_has_none() -> None:
    [ring] = a_snapshot(1, 3).rings
    body = json.loads(ring_body(ring))
    assert body.pop("crew_id") == "R-0"
    old = ring_of("R-1", json.dumps(body), ring.members)
    assert (old.crew_id, old.score, old.members) == ("", ring.score, ring.members)
