"""What every GraphStore promises: a test file for an adapter inherits this class and says how to open an
empty store.
"""

from __future__ import annotations

import dataclasses
import random
from collections import defaultdict
from collections.abc import Callable
from datetime import datetime, timedelta

import networkx as nx
import numpy as np
import pytest

from graph.facts.decisive import LABELS, OUTCOMES, SUBJECTS, decisive_labels, first_outcomes, in_order
from graph.facts.fraud_labels import fraud_status
from graph.facts.hubs import COUNT_CAP, GUARD
from graph.facts.tables import Tables
from graph.model.rings_in_turn import InTurn, RingsInTurn
from graph.model.types import (
    Facts,
    IdentifierKind,
    Label,
    LabelValue,
    Outcome,
    OutcomeStatus,
    Ring,
    RingChange,
    RingKind,
    RingMember,
    RingSnapshot,
    Role,
)
from graph.store.evidence import Subject, subject_of
from graph.store.port import GraphStore, GraphView
from graph.store.walk import Bounds
from tests.support.small_worlds import (
    PLATFORMS,
    applies,
    before,
    day,
    does,
    fraud,
    known_as,
    random_facts,
    shuffled,
    uses,
)

NO_BOUNDS = Bounds(steps=2, applicants=10_000, holders=10_000, ties=10_000)
Open = Callable[[], GraphStore]


