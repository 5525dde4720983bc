"""A flagged ring never just disappears: its flag goes for evidence against it, and what became of it is
said.
"""

from dataclasses import replace

import pytest

from graph.model.types import Facts, LabelValue, Outcome, OutcomeStatus, RingKind, Role
from graph.rings.projected import in_this_process
from graph.rings.search import PreviousFlags, search
from graph.rings.weekly.snapshot import snapshot_of
from investigations.review.flag_words import why
from tests.support.small_worlds import PLATFORMS, applies, before, day, fraud, random_facts, shuffled, uses
from tests.support.worlds.rings import AS_OF, CREW, both, crew, honest, town

FRIENDS = ("ann", "ben", "cat", "dan")
NEXT_WEEK = day(207)


def friends(amount=5000.0):
    """Four who share a bank card and a home, with nothing against them."""
    created = [
        applies(who, 80 + n, uses("bank_card", "purse9"), uses("address", "attic"), amount=amount)
        for n, who in enumerate(FRIENDS)
    ]
    return both(honest(families=20, dormitory=12, customers=20), Facts(applications=tuple(created)))


def outcomes(status, on, who=FRIENDS):
    return Facts(
        outcomes=tuple(
            Outcome(application_id=f"{one}@{80 + FRIENDS.index(one)}", status=status, at=day(on))
            for one in who
        )
    )


def cleared(*who):
    return Facts(labels=tuple(fraud(f"{one}@{80 + FRIENDS.index(one)}", 203, LabelValue.GOOD) for one in who))


def snapshot(path, facts, previous=None, as_of=NEXT_WEEK):
    flagged = tuple(ring for ring in previous.rings if ring.kind.flagged) if previous else ()
    with town(path, facts) as store:
        hits = search(in_this_process(store.view(as_of).tables()), PreviousFlags(flagged))
    return snapshot_of(hits, "week", as_of, previous.rings if previous else ())


def ring_of(snapshot, who):
    return next((ring for ring in snapshot.rings if any(m.applicant_id == who for m in ring.members)), None)


@pytest.fixture
def last_week(tmp_path):
    """The friends were flagged last week: more suspicious then than they are now."""
    seen = snapshot(tmp_path / "last.db", friends(), as_of=AS_OF)
    were = ring_of(seen, "ann")
    assert {m.applicant_id for m in were.members} == set(FRIENDS)
    assert not were.kind.flagged
    return replace(
        seen, rings=tuple(replace(r, kind=RingKind.RING, score=0.94) if r is were else r for r in seen.rings)
    )


def became(path, last_week, *news):
    """The friends' change, and their ring, the week after, with these news."""
    now = snapshot(path, both(friends(), *news), last_week)
    was = ring_of(last_week, "ann").ring_id
    [change] = [c for c in now.changes if c.ring_id == was]
    return change, next((ring for ring in now.rings if ring.ring_id == was), None)


def test_a_flag_stays_when_only_the_estimate_moves(tmp_path, last_week):
    change, ring = became(tmp_path / "t.db", last_week)
    assert (change.flag, ring.kind) == ("flagged", RingKind.RING)
    assert "RING_FLAG_HELD" in ring.reason_codes
    assert ring.score < 0.5  # what is estimated is shown, whatever becomes of the flag
    assert "nothing has come to speak against it" in why(change.why)[0]


def test_a_flag_goes_when_half_of_its_people_are_cleared_and_says_who(tmp_path, last_week):
    change, _ = became(tmp_path / "t.db", last_week, cleared("ann", "ben"))
    assert change.flag == "no_longer_flagged"
    assert "people cleared: 2 (ann, ben)" in why(change.why)[0]
    assert "taken for now: household" in why(change.why)[0]


def test_who_is_cleared_leaves_a_ring_that_stays_flagged(tmp_path, last_week):
    change, ring = became(tmp_path / "t.db", last_week, cleared("ann"))
    assert change.flag == "flagged"
    assert {m.applicant_id for m in ring.members} == set(FRIENDS) - {"ann"}


def test_a_flag_goes_when_loans_had_time_to_go_bad_and_did_not(tmp_path, last_week):
    change, _ = became(tmp_path / "t.db", last_week, outcomes(OutcomeStatus.DISBURSED, 90, FRIENDS[:2]))
    assert change.flag == "no_longer_flagged"
    assert "2/4 members, nobody late" in why(change.why)[0]


@pytest.mark.parametrize(
    "news", [outcomes(OutcomeStatus.DISBURSED, 190), outcomes(OutcomeStatus.REJECTED, 90)]
)
def test_a_loan_without_time_to_go_bad_or_never_paid_out_clears_nobody(tmp_path, last_week, news):
    assert became(tmp_path / "t.db", last_week, news)[0].flag == "flagged"


def test_one_late_loan_keeps_the_flag_whatever_the_others_pay(tmp_path, last_week):
    news = (outcomes(OutcomeStatus.DISBURSED, 90), outcomes(OutcomeStatus.DPD30, 150, FRIENDS[3:]))
    assert became(tmp_path / "t.db", last_week, *news)[0].flag == "flagged"


