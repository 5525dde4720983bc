"""What a ring shares is counted in things, and its people joined it when they were first tied in."""

from collections import Counter, defaultdict

import numpy as np
import pytest

from graph.model.types import Facts, LabelValue, Outcome, OutcomeStatus, RingKind, Role
from graph.rings.applicants.columns import applicant_columns
from graph.rings.groups.shared_items import NEVER, shared_items
from graph.rings.links.projection import LINK_KINDS
from graph.rings.projected import in_this_process
from graph.rings.search import search
from graph.rings.sharing.incidence import incidence_of
from graph.rings.weekly.honest_impact import honest_impact
from graph.rings.weekly.snapshot import snapshot_of
from tests.support.small_worlds import PLATFORMS, applies, day, does, fraud, random_facts, uses
from tests.support.worlds.rings import AS_OF, CREW, both, crew, honest, town


def tables_of(path, facts, as_of=AS_OF):
    with town(path, facts) as store:
        return store.view(as_of).tables()


def things(tables, group):
    return shared_items(tables.events, incidence_of(tables), np.asarray(group))


def counted(result, group=0):
    return {kind: n for kind, n in zip(LINK_KINDS, result.counts[group].tolist()) if n}


def test_one_card_of_six_people_is_one_card(tmp_path):
    six = tuple(applies(f"p{n}", 10 + n, uses("bank_card", "purse"), agent_id="A1") for n in range(6))
    result = things(tables_of(tmp_path / "t.db", Facts(applications=six, platforms=PLATFORMS)), [0] * 6)
    assert counted(result) == {"bank_card": 1, "agent": 1}


def test_a_number_is_a_contact_of_one_and_the_phone_of_another(tmp_path):
    created = (
        applies("ann", 1, uses("phone", "ann"), uses("phone", "aunt", Role.CONTACT)),
        applies("ben", 2, uses("phone", "ann", Role.CONTACT), uses("phone", "aunt", Role.CONTACT)),
    )
    paid = does("ann", "transfer", 5, counterparty_id="ben")
    result = things(
        tables_of(tmp_path / "t.db", Facts(applications=created, events=(paid,), platforms=PLATFORMS)), [0, 0]
    )
    assert counted(result) == {"known_contact": 1, "common_contact": 1, "transfer": 1}


def test_a_tie_is_made_when_the_second_comes(tmp_path):
    created = (
        applies("ann", 1, uses("device", "rig")),
        applies("ben", 8, uses("device", "rig")),
        applies("cat", 9, uses("device", "rig")),
    )
    tables = tables_of(
        tmp_path / "t.db", Facts(applications=(*created, applies("dan", 2)), platforms=PLATFORMS)
    )
    result = things(tables, [0, 0, 0, 0])
    start = int(day(0).timestamp()) * 10**6
    assert [(t - start) / 86_400_000_000 if t < NEVER else None for t in result.tied.tolist()] == [
        8,
        8,
        9,
        None,
    ]


@pytest.mark.parametrize("seed", range(6))
def test_things_are_what_a_slow_count_gives(tmp_path, seed):
    tables = tables_of(tmp_path / "t.db", random_facts(seed), day(50))
    sharing = incidence_of(tables)
    group = np.arange(len(tables.applicant_ids)) % 3
    holders = defaultdict(set)
    for value, who in zip(sharing.value_of_row.tolist(), sharing.who.tolist()):
        if sharing.hub[value] == 0 and LINK_KINDS[sharing.kind[value]] != "phone":
            holders[value].add(who)
    shared = Counter(
        LINK_KINDS[sharing.kind[v]]
        for v, people in holders.items()
        if sum(group[who] == 1 for who in people) > 1
    )
    roles_matter = ("phone", "known_contact", "common_contact", "employer_phone", "transfer", "referral")
    assert {
        kind: n for kind, n in counted(things(tables, group), 1).items() if kind not in roles_matter
    } == shared


def test_nobody_joins_a_ring_before_it_was_first_seen_and_a_name_keeps_its_first_day(tmp_path):
    facts = both(honest(families=20), crew(known_on=190))
    first = snapshot_of(search(in_this_process(tables_of(tmp_path / "a.db", facts))), "one", AS_OF)
    # told a week later: an old tie to the others
    early = applies(CREW[3], 40, uses("device", "rig1"), uses("device", "rig2"))
    second = snapshot_of(
        search(
            in_this_process(tables_of(tmp_path / "b.db", both(facts, Facts(applications=(early,))), day(207)))
        ),
        "two",
        day(207),
        first.rings,
    )
    before = {ring.ring_id: ring for ring in first.rings}
    for ring in (*first.rings, *second.rings):
        assert min(m.joined_at for m in ring.members) >= ring.first_seen
    for ring in second.rings:
        if ring.ring_id in before:
            assert ring.first_seen == before[ring.ring_id].first_seen
            joined = {m.applicant_id: m.joined_at for m in before[ring.ring_id].members}
            assert all(
                m.joined_at == joined[m.applicant_id] for m in ring.members if m.applicant_id in joined
            )


def test_a_payout_told_by_two_exports_is_open_once(tmp_path):
    loan = applies("ann", 10, amount=5000.0)
    paid = tuple(
        Outcome(application_id=loan.application_id, status=OutcomeStatus.DISBURSED, at=day(on), amount=5000.0)
        for on in (12, 13)
    )
    tables = tables_of(tmp_path / "t.db", Facts(applications=(loan,), outcomes=paid, platforms=PLATFORMS))
    assert applicant_columns(tables)["open"].tolist() == [5000.0]


def test_the_honest_of_households_dormitories_and_shops_are_counted_where_they_are(tmp_path):
    facts = both(honest(families=20, dormitory=12, customers=20), crew(known_on=190))
    labels = tuple(
        fraud(a.application_id, 195, LabelValue.GOOD)
        for a in facts.applications
        if a.applicant_id.startswith(("family1.", "dorm1"))
    )
    hit = honest_impact(
        search(in_this_process(tables_of(tmp_path / "t.db", both(facts, Facts(labels=labels)))))
    )
    assert hit[RingKind.HOUSEHOLD].known == 3
    assert (hit[RingKind.DORMITORY].known, hit[RingKind.DORMITORY].flagged) == (3, 0)
    assert (hit[RingKind.KIOSK].known, hit[RingKind.KIOSK].share) == (0, None)