class StoreContract:
    """Inherit, and define the fixture `open_store`: a function that opens the same, at first empty, store
    each time it is called.
    """

    @pytest.fixture(autouse=True)
    def small_parts(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Every ring and every change is in a part of its own."""
        monkeypatch.setattr(GraphStore, "part_bytes", 1)

    # -- time is the view

    def test_an_application_sees_neither_itself_nor_what_happens_at_its_own_moment(
        self, store: GraphStore
    ) -> None:
        store.add(
            Facts(
                applications=(applies("ann", 5, uses("device", "d")), applies("bob", 5, uses("device", "d")))
            )
        )
        assert store.view(day(5)).application("ann@5") is None
        assert store.view(day(5)).applications_of(["ann"]) == {"ann": ()}
        assert store.view(day(5)).holders_of([known_as("device", "d")])[known_as("device", "d")].count == 0
        assert (
            store.view(day(5) + timedelta(microseconds=1))
            .holders_of([known_as("device", "d")])[known_as("device", "d")]
            .count
            == 2
        )

    def test_a_label_is_unknown_until_it_is_known_however_old_the_loan(self, store: GraphStore) -> None:
        store.add(Facts(applications=(applies("ann", 1),), labels=(fraud("ann@1", 30),)))
        assert store.view(day(30)).labels_of(["ann"]) == {"ann": ()}
        (label,) = store.view(day(30.1)).labels_of(["ann"])["ann"]
        assert label.label is LabelValue.FRAUD

    def test_fraud_and_good_of_one_moment_and_source_are_two_labels_in_either_order(
        self, store: GraphStore
    ) -> None:
        for who, frauds in (("ann", (True, False)), ("bob", (False, True))):
            bad, good = (Label(label=word, known_at=day(3), application_id=f"{who}@1") for word in LabelValue)
            reported = tuple(bad if fraud is (bad.label is LabelValue.FRAUD) else good for fraud in frauds)
            added = store.add(Facts(applications=(applies(who, 1),), labels=reported))
            assert (added.accepted, added.conflicts) == (3, ())
            assert store.add(Facts(labels=reported)).known == 2
        stated = store.view(day(4)).labels_of(["ann", "bob"])
        assert [label.label for label in stated["ann"]] == [label.label for label in stated["bob"]]
        assert all(fraud_status(stated[who]).fraud for who in stated)

    def test_of_too_many_labels_those_that_decide_are_read(self, store: GraphStore) -> None:
        words = random.Random(5)
        loans = [f"ann@{n}" for n in range(1, 5)]
        stated = {
            (loan, at, source): Label(
                label=words.choice(list(LabelValue)),
                known_at=day(10 + at),
                application_id=loan,
                applicant_id=None if loan else "ann",
                source=source,
            )
            for loan in (None, *loans)
            for at in range(12)
            for source in words.sample(["rule", "review", "desk", "model"], 2)
        }
        store.add(
            Facts(applications=tuple(applies("ann", n) for n in range(1, 5)), labels=tuple(stated.values()))
        )
        for moment in (9.0, 10.5, 14.0, 17.5, 40.0):
            known = sorted((one for one in stated.values() if one.known_at < day(moment)), key=in_order)
            view = store.view(day(moment))
            assert list(view.labels_of(["ann"])["ann"]) == known, "up to the bound all are read"
            few = view.labels_of(["ann", "bob"], limit=8)
            assert few["bob"] == ()
            assert list(few["ann"]) == (decisive_labels(known) if len(known) > 8 else known)
            assert fraud_status(few["ann"])[:2] == fraud_status(known)[:2]

    def test_of_more_loans_than_are_read_the_latest_frauds_count_cleared_once_or_not(
        self, store: GraphStore
    ) -> None:
        loans = [applies("ann", n / 100, application_id=f"a{n:03d}") for n in range(SUBJECTS + 40)]
        stated = [fraud(loan.application_id, 10 + n) for n, loan in enumerate(loans)]
        stated += [fraud(loan.application_id, 9, LabelValue.GOOD) for loan in loans[::2]]
        stated += [fraud(loan.application_id, 300, LabelValue.GOOD) for loan in loans[5::10]]
        store.add(Facts(applications=tuple(loans), labels=tuple(stated)))
        for moment in (200, 400):
            known = [label for label in stated if label.known_at < day(moment)]
            assert list(store.view(day(moment)).labels_of(["ann"], limit=8)["ann"]) == decisive_labels(known)

    def test_of_too_many_outcomes_the_first_of_each_kind_are_read(self, store: GraphStore) -> None:
        kinds = (OutcomeStatus.DISBURSED, OutcomeStatus.DPD30, OutcomeStatus.CLOSED)
        steps = [
            Outcome(application_id="ann@1", status=kinds[n % 3], at=day(2 + n), amount=float(n))
            for n in range(60)
        ]
        store.add(
            Facts(
                applications=(applies("ann", 1), applies("bob", 1)),
                outcomes=tuple(random.Random(3).sample(steps, len(steps))),
            )
        )
        view = store.view(day(50))
        known = [step for step in steps if step.at < day(50)]
        assert list(view.outcomes_of(["ann@1"])["ann@1"]) == known
        few = view.outcomes_of(["ann@1", "bob@1"], limit=8)
        assert (list(few["ann@1"]), few["bob@1"]) == (first_outcomes(known), ())

    def test_what_was_said_of_somebody_costs_their_neighbours_little(self, store: GraphStore) -> None:
        early = Label(label=LabelValue.FRAUD, known_at=day(5), application_id="ann@1", source="review")
        flood = [
            Label(
                label=LabelValue.GOOD,
                known_at=day(6) + timedelta(seconds=n),
                application_id="ann@2",
                source="rule",
            )
            for n in range(2 * LABELS)
        ]
        steps = [
            Outcome(application_id="ann@1", status=OutcomeStatus.DPD30, at=day(4) + timedelta(seconds=n))
            for n in range(2 * OUTCOMES)
        ]
        people = (
            applies("ann", 1, uses("device", "d")),
            applies("ann", 2),
            applies("bob", 9, uses("device", "d")),
        )
        store.add(Facts(applications=people, labels=(early, *flood), outcomes=tuple(steps)))
        evidence = store.view(day(60)).evidence_of(Subject(applicant_id="bob"))
        assert list(evidence.labels["ann"]) == decisive_labels([early, *flood])
        assert list(evidence.outcomes["ann@1"]) == first_outcomes(steps)
        assert fraud_status(evidence.labels["ann"]).loans == {"ann@1"}

    def test_deleting_the_future_changes_nothing(self, store: GraphStore, second: GraphStore) -> None:
        facts, moment = random_facts(3), day(30)
        store.add(facts)
        second.add(before(facts, moment))
        for application in [a for a in facts.applications if a.applied_at == moment] + list(
            facts.applications[:5]
        ):
            subject = subject_of(dataclasses.replace(application, applied_at=moment))
            assert_same_evidence(
                store.view(moment).evidence_of(subject), second.view(moment).evidence_of(subject)
            )
        assert_same_tables(store.view(moment).tables_with_tokens(), second.view(moment).tables_with_tokens())

    def test_any_order_of_delivery_gives_the_same_columns(
        self, store: GraphStore, second: GraphStore
    ) -> None:
        facts = random_facts(4)
        store.add(facts)
        for part in in_parts(shuffled(facts, 9), 7):
            second.add(part)
        assert_same_tables(
            store.view(day(45)).tables_with_tokens(), second.view(day(45)).tables_with_tokens()
        )
        assert "token" not in store.view(day(45)).tables().identifiers, "1 KB a person, read by few"

    def test_a_late_delivery_of_older_facts_leaves_an_earlier_mark_as_it_was(self, store: GraphStore) -> None:
        facts = random_facts(5)
        early, late = in_parts(shuffled(facts, 1), 2)
        store.add(early)
        mark = store.revision()
        request = subject_of(applies("p001", 50, uses("device", "device1"), uses("phone", "phone1")))
        then, columns = store.view(day(50)).evidence_of(request), store.view(day(50)).tables()
        store.add(late)
        assert_same_evidence(then, store.view(day(50), mark).evidence_of(request))
        assert_same_tables(columns, store.view(day(50), mark).tables())
        assert len(store.view(day(50)).tables().applications["at"]) > len(columns.applications["at"])

    def test_the_journal_told_to_an_empty_store_gives_the_same_answers_at_every_mark(
        self, store: GraphStore, second: GraphStore
    ) -> None:
        facts = random_facts(8)
        for part in in_parts(shuffled(facts, 2), 5):
            store.add(part)
        store.save_rings(a_snapshot(40, 2))
        store.add(Facts(applications=(applies("late", 3, uses("phone", "phone1")),)))
        for entries in store.journal():
            if entries.snapshot is not None:
                second.save_rings(entries.snapshot)
            else:
                assert second.add(entries.facts).revision == entries.revision
        assert second.counts() == store.counts()
        request = subject_of(applies("p001", 50, uses("device", "device1"), uses("phone", "phone1")))
        for mark in range(1, store.revision() + 1):
            assert_same_evidence(
                store.view(day(50), mark).evidence_of(request),
                second.view(day(50), mark).evidence_of(request),
            )
        assert_same_tables(store.view(day(50)).tables(), second.view(day(50)).tables())
        assert store.view(day(50)).rings() == second.view(day(50)).rings()
        assert [entries.revision for entries in store.journal(store.revision() - 2)] == [
            store.revision() - 1,
            store.revision(),
        ]

    # -- adding

    def test_adding_the_same_facts_again_adds_nothing(self, store: GraphStore) -> None:
        facts = random_facts(6)
        total = len(facts)
        first = store.add(facts)
        again = store.add(shuffled(facts, 2))
        assert (first.accepted, first.known, first.conflicts) == (total, 0, ())
        assert (again.accepted, again.known, again.conflicts) == (0, total, ())
        assert again.revision == first.revision == store.revision()

    def test_warming_up_leaves_nothing_behind(self, store: GraphStore) -> None:
        store.warm_up(Facts(applications=(applies("ann", 1, uses("phone", "x")),)))
        assert sum(store.counts().values()) == 0
        assert store.revision() == 0
        assert store.add(Facts(applications=(applies("ann", 1, uses("phone", "x")),))).accepted == 1

    def test_an_id_that_comes_back_with_other_content_is_a_conflict_and_changes_nothing(
        self, store: GraphStore
    ) -> None:
        store.add(Facts(applications=(applies("ann", 1, amount=100.0),)))
        added = store.add(Facts(applications=(applies("bob", 2), applies("ann", 1, amount=999.0))))
        assert (added.accepted, added.conflicts) == (1, (("applications", 1),))
        (kept,) = store.view(day(9)).applications_of(["ann"])["ann"]
        assert kept.amount == 100.0

    def test_a_batch_that_fails_on_the_way_leaves_nothing_behind(self, store: GraphStore) -> None:
        broken = dataclasses.replace(applies("bob", 2), mentions=(None,))  # type: ignore[arg-type]
        with pytest.raises(AttributeError):
            store.add(Facts(applications=(applies("ann", 1, uses("phone", "x")), broken)))
        assert sum(store.counts().values()) == 0
        assert store.revision() == 0

    def test_a_fact_comes_back_as_it_was_given(self, store: GraphStore) -> None:
        facts = random_facts(7)
        store.add(facts)
        view = store.view(day(1000))
        assert {a.application_id: a for a in view.applications(day(-1))} == {
            a.application_id: a for a in facts.applications
        }
        events = {e for created in view.events_of([f"p{n:03d}" for n in range(30)]).values() for e in created}
        assert events == set(facts.events)
        outcomes = view.outcomes_of([a.application_id for a in facts.applications])
        assert {o for reported in outcomes.values() for o in reported} == set(facts.outcomes)
        assert view.platforms() == {p.platform_id: p for p in PLATFORMS}
        assert view.merchants_of(["M1", "M9"]) == {"M1": facts.merchants[0]}
        assert view.devices_of([known_as("device", "device0")]) == {
            known_as("device", "device0"): facts.devices[0]
        }
        assert view.identifier("device:k1.device0") == known_as("device", "device0")

    def test_whatever_word_a_fact_brings_is_kept_as_a_word(self, store: GraphStore) -> None:
        words = ("it's", 'a "quoted" word', "'; DROP TABLE event; --", "\\", "支付")
        reported = tuple(
            dataclasses.replace(does("ann", word, n), event_id=f"e{n}{word}") for n, word in enumerate(words)
        )
        store.add(
            Facts(
                applications=(applies("ann", 1, city=words[0], product=words[1], channel=words[2]),),
                events=reported,
            )
        )
        view = store.view(day(99))
        assert {event.kind for event in view.events_of(["ann"])["ann"]} == set(words)
        assert sorted(view.tables().events["kind"].tolist()) == sorted(words)
        assert [view.application("ann@1").city, *view.tables().applications["product"]] == list(words[:2])  # type: ignore[union-attr]
        assert view.search(words[2]) == ()

    def test_another_reader_sees_what_was_written(self, open_store: Open) -> None:
        with open_store() as writer, open_store() as reader:
            writer.add(Facts(applications=(applies("ann", 1),)))
            assert len(reader.view(day(2)).applications_of(["ann"])["ann"]) == 1

    def test_a_fact_about_nobody_is_named_kept_and_seen_once_the_application_comes(
        self, store: GraphStore, second: GraphStore
    ) -> None:
        loan = applies("ann", 1, uses("phone", "x"), application_id="A1")
        person = Label(label=LabelValue.FRAUD, known_at=day(4), applicant_id="ann", source="desk")
        about = Facts(
            events=(does("ann", "login", 2, uses("device", "d")), does("bob", "login", 2)),
            outcomes=(Outcome(application_id="A1", status=OutcomeStatus.DISBURSED, at=day(2)),),
            labels=(fraud("A1", 3), person, fraud("B1", 3)),
        )
        everybody = applies("bob", 1, application_id="B1")
        store.add(Facts(applications=(everybody,)))
        assert store.add(about).accepted == 6
        assert set(store.unmatched(about)) == {("events", 0), ("outcomes", 0), ("labels", 0), ("labels", 1)}
        unseen = store.revision()
        store.add(Facts(applications=(loan,)))
        assert store.unmatched(about) == ()
        second.add(Facts(applications=(loan, everybody)))
        second.add(about)
        view, other = store.view(day(9)), second.view(day(9))
        assert view.labels_of(["ann"]) == other.labels_of(["ann"])
        assert len(view.labels_of(["ann"])["ann"]) == 2
        assert view.outcomes_of(["A1"]) == other.outcomes_of(["A1"])
        assert_same_evidence(
            view.evidence_of(subject_of(applies("eve", 9))), other.evidence_of(subject_of(applies("eve", 9)))
        )
        assert_same_tables(view.tables_with_tokens(), other.tables_with_tokens())
        assert store.view(day(9), unseen).application("A1") is None

    def test_in_a_store_without_an_application_people_are_known_by_their_events(
        self, store: GraphStore
    ) -> None:
        labels = tuple(
            Label(label=LabelValue.FRAUD, known_at=day(4), applicant_id=who) for who in ("ann", "bob")
        )
        facts = Facts(events=(does("ann", "login", 2),), labels=labels)
        store.add(facts)
        assert store.unmatched(facts) == (("labels", 1),)
        assert store.unmatched(Facts()) == ()

    # -- bounds

    def test_the_newest_come_first_and_no_more_than_asked(self, store: GraphStore) -> None:
        store.add(
            Facts(
                applications=tuple(applies("ann", n) for n in range(9)),
                events=tuple(does("ann", "login", n) for n in range(9)),
            )
        )
        view = store.view(day(8))
        assert [a.application_id for a in view.applications_of(["ann"], 2)["ann"]] == ["ann@7", "ann@6"]
        assert [e.event_id for e in view.events_of(["ann"], 2)["ann"]] == ["ann-login@7", "ann-login@6"]

    def test_a_hub_is_counted_and_never_walked(self, store: GraphStore) -> None:
        crowd = GUARD[IdentifierKind.WIFI] + 1
        store.add(
            Facts(applications=tuple(applies(f"p{n:03d}", 1, uses("wifi", "hall")) for n in range(crowd)))
        )
        graph = store.view(day(2)).neighbourhood("p000")
        assert graph.nodes["wifi:k1.hall"]["hub"] == "many_holders"
        assert graph.nodes["wifi:k1.hall"]["holders"] == crowd
        assert [node for node in graph if node.startswith("applicant:")] == ["applicant:p000"]
        assert graph.graph["hubs_ignored"] == 1

    @pytest.mark.parametrize("crowd", [GUARD[IdentifierKind.WIFI] + 1, COUNT_CAP + 5])
    def test_the_latest_holders_of_a_hub_are_shown_in_order_and_as_of_then(
        self, store: GraphStore, crowd: int
    ) -> None:
        hall = known_as("wifi", "hall")
        store.add(
            Facts(
                applications=tuple(
                    applies(f"p{n:04d}", 1 + n / 10_000, uses("wifi", "hall")) for n in range(crowd)
                )
            )
        )
        ties = store.view(day(2)).latest_holders(hall, 3)
        assert [(t.applicant_id, t.since) for t in ties] == [
            (f"p{n:04d}", day(1 + n / 10_000)) for n in (crowd - 1, crowd - 2, crowd - 3)
        ]
        assert [t.applicant_id for t in store.view(day(1 + 2 / 10_000)).latest_holders(hall, 3)] == [
            "p0001",
            "p0000",
        ]
        assert store.view(day(2)).latest_holders(known_as("wifi", "none"), 3) == ()

    def test_an_unverified_national_id_links_nobody(self, store: GraphStore) -> None:
        wrong = dataclasses.replace(known_as("national_id", "n"), linking=False)
        mention = uses("national_id", "n")._replace(identifier=wrong)
        store.add(Facts(applications=(applies("ann", 1, mention), applies("bob", 1, mention))))
        graph = store.view(day(2)).neighbourhood("ann")
        assert graph.nodes["national_id:k1.n"]["hub"] == "not_linking"
        assert "applicant:bob" not in graph

    def test_who_is_cut_off_and_names_what_the_application_names_is_told_of_apart(
        self, store: GraphStore
    ) -> None:
        farm, own = uses("device", "farm"), uses("phone", "own")
        created = tuple(applies(f"p{n:02d}", n / 10, farm) for n in range(40))
        store.add(
            Facts(
                applications=created,
                outcomes=(Outcome(application_id="p00@0.0", status=OutcomeStatus.CLOSED, at=day(4)),),
            )
        )
        evidence = store.view(day(3.45)).evidence_of(subject_of(applies("ann", 3.45, farm, own)))
        inside = {a.application_id for each in evidence.applications.values() for a in each}
        assert len(inside) == 23
        assert {a.application_id for a in evidence.elsewhere} == {
            a.application_id for a in created[:35]
        } - inside
        assert evidence.outcomes["p00@0.0"] == ()
        assert store.view(day(9)).evidence_of(subject_of(applies("ann", 9, own))).elsewhere == ()

    def test_a_cut_subgraph_says_so(self, store: GraphStore) -> None:
        store.add(Facts(applications=tuple(applies(f"p{n:02d}", n, uses("device", "d")) for n in range(20))))
        graph = store.view(day(30)).neighbourhood("p00", bounds=Bounds(applicants=5))
        assert graph.graph["truncated"] is True
        assert sorted(n for n in graph if n.startswith("applicant:")) == [
            f"applicant:p{n:02d}" for n in (0, 16, 17, 18, 19)
        ]
        assert store.view(day(1)).neighbourhood("p00").graph["truncated"] is False

    def test_a_year_of_network_addresses_does_not_hide_the_phone(self, store: GraphStore) -> None:
        logins = tuple(does("ann", "login", n, uses("ip", f"ip{n}")) for n in range(2, 100))
        store.add(Facts(applications=(applies("ann", 1, uses("phone", "x")),), events=logins))
        kinds = [tie.identifier.kind for tie in store.view(day(200)).ties_of(["ann"], 8)["ann"]]
        assert kinds.count(IdentifierKind.IP) == 8
        assert kinds.count(IdentifierKind.PHONE) == 1

    # -- the graph, against a slow and obvious one

    @pytest.mark.parametrize("seed", range(5))
    def test_the_neighbourhood_is_the_one_that_the_facts_say(self, store: GraphStore, seed: int) -> None:
        facts = random_facts(seed, people=40)
        store.add(facts)
        moment = day(40)
        oracle = whole_graph(before(facts, moment))
        for who in ("p000", "p007", "p023"):
            assert_same_graph(
                store.view(moment).neighbourhood(who, bounds=NO_BOUNDS), around(oracle, who, NO_BOUNDS.steps)
            )

    @pytest.mark.parametrize("seed", range(3))
    def test_columns_and_single_reads_tell_the_same_ties(self, store: GraphStore, seed: int) -> None:
        store.add(random_facts(seed))
        view = store.view(day(33))
        assert ties_in_columns(view.tables_with_tokens()) == ties_by_reading(view)

    # -- rings

    def test_the_snapshot_in_force_is_the_last_one_taken_by_then(self, store: GraphStore) -> None:
        for week, size in ((7, 2), (14, 3)):
            store.save_rings(a_snapshot(week, size))
        assert store.view(day(6)).rings() is None
        assert store.view(day(7)).rings() == a_snapshot(7, 2)
        assert store.view(day(20)).rings() == a_snapshot(14, 3)
        membership = store.view(day(20)).memberships_of(["p2", "nobody"])
        assert membership["p2"].size == 3
        assert membership["p2"].member.role == "member"
        assert list(membership) == ["p2"]
        assert store.view(day(20)).ring("R-1") == a_snapshot(14, 3).rings[0]

    def test_rings_come_one_after_the_other_as_they_are_together(
        self, store: GraphStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("graph.stores.sqlite.rings.PAGE", 2)
        monkeypatch.setattr("graph.stores.neo4j.rings.PAGE", 2)
        assert store.view(day(9)).rings_in_turn() is None
        [ring] = a_snapshot(7, 1).rings
        rings = [
            dataclasses.replace(
                ring,
                ring_id=f"R-{n}",
                members=tuple(dataclasses.replace(ring.members[0], applicant_id=f"{who}{n}") for who in "ab"),
            )
            for n in (3, 1, 10, 2, 4)
        ]
        store.save_rings(dataclasses.replace(a_snapshot(7, 1), rings=tuple(rings)))
        view = store.view(day(9))
        whole, in_turn = view.rings(), view.rings_in_turn()
        assert whole is not None
        assert in_turn is not None
        for _ in range(2):
            assert tuple(in_turn.rings) == whole.rings
        assert [ring.ring_id for ring in whole.rings] == ["R-1", "R-10", "R-2", "R-3", "R-4"]
        assert (in_turn.name, in_turn.as_of, [*in_turn.changes]) == (
            whole.name,
            whole.as_of,
            [*whole.changes],
        )

    @pytest.mark.parametrize("part_bytes", [1, 300, 1 << 20])
    def test_what_became_of_rings_comes_one_after_the_other_and_of_each_alone(
        self, store: GraphStore, part_bytes: int
    ) -> None:
        store.part_bytes = part_bytes
        [born] = a_snapshot(7, 1).changes
        ids = ("R-1", "R-10", 'R"2', "R-一", "R\\", "R-3")
        changes = tuple(
            dataclasses.replace(born, ring_id=one, joined=n, from_rings=ids[n:], why=(f"tied_to={one}", *ids))
            for n, one in enumerate(ids)
        )
        assert store.view(day(99)).change_of("R-1") is None
        store.save_rings(dataclasses.replace(a_snapshot(7, 2), changes=changes[1:]))
        store.save_rings(dataclasses.replace(a_snapshot(14, 2), changes=(), rings=()))
        store.save_rings(dataclasses.replace(a_snapshot(21, 2), changes=changes[::-1]))
        for at, expected in ((7, changes[1:]), (14, ()), (21, changes[::-1])):
            view = store.view(day(at))
            in_turn = view.rings_in_turn()
            assert in_turn is not None
            assert [(*in_turn.changes,) for _ in range(2)] == [expected, expected]
            of = {change.ring_id: change for change in expected}
            assert [view.change_of(one) for one in (*ids, "R-", "")] == [*map(of.get, ids), None, None]
        assert store.view(day(99), store.revision() - 1).change_of("R-1") is None

    def test_rings_that_come_one_after_the_other_are_saved_like_whole_ones(self, store: GraphStore) -> None:
        whole = a_snapshot(7, 3)
        in_turn = RingsInTurn(
            name=whole.name,
            as_of=whole.as_of,
            rings=InTurn(lambda: iter(whole.rings)),
            changes=InTurn(lambda: iter(whole.changes)),
        )
        store.save_rings(in_turn)
        assert store.view(day(9)).rings() == whole
        store.save_rings(whole)
        one, other = ([body for _, body in store.tail(n, n + 1)] for n in (0, 1))
        assert one[1:] == other[1:]

    def test_a_snapshot_that_is_saved_later_does_not_change_an_earlier_mark(self, store: GraphStore) -> None:
        store.add(Facts(applications=(applies("p0", 1),)))
        mark = store.revision()
        store.save_rings(a_snapshot(7, 2))
        assert store.view(day(20), mark).memberships_of(["p0"]) == {}
        assert store.view(day(20)).memberships_of(["p0"])["p0"].snapshot == "week-7"

    # -- search

    def test_search_finds_people_applications_rings_and_masked_values(self, store: GraphStore) -> None:
        store.add(Facts(applications=(applies("ann", 1, uses("phone", "13800001234")), applies("anna", 2))))
        store.save_rings(a_snapshot(3, 2))
        view = store.view(day(5))
        assert [hit.node for hit in view.search("ann")] == [
            "applicant:ann",
            "applicant:anna",
            "application:ann@1",
            "application:anna@2",
        ]
        assert [hit.node for hit in view.search("***1234")] == ["phone:k1.13800001234"]
        assert [hit.type for hit in view.search("R-1")] == ["ring"]
        assert [hit.node for hit in store.view(day(2)).search("anna")] == []
        assert view.search("  ") == ()


def a_snapshot(week: int, size: int) -> RingSnapshot:
    """One ring of `size` people, as of day `week`."""
    members = tuple(
        RingMember(
            applicant_id=f"p{n}",
            role="core" if n == 0 else "member",
            joined_at=day(n),
            distance_to_core=min(n, 1),
            strength=1 / (n + 3),
        )
        for n in range(size)
    )
    ring = Ring(
        ring_id="R-1", kind=RingKind.RING, score=0.1 + 0.2, state="growing", first_seen=day(1),
        last_seen=day(2), confirmed_bad=1, suspected=size, bad_rate=1 / 3, exposure=1e4,
        shared_by_kind={"device": 2}, hubs_ignored=0, density=1.0, burst_days=0.5, platforms=2,
        reason_codes=("SHARED_DEVICE",), members=members, crew_id="R-0",
    )  # fmt: skip
    change = RingChange(
        ring_id="R-1",
        change="born",
        from_rings=(),
        joined=size,
        left=0,
        jaccard=0.0,
        flag="flagged",
        why=("held=0.94>0.45", "cleared=a,b"),
    )
    return RingSnapshot(name=f"week-{week}", as_of=day(week), rings=(ring,), changes=(change,))


def in_parts(facts: Facts, parts: int) -> list[Facts]:
    """The facts as `parts` deliveries; reference data with the first."""
    dated = ("applications", "events", "outcomes", "labels", "contacts")
    cut = [Facts(**{name: getattr(facts, name)[n::parts] for name in dated}) for n in range(parts)]
    return [
        dataclasses.replace(
            cut[0], platforms=facts.platforms, merchants=facts.merchants, devices=facts.devices
        ),
        *cut[1:],
    ]


def whole_graph(facts: Facts) -> nx.Graph[str]:
    """Everything the facts say, without a bound: the slow and obvious graph."""
    graph: nx.Graph[str] = nx.Graph()
    spoken = [(a.applicant_id, m, a.applied_at) for a in facts.applications for m in a.mentions]
    spoken += [(e.applicant_id, m, e.at) for e in facts.events for m in e.mentions]
    spoken += [
        (c.applicant_id, uses("phone", "x", Role.CONTACT)._replace(identifier=c.phone), c.at)
        for c in facts.contacts
    ]
    ties: dict[tuple[str, str], list[tuple[Role, datetime]]] = defaultdict(list)
    for who, mention, at in spoken:
        ties[f"applicant:{who}", mention.identifier.node].append((mention.role, at))
    for (who, what), stated in ties.items():
        roles, times = [role for role, _ in stated], [at for _, at in stated]
        role = next(r for r in (Role.OWN, Role.EMPLOYER, Role.CONTACT) if r in roles)
        graph.add_edge(who, what, role=role.value, since=min(times), last=max(times), ties=len(set(roles)))
    for event in facts.events:
        if event.counterparty_id is not None:
            a, b = f"applicant:{event.applicant_id}", f"applicant:{event.counterparty_id}"
            known = graph.get_edge_data(a, b, {"since": event.at, "last": event.at})
            graph.add_edge(
                a, b, role=event.kind, since=min(known["since"], event.at), last=max(known["last"], event.at)
            )
    return graph


def around(graph: nx.Graph[str], who: str, steps: int) -> nx.Graph[str]:
    """What can be reached in `steps` sharing steps without walking through a hub."""
    reached, frontier, edges = {f"applicant:{who}"}, {f"applicant:{who}"}, set()
    for _ in range(steps):
        arrived = set()
        for person in frontier:
            for other in graph.adj.get(person, ()):
                edges.add(frozenset((person, other)))
                if other.startswith("applicant:"):
                    arrived.add(other)
                elif (
                    sum(graph[other][p]["ties"] for p in graph[other])
                    <= GUARD[IdentifierKind(other.split(":")[0])]
                ):
                    arrived |= set(graph[other])
                    edges |= {frozenset((p, other)) for p in graph[other]}
        frontier = arrived - reached
        reached |= arrived
    return graph.edge_subgraph([tuple(e) for e in edges])


def assert_same_graph(result: nx.Graph[str], expected: nx.Graph[str]) -> None:
    assert {frozenset(e) for e in result.edges} == {frozenset(e) for e in expected.edges}
    for a, b, stated in result.edges(data=True):
        assert stated == {name: expected.edges[a, b][name] for name in ("role", "since", "last")}


def assert_same_evidence(one: object, other: object) -> None:
    for name in type(one).__dataclass_fields__:  # type: ignore[attr-defined]
        mine, theirs = getattr(one, name), getattr(other, name)
        if isinstance(mine, nx.Graph):
            assert list(mine.nodes(data=True)) == list(theirs.nodes(data=True))
            assert list(mine.edges(data=True)) == list(theirs.edges(data=True))
            assert mine.graph == theirs.graph
        else:
            assert mine == theirs, name


def assert_same_tables(one: Tables, other: Tables) -> None:
    for name in Tables.__dataclass_fields__:
        mine, theirs = getattr(one, name), getattr(other, name)
        if not isinstance(mine, dict):
            mine, theirs = {"": mine}, {"": theirs}
        for column in mine:
            np.testing.assert_array_equal(mine[column], theirs[column], err_msg=f"{name}.{column}")


def ties_in_columns(tables: Tables) -> set[tuple[str, str, int, int]]:
    ties, who, token = tables.ties, tables.applicant_ids, tables.identifiers["token"]
    rows = zip(ties["applicant"], ties["identifier"], ties["since"], ties["last"], strict=True)
    return {(who[a], token[i], int(since), int(last)) for a, i, since, last in rows}


def ties_by_reading(view: GraphView) -> set[tuple[str, str, int, int]]:
    from graph.model.moments import micros

    people = [f"p{n:03d}" for n in range(30)]
    return {
        (t.applicant_id, t.identifier.token, micros(t.since), micros(t.last))
        for ties in view.ties_of(people).values()
        for t in ties
    }
