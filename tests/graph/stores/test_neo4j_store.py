"""The Neo4j store keeps the contract of every store on a real server, and what only a server can promise."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Sequence
from dataclasses import fields, replace
from functools import partial
from pathlib import Path

import pytest

from graph.journal.encode import encode_snapshot
from graph.journal.parts import parts_of
from graph.journal.snapshots import member_row
from graph.model.erasure import Renaming
from graph.model.errors import ConflictError, StoreUnavailableError, StoreVersionError
from graph.model.moments import micros
from graph.model.types import Facts, Merchant, Platform, PlatformType, RingChange, RingMember, RingSnapshot
from graph.store.evidence import subject_of
from graph.stores.neo4j import Neo4jStore, draft, ranges, schema
from graph.stores.neo4j.cypher import erase as cypher_erase
from graph.stores.neo4j.cypher import tables as cypher_tables
from graph.stores.neo4j.cypher.parts import HUB, LATEST, TALLIED
from graph.stores.neo4j.tables import read_tables
from graph.stores.sqlite import SqliteStore
from tests.support.contracts.erasure_contract import ErasureContract, erased
from tests.support.contracts.journal_contract import JournalContract, all_told, as_sets
from tests.support.contracts.people_range_contract import PeopleRangeContract
from tests.support.contracts.refusal_contract import RefusalContract
from tests.support.contracts.store_contract import (
    Open,
    StoreContract,
    a_snapshot,
    assert_same_evidence,
    assert_same_tables,
    in_parts,
)
from tests.support.frames import in_turn
from tests.support.servers.neo4j_worlds import empty_graph
from tests.support.small_worlds import applies, day, does, known_as, random_facts, uses

pytestmark = pytest.mark.neo4j


class TestNeo4jStore(StoreContract, JournalContract, ErasureContract, RefusalContract, PeopleRangeContract):
    looks_at_one_in = 7  # a look is some sixteen questions to a server

    @pytest.fixture
    def open_store(self) -> Open:
        return partial(Neo4jStore, empty_graph())

    @pytest.fixture
    def store(self, open_store: Open) -> Iterator[Neo4jStore]:
        with open_store() as store:
            yield store

    @pytest.fixture
    def second(self) -> Iterator[Neo4jStore]:
        with Neo4jStore(empty_graph("second")) as store:
            yield store


def test_a_store_of_before_the_journal_gets_the_entries_of_all_that_it_was_told() -> None:
    def told(store: Neo4jStore) -> list[object]:
        return [(each.revision, as_sets(each.facts), each.snapshot) for each in all_told(store)]

    url = empty_graph()
    with Neo4jStore(url) as store:
        for part in in_parts(random_facts(5), 6):
            store.add(part)
        store.save_rings(a_snapshot(20, 2))
        before = told(store)
        _changes_beside(store, a_snapshot(20, 2))
        # of an earlier version, cut off on the way, and one of an earlier release's writer
        for lost in ("j.mark > 0", "j.mark > 3", "j.mark = 4"):
            store._database.write(lambda ask, lost=lost: ask(f"MATCH (j:JournalEntry) WHERE {lost} DELETE j"))
            if lost == "j.mark = 4":
                with pytest.raises(StoreVersionError, match="mark 4 has no entry"):
                    all_told(store)
            with Neo4jStore(url) as today:
                assert told(today) == before


def test_a_crowd_is_not_walked_and_a_view_from_before_it_sees_its_first_holders(
    tmp_path: Path,
) -> None:
    crowd = Facts(
        applications=tuple(
            applies(f"p{n:04d}", n / 100, uses("wifi", "hall"), uses("phone", f"{n // 2}"))
            for n in range(HUB + 5)
        )
    )
    late = Facts(applications=(applies("early", 0.005, uses("wifi", "hall")),))
    with Neo4jStore(empty_graph()) as store, SqliteStore(tmp_path / "graph.db") as oracle:
        for facts in (crowd, late):
            assert store.add(facts) == oracle.add(facts)
        for moment in (day(0.001), day(0.035), day(0.2), day(5), day(HUB / 100), day(100)):
            for mark in (1, 2):
                request = subject_of(applies("p0001", 50, uses("wifi", "hall")))
                assert_same_evidence(
                    store.view(moment, mark).evidence_of(request),
                    oracle.view(moment, mark).evidence_of(request),
                )
                hall = [known_as("wifi", "hall")]
                assert store.view(moment, mark).holders_of(hall) == oracle.view(moment, mark).holders_of(hall)
        [[degree, marked]] = store._read(
            "MATCH (i:Identifier {node: 'wifi:k1.hall'}) RETURN COUNT { (i)--() }, COUNT { (i)-[t:USES]-() "
            "WHERE t.crowd = i.node }"
        )
        assert degree == marked == HUB + 6


def test_an_assessment_that_reads_the_server_asks_it_a_bounded_number_of_times() -> None:
    with Neo4jStore(empty_graph()) as store:
        store.add(random_facts(1))
        for n in range(5):
            request = subject_of(
                applies(
                    f"p{n:03d}",
                    70,
                    *(uses("device", f"device{m}") for m in range(4)),
                    merchant_id="M1",
                    agent_id="G1",
                )
            )
            view, statements = store.view(day(70)), list[str]()

            def counted(
                text: str, /, statements: list[str] = statements, **given: object
            ) -> list[list[object]]:
                statements.append(text)
                return store._read(text, **given)

            view._read = counted
            view.evidence_of(request)
            assert len(statements) <= 24


def test_a_number_that_is_kept_is_the_number_that_counting_gives(tmp_path: Path) -> None:
    halls = [known_as("wifi", name) for name in ("small", "middling", "large")]
    sizes = {"small": TALLIED // 2, "middling": TALLIED + 5, "large": LATEST * 2}

    def told(batch: int) -> Facts:
        """Each batch brings people, and says of some old ones that they came earlier than was known."""
        created = [
            applies(
                f"p{n:03d}",
                (n * 7919 % 200) / 10 if batch % 2 else n / 7,
                uses("wifi", name),
                application_id=f"{name}-{n}-{batch}",
            )
            for name, size in sizes.items()
            for n in range(batch * size // 5, (batch + 2) * size // 5)
        ]
        return Facts(applications=tuple(created))

    with Neo4jStore(empty_graph()) as store, SqliteStore(tmp_path / "graph.db") as oracle:
        for batch in range(5):
            assert store.add(told(batch)) == oracle.add(told(batch))
            for moment in (day(n / 2) for n in range(1, 60)):
                assert store.view(moment).holder_counts(halls) == oracle.view(moment).holder_counts(halls)
        for mark in range(1, 6):
            assert store.view(day(11), mark).holder_counts(halls) == oracle.view(day(11), mark).holder_counts(
                halls
            )
        kept = dict(store._read("MATCH (i:Identifier) WHERE i.node STARTS WITH 'wifi' RETURN i.node, i.ties"))
        assert kept["wifi:k1.small"] is None
        assert kept["wifi:k1.large"] == oracle.view(day(99)).holder_counts(halls)[halls[2]]


def test_an_identifier_is_shown_as_it_was_first_told(tmp_path: Path) -> None:
    other = dataclasses.replace(known_as("phone", "x"), masked="150****0000")
    mention = uses("phone", "x")._replace(identifier=other)
    with Neo4jStore(empty_graph()) as store, SqliteStore(tmp_path / "graph.db") as oracle:
        for both in (store, oracle):
            both.add(Facts(applications=(applies("ann", 1, uses("phone", "x")),)))
            both.add(
                Facts(applications=(applies("bob", 2, mention),), events=(does("bob", "login", 3, mention),))
            )
            view = both.view(day(9))
            shown = [view.applications_of(["bob"])["bob"][0], view.events_of(["bob"])["bob"][0]]
            assert [fact.mentions[0].identifier.masked for fact in shown] == ["***x", "***x"]
        assert store.add(Facts(applications=(applies("bob", 2, mention),))).known == 1
        alone = Facts(applications=(applies("cat", 4, mention),))  # by the short way, which it cannot go
        assert store.add(alone) == oracle.add(alone)
        assert [
            v.applications_of(["cat"])["cat"][0].mentions[0].identifier.masked
            for v in (store.view(day(9)), oracle.view(day(9)))
        ] == [
            "***x",
            "***x",
        ]


def test_several_batches_in_one_transaction_have_the_marks_that_they_would_have_had(tmp_path: Path) -> None:
    parts = in_parts(random_facts(2), 6)
    with Neo4jStore(empty_graph()) as store, Neo4jStore(empty_graph("second")) as second:
        one_by_one = [store.add(part) for part in parts]
        at_once = second.add_all(parts)
        assert [(a.accepted, a.revision) for a in at_once] == [(a.accepted, a.revision) for a in one_by_one]
        for mark in range(1, store.revision() + 1):
            assert_same_tables(store.view(day(70), mark).tables(), second.view(day(70), mark).tables())


def test_a_snapshot_that_was_never_finished_is_seen_by_nobody_and_thrown_away_later() -> None:
    with Neo4jStore(empty_graph()) as store:
        store.add(Facts(applications=(applies("p0", 1),)))
        left = draft.Neo4jDraft(store._database, "left", store.edition())
        store._database.write(lambda ask: ask(draft.DRAFT, key="left", name="week-1"))
        [part] = parts_of(a_snapshot(7, 3))
        left.add(1, part)
        with pytest.raises(ConflictError, match="erased meanwhile"):
            replace(left, edition=~left.edition).add(2, part)
        assert store.view(day(99)).rings() is None
        assert [revision for revision, _ in store.tail(0)] == [1]
        store._database.write(lambda ask: ask(cypher_erase.DRAFTS))
        assert store._read("MATCH (p:JournalPart) RETURN p.key") == [], "an erasure leaves none of a draft"
        store._database.write(
            lambda ask: ask("MATCH (s:RingSnapshot) SET s.begun = datetime() - duration('P2D')")
        )
        store.save_rings(a_snapshot(7, 2))
        assert store._read("MATCH (r:Ring) RETURN r.ring_id") == [["R-1"]]
        assert store._read("MATCH (p:JournalPart) WHERE p.key = 'left' RETURN p.number") == []
        assert _people(store) == {"p0", "p1"}, "p2 was named by the draft alone"
        assert store.view(day(99)).rings() == a_snapshot(7, 2)


def test_who_is_erased_between_a_part_and_its_members_is_named_by_none_of_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    gone = list[Renaming]()

    def meanwhile(member: RingMember) -> Sequence[object]:
        if not gone:
            gone.append(erased(store, "p1"))
        return member_row(member)

    with Neo4jStore(empty_graph()) as store:
        store.add(Facts(applications=tuple(applies(f"p{n}", n + 1) for n in range(3))))
        monkeypatch.setattr(draft, "member_row", meanwhile)
        monkeypatch.setattr(draft, "_throw_away", lambda *_: None)  # as if it were killed
        with pytest.raises(ConflictError, match="erased meanwhile"):
            store.save_rings(a_snapshot(7, 3))
        assert _people(store) == {"p0", gone[0].people["p1"], "p2"}


def _people(store: Neo4jStore) -> set[str]:
    return {who for (who,) in store._read("MATCH (p:Applicant) RETURN p.applicant_id")}


_TEXT = "MATCH (s:RingSnapshot) RETURN s.changes"


def _changes_beside(store: Neo4jStore, snapshot: RingSnapshot) -> None:
    """As versions before 8 wrote it: what became of its rings is in one text of the snapshot too."""
    rows = [[getattr(one, f.name) for f in fields(RingChange)] for one in snapshot.changes]
    store._database.alone("MATCH (s:RingSnapshot) SET s.changes = $changes", changes=json.dumps(rows))


def test_changes_that_an_earlier_release_wrote_name_nobody_after_an_erasure() -> None:
    [change], url = a_snapshot(20, 3).changes, empty_graph()
    snapshot = replace(a_snapshot(20, 3), changes=(replace(change, why=("cleared=p1",)),))
    with Neo4jStore(url) as store:
        store.add(Facts(applications=tuple(applies(f"p{n}", n + 1) for n in range(3))))
        store.save_rings(snapshot)
        _changes_beside(store, snapshot)
        new = erased(store, "p1").people["p1"]
        assert store._read(_TEXT) == [[None]]
        again = store.view(day(30)).change_of("R-1")
        assert again is not None
        assert again.why == (f"cleared={new}",)


def test_a_snapshot_in_one_piece_is_read_and_erased_from_as_before() -> None:
    url, snapshot = empty_graph(), a_snapshot(20, 4)
    with Neo4jStore(url) as store:
        store.add(Facts(applications=tuple(applies(f"p{n}", n + 1) for n in range(4))))
        store.save_rings(snapshot)
        _changes_beside(store, snapshot)
        before = "MATCH (j:JournalEntry {mark: 2}) SET j.body = $body"
        for statement in ("MATCH (p:JournalPart) DELETE p", "MATCH (s:Store) SET s.version = 6"):
            store._database.alone(statement)
        store._database.alone(before, body=encode_snapshot(snapshot))
    with Neo4jStore(url) as store:
        assert [mark for mark, _ in store.tail(0)] == [1, 2]
        assert all_told(store)[-1].snapshot == snapshot
        assert store._read("MATCH (s:Store) RETURN s.version") == [[schema.VERSION]]
        assert store.view(day(30)).rings() == in_turn(store.view(day(30))) == snapshot
        assert store._read(_TEXT) == [[None]]
        new = erased(store, "p1").people["p1"]
        told = all_told(store)[-1].snapshot
        assert told is not None
        assert {m.applicant_id for m in next(iter(told.rings)).members} == {"p0", new, "p2", "p3"}


def test_an_analyst_finds_every_fact_tied_to_the_companies_that_it_names() -> None:
    at_m1 = applies("ann", 1, merchant_id="M1", agent_id="G2")
    bare = applies("bob", 2, platform_id="L2")
    described = Facts(
        platforms=(Platform(platform_id="L1", type=next(iter(PlatformType))),),
        merchants=(Merchant(merchant_id="M1"),),
        applications=(at_m1, bare, applies("cat", 3, merchant_id="M0", agent_id="G1")),
        events=(
            does("ann", "purchase", 4, merchant_id="M2"),
            does("bob", "transfer", 5, counterparty_id="ann"),
            does("cat", "purchase", 6, merchant_id="M1"),
        ),
    )
    # a conflict: the first one stands
    other = dataclasses.replace(at_m1, merchant_id="M9", agent_id="G9", platform_id="L9")
    with Neo4jStore(empty_graph()) as store:
        store.add(described)
        assert store.add(Facts(applications=(other,))).conflicts == (("applications", 0),)
        store.add(Facts(applications=(applies("dan", 7, merchant_id="M3", platform_id="L3", agent_id="G1"),)))
        tied = store._read(
            "MATCH (f:Application|Event)-[t:TO|AT|THROUGH]->(x) "
            "RETURN coalesce(f.application_id, f.event_id), type(t), coalesce(x.platform_id, x.merchant_id, "
            "x.agent_id)"
        )
        links: dict[str, set[tuple[str, str]]] = {}
        for fact, link, company in tied:
            # a graph of its own has types of its own: `TO_first`
            links.setdefault(fact, set()).add((link.partition("_")[0], company))
        assert links == {
            "ann@1": {("TO", "L1"), ("AT", "M1"), ("THROUGH", "G2")},
            "bob@2": {("TO", "L2")},
            "cat@3": {("TO", "L1"), ("AT", "M0"), ("THROUGH", "G1")},
            "ann-purchase@4": {("AT", "M2")},
            "cat-purchase@6": {("AT", "M1")},
            "dan@7": {("TO", "L3"), ("AT", "M3"), ("THROUGH", "G1")},
        }
        assert len(tied) == sum(map(len, links.values()))
        companies = store._read(
            "MATCH (x:Platform|Merchant|Agent) "
            "RETURN coalesce(x.platform_id, x.merchant_id, x.agent_id), x:Unknown ORDER BY 1"
        )
        assert dict(map(tuple, companies)) == {
            known: known not in {"L1", "M1"}
            for known in ("G1", "G2", "L1", "L2", "L3", "M0", "M1", "M2", "M3")
        }


@pytest.mark.parametrize("sessions", [1, 3])
def test_a_whole_view_read_in_ranges_is_the_one_that_was_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sessions: int
) -> None:
    monkeypatch.setattr(ranges, "PAGE", 2)
    monkeypatch.setattr(ranges, "RANGE", 5)
    odd = ["", "a", "Z", "é", "张", "\uffee", "\U0001f600", "\U0010fffd", "a b", "aa", "'"]
    named = Facts(
        applications=tuple(
            applies(f"p{who}", n, uses("phone", f"x{who}"), application_id=f"l{who}")
            for n, who in enumerate(odd)
        )
    )
    with Neo4jStore(empty_graph()) as store, SqliteStore(tmp_path / "graph.db") as oracle:
        for facts in (random_facts(7), named):
            assert store.add(facts) == oracle.add(facts)
        for as_of, revision in ((day(99), 2), (day(40), 2), (day(99), 1)):
            view = store.view(as_of, revision)
            found = read_tables(view._ask, micros(as_of), tokens=True, sessions=sessions)
            assert_same_tables(
                replace(found, zone=view.zone), oracle.view(as_of, revision).tables_with_tokens()
            )


def test_a_range_that_cannot_be_read_ends_the_whole_look() -> None:
    def ask(text: str, /, **given: object) -> list[list[object]]:
        if "SKIP" in text:
            return [["m"]] if given["after"] == "" else []
        raise StoreUnavailableError("it went away")

    with pytest.raises(StoreUnavailableError):
        ranges.read_all(ask, cypher_tables.READS)
