"""What the journal of every GraphStore promises: an entry for each revision, of what was new, there with the
facts and only then.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Iterator
from dataclasses import replace

import pytest

from graph.journal.decode import JournalEntry
from graph.journal.entry import decode
from graph.journal.parts import head_of
from graph.model.rings_in_turn import AnySnapshot, InTurn, RingsInTurn
from graph.model.types import Facts, Identifier, IdentifierKind, Mention, Ring, RingSnapshot
from graph.store.port import GraphStore
from tests.support.contracts.store_contract import Open, a_snapshot, assert_same_tables, in_parts
from tests.support.small_worlds import applies, day, known_as, random_facts, shuffled, uses


class JournalContract:
    """Inherit beside StoreContract, whose fixtures it takes."""

    def test_every_mark_has_its_entry_in_their_order_and_any_stretch_can_be_read(
        self, store: GraphStore
    ) -> None:
        for part in in_parts(random_facts(3), 40):
            store.add(part)
        assert [mark for mark, _ in store.tail(0)] == list(range(1, 41))
        assert [mark for mark, _ in store.tail(7, 12)] == [8, 9, 10, 11, 12]
        assert [*store.tail(40), *store.tail(40, 40), *store.tail(40, 12)] == []

    def test_an_entry_has_what_was_new_and_neither_what_was_known_nor_what_conflicts(
        self, store: GraphStore
    ) -> None:
        ann, bob = applies("ann", 1, uses("phone", "x")), applies("bob", 2)
        store.add(Facts(applications=(ann,)))
        store.add(Facts(applications=(ann, replace(ann, amount=9.0), bob, bob)))
        assert [entries.facts for entries in all_told(store)] == [
            Facts(applications=(ann,)),
            Facts(applications=(bob,)),
        ]

    def test_a_batch_that_brings_nothing_new_has_no_entry(self, store: GraphStore) -> None:
        ann = applies("ann", 1)
        store.add(Facts(applications=(ann,)))
        store.add(Facts(applications=(ann, replace(ann, amount=9.0))))
        store.add(Facts())
        assert [mark for mark, _ in store.tail(0)] == [1]

    def test_batches_that_are_taken_at_once_have_an_entry_each(self, store: GraphStore) -> None:
        first, *rest = in_parts(random_facts(4), 3)
        store.add_all([first, Facts(), *rest])
        assert [(entries.revision, as_sets(entries.facts)) for entries in all_told(store)] == [
            (n, as_sets(f)) for n, f in enumerate([first, *rest], 1)
        ]

    def test_a_ring_snapshot_is_an_entry_as_facts_are(self, store: GraphStore) -> None:
        store.add(Facts(applications=(applies("p0", 1),)))
        store.save_rings(a_snapshot(7, 2))
        store.save_rings(a_snapshot(7, 3))
        assert [(entries.revision, entries.snapshot) for entries in all_told(store)] == [
            (1, None),
            (2, a_snapshot(7, 2)),
            (3, a_snapshot(7, 3)),
        ]

    def test_a_snapshot_is_a_head_and_parts_of_one_revision(self, store: GraphStore) -> None:
        many = several_rings(14, 7)
        store.part_bytes = 1_200
        store.save_rings(a_snapshot(7, 2))
        store.save_rings(many)
        store.add(Facts(applications=(applies("p0", 1),)))
        assert [mark for mark, _ in store.tail(0)] == [1, 1, *[2] * 4, 3]
        assert [len(decode(body).head) > 0 for mark, body in store.tail(1, 2)] == [True, *[False] * 3]
        assert [entry.snapshot for entry in all_told(store)] == [a_snapshot(7, 2), many, None]
        again = next(store.journal(1, 2)).snapshot
        assert again is not None
        assert [whole(again), whole(again)] == [many, many], "one may walk over its rings again"

    def test_a_snapshot_says_before_which_part_nothing_is_said_of_changes(self, store: GraphStore) -> None:
        """Who asks for changes alone reads no others."""
        many = several_rings(14, 5)
        store.part_bytes = 1
        store.save_rings(replace(many, changes=many.changes[:2]))
        store.save_rings(replace(many, changes=()))
        store.save_rings(replace(many, rings=()))
        heads = [head_of(entry.head) for _, body in store.tail(0) if len((entry := decode(body)).head)]
        assert [(head.parts, head.changes) for head in heads] == [(7, 6), (5, 6), (5, 1)]

    def test_a_reader_between_two_parts_reads_on_whatever_comes_meanwhile(self, store: GraphStore) -> None:
        store.save_rings(several_rings(7, 5))
        entries = store.tail(0)
        first = [next(entries) for _ in range(3)]
        store.save_rings(several_rings(7, 2))
        store.add(Facts(applications=(applies("p0", 1),)))
        assert [*first, *entries] == [*store.tail(0, 1)]
        assert [mark for mark, _ in store.tail(0, 1)] == [1] * 11

    def test_who_is_killed_while_saving_rings_leaves_the_old_ones_in_force(
        self, store: GraphStore, open_store: Open
    ) -> None:
        store.save_rings(a_snapshot(7, 2))
        before, counts = [*store.tail(0)], store.counts()
        killed = multiprocessing.get_context("spawn").Process(target=_save_and_die, args=(open_store,))
        killed.start()
        killed.join(120)
        assert killed.exitcode == -signal.SIGKILL
        assert store.view(day(99)).rings() == a_snapshot(7, 2)
        assert store.view(day(99)).memberships_of(["many3"]) == {}
        assert ([*store.tail(0)], store.counts()["applications"]) == (before, counts["applications"])
        store.save_rings(several_rings(14, 5))
        assert store.view(day(99)).rings() == several_rings(14, 5)
        assert [entry.snapshot for entry in all_told(store)] == [a_snapshot(7, 2), several_rings(14, 5)]

    def test_a_snapshot_without_rings_is_one_too(self, store: GraphStore) -> None:
        nothing = RingSnapshot(name="week-7", as_of=day(7), rings=(), changes=())
        store.save_rings(nothing)
        assert [entry.snapshot for entry in all_told(store)] == [nothing]
        assert store.view(day(9)).rings() == nothing

    def test_a_batch_that_fails_on_the_way_leaves_no_entry(self, store: GraphStore) -> None:
        store.add(Facts(applications=(applies("ann", 1),)))
        broken = replace(applies("bob", 2), mentions=(None,))  # type: ignore[arg-type]
        with pytest.raises(AttributeError):
            store.add_all([Facts(applications=(applies("cid", 1),)), Facts(applications=(broken,))])
        done = [entries.facts.applications[0].applicant_id for entries in all_told(store)]
        assert done == ["ann", "cid"][: store.revision()]

    def test_who_tells_of_one_application_gets_the_entry_that_the_journal_has(
        self, store: GraphStore
    ) -> None:
        facts = [
            store.add(Facts(applications=(one,)))
            for one in (applies("ann", 1, uses("phone", "x")), applies("bob", 2, uses("phone", "x")))
        ]
        assert [(added.revision, added.entry) for added in facts] == list(store.tail(0))
        otherwise = Mention(Identifier(IdentifierKind.PHONE, known_as("phone", "x").token, "in another form"))
        added = store.add(Facts(applications=(applies("cid", 3, otherwise),)))
        assert added.entry in {b"", *dict(store.tail(2)).values()}
        assert store.add(Facts(applications=(applies("cid", 3, otherwise),))).entry == b""

    def test_warming_up_leaves_no_entry(self, store: GraphStore) -> None:
        store.warm_up(Facts(applications=(applies("ann", 1, uses("phone", "x")),)))
        assert list(store.tail(0)) == []

    def test_an_entry_shows_an_identifier_as_the_store_does_whoever_says_otherwise_later(
        self, store: GraphStore
    ) -> None:
        def phone(masked: str, *, linking: bool) -> Mention:
            return Mention(Identifier(IdentifierKind.PHONE, "k1.x", masked, linking))

        store.add(Facts(applications=(applies("ann", 1, phone("first", linking=False)),)))
        store.add(Facts(applications=(applies("bob", 2, phone("later", linking=True)),)))
        again = (
            applies("cid", 3, phone("later", linking=True)),
            applies("dan", 3, phone("last", linking=True)),
        )
        store.add(Facts(applications=again))
        for entries in all_told(store):
            for application in entries.facts.applications:
                assert [(m.identifier.masked, m.identifier.linking) for m in application.mentions] == [
                    ("first", False)
                ]

    def test_what_one_batch_shows_in_two_ways_is_shown_as_it_first_was(self, store: GraphStore) -> None:
        forms = [Mention(Identifier(IdentifierKind.PHONE, "k1.x", masked)) for masked in ("first", "second")]
        store.add(Facts(applications=tuple(applies(f"p{n}", n, form) for n, form in enumerate(forms))))
        read = [*store.view(day(9)).applications(day(0)), *all_told(store)[0].facts.applications]
        assert {m.identifier.masked for a in read for m in a.mentions} == {"first"}

    def test_all_entries_told_to_an_empty_store_make_an_equal_one(
        self, store: GraphStore, second: GraphStore
    ) -> None:
        for part in in_parts(shuffled(random_facts(8), 2), 7):
            store.add(part)
        store.save_rings(a_snapshot(40, 2))
        for mark, entries in enumerate(all_told(store), 1):
            if entries.snapshot is not None:
                second.save_rings(entries.snapshot)
            else:
                assert second.add(entries.facts).conflicts == ()
            assert second.revision() == mark
        assert second.counts() == store.counts()
        assert_same_tables(store.view(day(99)).tables(), second.view(day(99)).tables())
        assert [
            (entries.revision, as_sets(entries.facts), entries.snapshot) for entries in all_told(store)
        ] == [(entries.revision, as_sets(entries.facts), entries.snapshot) for entries in all_told(second)]

    def test_entries_are_read_on_while_others_write_and_the_reader_too(self, store: GraphStore) -> None:
        for n in range(40):
            store.add(Facts(applications=(applies("ann", n),)))
        seen = []
        for mark, _ in store.tail(0):
            seen.append(mark)
            store.add(Facts(applications=(applies("bob", mark),)))
        assert seen == list(range(1, 41))
        assert store.revision() == 80

    def test_many_processes_write_and_every_mark_has_the_entry_of_its_facts(
        self, store: GraphStore, open_store: Open
    ) -> None:
        writers = [
            multiprocessing.get_context("spawn").Process(target=_write, args=(open_store, n))
            for n in range(3)
        ]
        for writer in writers:
            writer.start()
        for writer in writers:
            writer.join(120)
        entries = all_told(store)
        assert [each.revision for each in entries] == list(range(1, store.revision() + 1))
        named = [{a.applicant_id for a in each.facts.applications} for each in entries]
        assert sorted(who for names in named for who in names) == sorted(
            f"w{n}-{k}" for n in range(3) for k in range(8)
        )
        for each in entries:
            there = {a.application_id for a in store.view(day(9), each.revision).applications(day(0))}
            before = {a.application_id for a in store.view(day(9), each.revision - 1).applications(day(0))}
            assert there - before == {a.application_id for a in each.facts.applications}

    def test_two_stores_are_told_apart_and_one_stays_the_same(
        self, open_store: Open, second: GraphStore
    ) -> None:
        with open_store() as one, open_store() as again:
            assert one.identity() == again.identity() == one.identity()
            assert one.identity() != second.identity()


def all_told(store: GraphStore) -> list[JournalEntry]:
    """What the store was told, by its entries."""
    return [replace(entry, snapshot=entry.snapshot and whole(entry.snapshot)) for entry in store.journal()]


def whole(snapshot: AnySnapshot) -> RingSnapshot:
    """All of its rings at once."""
    return RingSnapshot(
        name=snapshot.name, as_of=snapshot.as_of, rings=tuple(snapshot.rings), changes=tuple(snapshot.changes)
    )


def as_sets(facts: Facts) -> dict[str, set[object]]:
    """The facts of each table, in no order."""
    return {name: set(getattr(facts, name)) for name in Facts.__dataclass_fields__}


def several_rings(week: int, count: int) -> RingSnapshot:
    """So many rings of one person each, by their ids, with what became of each."""
    [ring], [member] = a_snapshot(week, 1).rings, a_snapshot(week, 1).rings[0].members
    rings = tuple(
        replace(ring, ring_id=f"R-{n}", members=(replace(member, applicant_id=f"many{n}"),))
        for n in range(count)
    )
    [change] = a_snapshot(week, 1).changes
    changes = tuple(replace(change, ring_id=ring.ring_id, joined=n) for n, ring in enumerate(rings))
    return replace(a_snapshot(week, 1), rings=rings, changes=changes)


def _save_and_die(open_store: Open) -> None:
    """Some parts are written, and others are not."""

    def walk() -> Iterator[Ring]:
        for n, ring in enumerate(several_rings(14, 5).rings):
            if n == 4:
                os.kill(os.getpid(), signal.SIGKILL)
            yield ring

    with open_store() as store:
        store.part_bytes = 1
        given = several_rings(14, 5)
        in_turn = RingsInTurn(name="week-14", as_of=given.as_of, rings=InTurn(walk), changes=given.changes)
        store.save_rings(in_turn)


def _write(open_store: Open, writer: int) -> None:
    with open_store() as store:
        for n in range(8):
            store.add(
                Facts(
                    applications=(
                        applies(
                            f"w{writer}-{n}", 1, uses("device", "shared"), uses("phone", f"{writer}-{n}")
                        ),
                    )
                )
            )
