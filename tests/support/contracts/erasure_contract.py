"""What every GraphStore promises of an erasure: no name of the erased is left, and nobody else notices."""

from __future__ import annotations

import random
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

import pytest

from graph.frame.from_view import neighbourhood_of
from graph.model.erasure import ALWAYS, Renaming, is_surrogate, masked_tail
from graph.model.errors import ConflictError, SettingError
from graph.model.moments import micros
from graph.model.rings_in_turn import InTurn, RingsInTurn
from graph.model.types import Facts, Label, LabelValue, Ring, RingSnapshot
from graph.signatures import Keys
from graph.store.erased_codes import ErasedCodes, NameKind
from graph.store.erasing import ErasureRequest, planned
from graph.store.evidence import Subject, subject_of
from graph.store.port import GraphStore
from tests.support.contracts.journal_contract import all_told
from tests.support.contracts.people_range_contract import assert_in_ranges
from tests.support.contracts.short_ids import SHORT_IDS, short_named_facts
from tests.support.contracts.store_contract import Open, a_snapshot, assert_same_tables, in_parts
from tests.support.small_worlds import applies, day, does, random_facts, uses

EVERYBODY = tuple(f"p{n:03d}" for n in range(30))
ERASED = ("p003", "p004", "p011", "p020")
FOREVER = datetime.max.replace(tzinfo=UTC)
KEYS: Keys = (("k1", b"a secret of at least thirty-two bytes"),)
Looks = dict[tuple[object, ...], list[str]]


def codes_of(store: GraphStore, keys: Keys = KEYS) -> ErasedCodes:
    """The names that the store has erased, for somebody with these keys."""
    return ErasedCodes(keys, store.refused())


def to_erase(*people: str, until: datetime = FOREVER) -> ErasureRequest:
    """The request to forget those people."""
    return ErasureRequest(people=people, until=until)


def erased(store: GraphStore, *people: str, until: datetime = FOREVER) -> Renaming:
    """The store forgets those people; what it renamed."""
    keys = store.refusal.keys or KEYS
    store.refusal.open_with(keys)
    plan = planned(store, to_erase(*people, until=until), codes_of(store, keys))
    assert store.erase(plan)
    return plan.renaming


