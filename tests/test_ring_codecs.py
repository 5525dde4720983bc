"""A ring snapshot that an older version saved is read by this one."""

import json

import pytest

from graph.neo4j_store import codec as neo4j_codec
from graph.sqlite_store import codec as sqlite_codec
from graph.sqlite_store import rings as sqlite_rings
from tests.store_contract import a_snapshot

OLD_CHANGE = ["R-1", "grown", ["R-1"], 3, 1, 0.6]


@pytest.mark.parametrize("changes_of", [sqlite_rings.changes_of, neo4j_codec.changes_of])
def test_changes_without_a_flag_have_none(changes_of):
    [change] = changes_of(json.dumps([OLD_CHANGE]))
    assert (change.ring_id, change.joined, change.left, change.flag, change.why) == ("R-1", 3, 1, "", ())


@pytest.mark.parametrize("codec", [sqlite_codec, neo4j_codec])
def test_a_ring_without_a_crew_has_none(codec):
    [ring] = a_snapshot(1, 3).rings
    body = json.loads(codec.ring_body(ring))
    assert body.pop("crew_id") == "R-0"
    old = codec.ring_of("R-1", json.dumps(body), ring.members)
    assert (old.crew_id, old.score, old.members) == ("", ring.score, ring.members)