def test_a_flag_goes_when_what_tied_them_has_become_a_place(tmp_path, last_week):
    others = tuple(applies(f"other{n}", 100 + n, uses("bank_card", "purse9")) for n in range(60))
    change, _ = became(tmp_path / "t.db", last_week, Facts(applications=others))
    assert change.flag == "no_longer_flagged"
    assert "so many hands that it ties nobody: bank card" in why(change.why)[0]


def test_what_is_told_later_takes_no_flag_away(tmp_path, last_week):
    later = replace(
        cleared("ann", "ben"),
        labels=tuple(replace(label, known_at=NEXT_WEEK) for label in cleared("ann", "ben").labels),
    )
    there = snapshot(tmp_path / "a.db", shuffled(both(friends(), later), 3), last_week)
    assert there == snapshot(tmp_path / "b.db", before(friends(), NEXT_WEEK), last_week)


@pytest.mark.parametrize("seed", range(8))
def test_no_ring_loses_its_flag_without_a_reason_and_flagged_people_are_in_one_ring(tmp_path, seed):
    facts = random_facts(seed, people=60)
    last = snapshot(tmp_path / "a.db", facts, as_of=day(30))
    last = replace(
        last,
        rings=tuple(
            replace(r, kind=RingKind.AGENT, score=0.7) if n % 2 else r for n, r in enumerate(last.rings)
        ),
    )
    now = snapshot(tmp_path / "b.db", facts, last, as_of=day(37))
    changes = {change.ring_id: change for change in now.changes}
    flagged = {ring.ring_id for ring in now.rings if ring.kind.flagged}
    for ring in last.rings:
        change = changes[ring.ring_id]
        if ring.kind.flagged and ring.ring_id not in flagged:
            assert change.flag == "no_longer_flagged"
            assert change.why
        if ring.kind.flagged and ring.ring_id in flagged:
            assert change.flag == "flagged"
    everybody = [member.applicant_id for ring in now.rings for member in ring.members]
    assert len(everybody) == len(set(everybody))


def test_a_crew_is_newly_flagged_once_and_then_stays(tmp_path):
    facts = both(honest(families=20), crew(known_on=190))
    first = snapshot(tmp_path / "a.db", facts, as_of=AS_OF)
    second = snapshot(tmp_path / "b.db", facts, first)
    flags = [
        {c.ring_id: c.flag for c in week.changes}[ring_of(week, CREW[0]).ring_id] for week in (first, second)
    ]
    assert flags == ["newly_flagged", "flagged"]


def test_a_flagged_ring_whose_people_are_in_another_says_in_which(tmp_path):
    facts = both(honest(families=20), crew(known_on=190))
    first = snapshot(tmp_path / "a.db", facts, as_of=AS_OF)
    whole = ring_of(first, CREW[0])
    pieces = [replace(whole, ring_id=f"R-{n}", members=whole.members[5 * n : 5 * n + 5]) for n in range(2)]
    second = snapshot(
        tmp_path / "b.db", facts, replace(first, rings=(*pieces, *(r for r in first.rings if r is not whole)))
    )
    gone = {c.ring_id: c for c in second.changes}["R-1"]
    assert (gone.change, gone.flag, gone.why) == ("dissolved", "no_longer_flagged", ("in_flagged=R-0",))


def test_people_whom_a_review_has_cleared_of_a_rules_fraud_are_no_ring(tmp_path):
    eight = [
        applies(
            f"p{n}",
            10 + n,
            uses("device", "tablet-x"),
            uses("phone", "aunt", Role.CONTACT),
            platform_id=f"L{n % 3 + 1}",
        )
        for n in range(8)
    ]
    reported = {
        "good": [fraud(a.application_id, 40, LabelValue.GOOD) for a in eight],
        "fraud": [fraud(a.application_id, 30) for a in eight],
    }
    only_good = Facts(applications=tuple(eight), labels=tuple(reported["good"]), platforms=PLATFORMS)
    both_said = replace(only_good, labels=(*reported["fraud"], *reported["good"]))
    before_review = ring_of(snapshot(tmp_path / "c.db", both_said, as_of=day(35)), "p0")
    assert (before_review.confirmed_bad, before_review.kind.flagged) == (8, True)
    for number, facts in enumerate((only_good, both_said)):
        ring = ring_of(snapshot(tmp_path / f"{number}.db", facts, as_of=day(60)), "p0")
        assert (ring.confirmed_bad, ring.bad_rate, ring.kind.flagged) == (0, 0.0, False)


def test_every_word_of_a_flag_is_a_sentence_in_both_languages():
    reported = (
        "held=0.94>0.45", "part_of=R-1", "cleared=a,b", "paid_as_agreed=2/4", "ties_gone=device",
        "become_a_place=bank_card", "too_few_left", "in_flagged=R-2", "reasons_gone=RING_SHARED_DEVICE",
        "score=0.94>0.45", "among=R-3:household", "was=kiosk", "taken_for=dormitory", "tied_to=R-4",
        "same_agent_as=R-5,R-6",
    )  # fmt: skip
    for word in reported:
        english, chinese = why((word,))
        assert english
        assert any("一" <= letter <= "鿿" for letter in chinese), word
        assert "{" not in english + chinese
        assert "=" not in english + chinese