def looks_at_others(
    store: GraphStore,
    *erased: str,
    every: int = 1,
    everybody: Collection[str] = EVERYBODY,
    days: Sequence[int] = (20, 45, 70),
) -> Looks:
    """What is seen around everybody else, or one in `every` of them, at many moments and revisions, without
    names.
    """
    out: Looks = {}
    for as_of in map(day, days):
        for revision in (store.revision() // 2, store.revision()):
            view = store.view(as_of, revision)
            subjects = [Subject(applicant_id=who) for who in everybody if who not in erased]
            mine = [a for a in view.applications(day(0)) if a.applicant_id not in erased]
            subjects += [subject_of(a) for a in mine if not is_surrogate(a.applicant_id)]
            for subject in subjects[::every]:
                name = subject.application.application_id if subject.application else ""
                seen = neighbourhood_of(view.evidence_of(subject))
                out[as_of, revision, subject.applicant_id, name] = [str(each.tolist()) for each in seen]
    return out


def assert_same_looks(one: Looks, other: Looks) -> None:
    assert one.keys() == other.keys()
    for where, seen in one.items():
        assert seen == other[where], where


def names_left(store: GraphStore, renaming: Renaming) -> Iterator[str]:
    """Old names in the journal and in what is read."""
    told = " ".join(str(entry) for entry in all_told(store))
    tables = store.view(FOREVER).tables_with_tokens()
    seen = [*tables.applicant_ids, *tables.applications["application_id"], *tables.identifiers["token"]]
    for name in renaming.texts:
        if f"'{name}'" in told or name in seen:
            yield name


def holders_in(facts: Facts) -> dict[str, set[str]]:
    """Who names each identifier."""
    out: dict[str, set[str]] = {}
    for one in (*facts.applications, *facts.events):
        for mention in one.mentions:
            out.setdefault(mention.identifier.node, set()).add(one.applicant_id)
    for contact in facts.contacts:
        out.setdefault(contact.phone.node, set()).add(contact.applicant_id)
    return out


class ErasureContract:
    """Inherit beside StoreContract, whose fixtures it takes. One in `looks_at_one_in` people is looked at."""

    looks_at_one_in = 1

    @pytest.fixture
    def world(self, store: GraphStore) -> Facts:
        """A random world in some revisions, with what lenders and verdicts tell of the erased in words."""
        facts = random_facts(5)
        rng = random.Random(5)
        own = tuple(
            replace(
                a,
                attributes=(("boss", "old Li"),),
                mentions=(*a.mentions, uses("email", f"mail-of-{a.applicant_id}")),
            )
            for a in facts.applications
        )
        words = tuple(
            Label(label=LabelValue.GOOD, known_at=day(9), applicant_id=who, detail="knows Li", source="desk")
            for who in ERASED
        )
        parts = in_parts(replace(facts, applications=own, labels=facts.labels + words), 12)
        rng.shuffle(parts)
        for part in parts:
            store.add(part)
        ring = a_snapshot(30, 3).rings[0]
        members = tuple(
            replace(m, applicant_id=who)
            for m, who in zip(ring.members, ("p002", "p003", "p005"), strict=True)
        )
        snapshot = a_snapshot(30, 3)
        why = replace(snapshot.changes[0], why=("cleared=p003,p005",))
        store.save_rings(replace(snapshot, rings=(replace(ring, members=members),), changes=(why,)))
        return replace(facts, applications=own)

    def test_whoever_was_erased_is_named_nowhere_and_nobody_else_notices(
        self, store: GraphStore, world: Facts
    ) -> None:
        before, counts = looks_at_others(store, *ERASED, every=self.looks_at_one_in), store.counts()
        revision, edition = store.revision(), store.edition()
        renaming = erased(store, *ERASED)
        assert set(renaming.people) == set(ERASED)
        assert [*names_left(store, renaming)] == []
        assert_same_looks(before, looks_at_others(store, *ERASED, every=self.looks_at_one_in))
        assert (store.counts(), store.revision()) == (counts, revision)
        assert store.edition() != edition
        codes = codes_of(store)
        names = (*renaming.people, *renaming.applications, *renaming.events)
        assert all(name in codes for name in names)
        assert not [name for name in names if any(name in code for code in store.refused())]
        assert "p005" not in codes

    @pytest.mark.parametrize(
        ("form", "seed"),
        [("numbered without gaps", 0), ("numbers", 3), ("letters", 6),
         *(pytest.param(form, seed, marks=pytest.mark.slow) for form in SHORT_IDS for seed in range(7, 12))],
    )  # fmt: skip
    def test_whoever_has_a_short_id_is_erased_and_nobody_else_notices(
        self, store: GraphStore, form: str, seed: int
    ) -> None:
        facts, rng = short_named_facts(seed, form), random.Random(seed)
        for part in in_parts(facts, 4):
            store.add(part)
        everybody = store.view(FOREVER).tables().applicant_ids.tolist()
        rng.shuffle(everybody)
        gone, one_by_one = everybody[:12], everybody[12:15]
        look = partial(looks_at_others, store, *gone, *one_by_one, everybody=everybody, days=(70,))
        before = look(every=self.looks_at_one_in)
        for people in (gone, *([who] for who in one_by_one)):
            erased(store, *people)
        assert_same_looks(before, look(every=self.looks_at_one_in))

    def test_what_is_theirs_alone_is_renamed_and_what_others_hold_too_stays(
        self, store: GraphStore, world: Facts
    ) -> None:
        renaming = erased(store, "p003")
        mine = {a.application_id for a in world.applications if a.applicant_id == "p003"}
        assert set(renaming.applications) == mine
        assert set(renaming.events) == {e.event_id for e in world.events if e.applicant_id == "p003"}
        holders = holders_in(world)
        assert set(renaming.identifiers) == {node for node, who in holders.items() if who == {"p003"}}
        view = store.view(FOREVER)
        who = renaming.people["p003"]
        applied = view.applications_of([who])[who]
        assert {a.application_id for a in applied} == set(renaming.applications.values())
        assert all(a.attributes == () for a in applied)
        shared = {m.identifier.node for a in applied for m in a.mentions} - {
            i.node for i in renaming.identifiers.values()
        }
        assert all(view.identifier(node).masked != "***" for node in shared)  # type: ignore[union-attr]
        assert all(view.identifier(i.node).masked == "***" for i in renaming.identifiers.values())  # type: ignore[union-attr]

    def test_masks_in_answers_about_others_show_of_a_surrogate_what_they_showed(
        self, store: GraphStore
    ) -> None:
        store.add(Facts(applications=(applies("C-884171", 1), applies("C-9", 1))))
        people = erased(store, "C-884171", "C-9").people
        assert [masked_tail(people[who], 2) for who in ("C-884171", "C-9")] == ["71", ""]

    def test_the_journal_builds_the_same_store_after_an_erasure(
        self, store: GraphStore, second: GraphStore, world: Facts
    ) -> None:
        erased(store, *ERASED)
        for entry in store.journal():
            if entry.snapshot is None:
                second.add(entry.facts)
            else:
                second.save_rings(entry.snapshot)
        assert_same_tables(store.view(FOREVER).tables(), second.view(FOREVER).tables())
        assert store.view(FOREVER).rings() == second.view(FOREVER).rings()
        assert_in_ranges(store.view(FOREVER), 4)

    def test_rings_keep_their_members_by_their_new_names(self, store: GraphStore, world: Facts) -> None:
        before = store.view(FOREVER).rings()
        people = erased(store, *ERASED).people
        after = store.view(FOREVER).rings()
        assert before is not None
        assert after is not None
        assert [m.applicant_id for m in after.rings[0].members] == ["p002", people["p003"], "p005"]
        assert after.changes[0].why == (f"cleared={people['p003']},p005",)
        who = people["p003"]
        assert store.view(FOREVER).memberships_of([who])[who].ring.ring_id == "R-1"

    def test_what_two_erased_people_shared_keeps_its_place_among_the_values_of_both(
        self, store: GraphStore
    ) -> None:
        between = (uses("device", "llll"), uses("phone", "nnnn"))
        store.add(
            Facts(
                applications=(
                    applies("C-first", 1, uses("wifi", "mmmm")),
                    applies("C-other", 2, uses("wifi", "mmmm"), *between),
                    applies("here", 3, *between),
                )
            )
        )
        (shared,) = erased(store, "C-first", "C-other").identifiers.values()
        assert "k1.llll" < shared.token < "k1.nnnn"

    def test_odd_names_go_from_rings_too_and_figures_of_a_change_stay(self, store: GraphStore) -> None:
        odd = ('O"Brien', "a,b", "back\\slash", "0.94>0.45", "王小明", "0", "R-1", "~abc", "C 1", "x" * 300)
        store.add(Facts(applications=tuple(applies(who, n + 1) for n, who in enumerate(odd))))
        ring = a_snapshot(30, len(odd)).rings[0]
        members = tuple(replace(m, applicant_id=who) for m, who in zip(ring.members, odd, strict=True))
        change = replace(
            a_snapshot(30, 3).changes[0], why=("held=0.94>0.45", f"cleared={','.join((*odd, 'p5'))}")
        )
        store.save_rings(
            replace(a_snapshot(30, 3), rings=(replace(ring, members=members),), changes=(change,))
        )
        for who in odd:
            renaming = erased(store, who)
            assert set(renaming.people) == {who}
            rings = [entry.snapshot for entry in all_told(store) if isinstance(entry.snapshot, RingSnapshot)]
            now = store.view(FOREVER).rings()
            assert now is not None
            assert rings[0].changes == now.changes
            members = rings[0].rings[0].members
            assert {*members} == {*now.rings[0].members}
            assert who not in [m.applicant_id for m in members]
            assert f"applicant_id={who!r}" not in str([*all_told(store)])
        held, cleared = rings[0].changes[0].why
        assert held == "held=0.94>0.45"
        assert cleared.endswith(",p5")
        assert not [who for who in odd if f",{who}," in f",{cleared.removeprefix('cleared=')},"]

    def test_a_fact_that_comes_between_plan_and_erasure_has_it_planned_anew(
        self, store: GraphStore, world: Facts
    ) -> None:
        plan = planned(store, to_erase("p003"), codes_of(store))
        store.add(Facts(applications=(applies("stranger", 80),)))
        late = planned(store, to_erase("p003"), codes_of(store))
        store.add(Facts(events=(does("p003", "login", 81),)))
        assert not store.erase(late)
        assert not store.erase(plan)
        assert "p003" in store.view(FOREVER).tables().applicant_ids.tolist()
        erased(store, "p003")

    def test_who_erases_others_between_plan_and_erasure_has_it_planned_anew(
        self, store: GraphStore, world: Facts
    ) -> None:
        plan = planned(store, to_erase("p003"), codes_of(store))
        gone = erased(store, "p004")
        assert not store.erase(plan)
        assert [*names_left(store, gone)] == []
        erased(store, "p003")
        assert [*names_left(store, gone)] == []

    def test_who_is_erased_while_rings_are_saved_is_named_in_none_of_them(
        self, store: GraphStore, world: Facts
    ) -> None:
        [ring], gone = a_snapshot(60, 3).rings, list[Renaming]()
        before = store.revision()

        def walk() -> Iterator[Ring]:
            for n, who in enumerate(("p003", "p004", "p005")):
                yield replace(ring, ring_id=f"R-{n}", members=(replace(ring.members[0], applicant_id=who),))
                if n == 0 and not gone:
                    gone.append(erased(store, "p003"))

        with pytest.raises(ConflictError, match="erased meanwhile"):
            store.save_rings(RingsInTurn(name="later", as_of=day(60), rings=InTurn(walk), changes=()))
        assert store.revision() == before
        assert [*names_left(store, gone[0])] == []
        now = store.view(FOREVER).rings()
        assert now is not None
        assert now.name == "week-30"

    def test_loans_of_the_erased_never_come_back_and_their_id_may_be_somebody_new(
        self, store: GraphStore, world: Facts
    ) -> None:
        plan = planned(store, to_erase("p003", until=day(50)), codes_of(store))
        assert store.erase(plan)
        codes = codes_of(store)
        assert codes.until(NameKind.APPLICANT, "p003") == micros(day(50))
        assert codes.until(NameKind.APPLICATION, "p003") == codes.until(NameKind.APPLICANT, "p005") == 0
        loans, events = plan.renaming.applications, plan.renaming.events
        assert {codes.until(NameKind.APPLICATION, loan) for loan in loans} == {ALWAYS}
        assert {codes.until(NameKind.EVENT, event) for event in events} == {ALWAYS}

    def test_whoever_was_erased_under_an_older_key_is_known_after_its_rotation(
        self, store: GraphStore, world: Facts
    ) -> None:
        erased(store, "p003")
        rotated = (("k2", b"another secret of thirty-two bytes"), *KEYS)
        plan = planned(store, to_erase("p004"), codes_of(store, rotated))
        assert store.erase(plan)
        codes = codes_of(store, rotated)
        assert "p003" in codes
        assert "p004" in codes

    @pytest.mark.parametrize("keys", [(), (("k1", b"the wrong secret of thirty-two bytes"),)])
    def test_without_the_key_of_its_erasures_nobody_asks_a_store_whom_it_has_erased(
        self, store: GraphStore, world: Facts, keys: Keys
    ) -> None:
        erased(store, "p003")
        with pytest.raises(SettingError, match="by the key k1"):
            codes_of(store, keys)

    def test_applications_that_a_casebook_alone_names_are_refused_too(
        self, store: GraphStore, world: Facts
    ) -> None:
        of_another = next(a.application_id for a in world.applications if a.applicant_id == "p005")
        request = ErasureRequest(people=("p003",), until=FOREVER, applications=("only-there", of_another))
        plan = planned(store, request, codes_of(store))
        assert store.erase(plan)
        assert of_another not in plan.renaming.applications
        assert "only-there" not in plan.renaming.applications["only-there"]
        assert codes_of(store).until(NameKind.APPLICATION, "only-there") == ALWAYS

    def test_erasing_again_or_somebody_unknown_changes_nothing_for_anybody(
        self, store: GraphStore, world: Facts
    ) -> None:
        erased(store, *ERASED)
        before = looks_at_others(store, *ERASED, every=self.looks_at_one_in)
        again = erased(store, *ERASED, "nobody")
        assert (again.applications, again.events, again.identifiers) == ({}, {}, {})
        assert_same_looks(before, looks_at_others(store, *ERASED, every=self.looks_at_one_in))

    def test_people_are_erased_one_after_the_other_and_no_surrogate_keeps_a_name(
        self, store: GraphStore, world: Facts
    ) -> None:
        gone: dict[str, str] = {}
        for who in random.Random(3).sample(EVERYBODY, 12):
            gone |= erased(store, who).people
            named = store.view(FOREVER).tables().applicant_ids.tolist()
            old = [one for one in gone if not is_surrogate(one)]
            assert not [(one, name) for name in named for one in old if one in name]

    def test_another_process_that_has_the_store_open_reads_the_new_names(
        self, store: GraphStore, open_store: Open, world: Facts
    ) -> None:
        with open_store() as other:
            who = next(a.applicant_id for a in world.applications if a.applicant_id in ERASED)
            assert other.view(FOREVER).applications_of([who])[who]
            other.view(FOREVER).rings()
            people: Mapping[str, str] = erased(store, *ERASED).people
            assert other.view(FOREVER).applications_of([who])[who] == ()
            new = people[who]
            assert {a.applicant_id for a in other.view(FOREVER).applications_of([new])[new]} == {new}
            rings = other.view(FOREVER).rings()
            assert rings is not None
            assert people["p003"] in [m.applicant_id for m in rings.rings[0].members]
