"""Who pays one amount at one shop soon after asking for money belongs together, if others do so too."""

import random
from types import SimpleNamespace

import numpy as np
import pytest

from graph.model.moments import DAY
from graph.model.types import Facts
from graph.rings.projected import in_this_process
from graph.rings.search import search
from graph.rings.sharing.payments import same_payments
from tests.support.ring_searches import of_everybody
from tests.support.small_worlds import PLATFORMS, applies, day, does, fraud, uses
from tests.support.worlds.rings import AS_OF, both, honest, town


def pays(who, on, amount=4990.0, shop="till"):
    return does(who, "payment", on, merchant_id=shop, amount=amount, event_id=f"{who}-{shop}-{amount}@{on}")


def asks(*people, on=100):
    return tuple(applies(who, on) for who in people)


def paid_alike(path, applications, events, as_of=AS_OF):
    with town(path, Facts(applications=applications, events=tuple(events), platforms=PLATFORMS)) as store:
        tables = store.view(as_of).tables()
    what, who, _ = same_payments(tables)
    found = {}
    for number, person in zip(what.tolist(), who.tolist()):
        found.setdefault(number, set()).add(str(tables.applicant_ids[person]))
    return sorted(map(sorted, found.values()))


def test_three_who_turn_a_loan_into_cash_at_one_till_share_that_payment(tmp_path):
    people = ("ann", "ben", "cat")
    paid = [pays(who, 103 + n) for n, who in enumerate(people)]
    assert paid_alike(tmp_path / "t.db", asks(*people), [*paid, pays("ann", 104)]) == [list(people)]


@pytest.mark.parametrize(
    "third",
    [
        pays("cat", 105, amount=4990.5),
        pays("cat", 105, shop="elsewhere"),
        pays("cat", 99),  # before asking
        pays("cat", 131),  # a month later
        pays("dan", 105),  # who never asked for money
        pays("ann", 109),  # one of the two again
        does("cat", "payment", 105, merchant_id="till"),
        does("cat", "payment", 105, amount=4990.0),
    ],
)
def test_two_may_pay_the_same_by_chance(tmp_path, third):
    paid = [pays("ann", 103), pays("ben", 104), third]
    assert paid_alike(tmp_path / "t.db", asks("ann", "ben", "cat"), paid) == []


def test_a_payment_that_is_still_to_come_counts_for_nothing(tmp_path):
    people = ("ann", "ben", "cat")
    paid = [pays(who, 103 + n) for n, who in enumerate(people)]
    assert paid_alike(tmp_path / "now.db", asks(*people), paid, day(105)) == []
    assert paid_alike(tmp_path / "later.db", asks(*people), paid, day(106)) == [list(people)]


def test_nobody_pays_where_nobody_asked_for_money(tmp_path):
    assert paid_alike(tmp_path / "t.db", (), [pays(who, 3) for who in ("ann", "ben", "cat")]) == []


def cashing_out(name, on, known):
    """Eight people who share nothing else and ask three lenders in two days; their loans go over one till."""
    rng = random.Random(name)
    created, events = [], []
    for n in range(8):
        who = f"{name}{n}"
        for lender in ("L1", "L2", "L3"):
            at = round(on + 3 * n + rng.uniform(0, 2), 3)
            created.append(
                applies(who, at, uses("phone", who), platform_id=lender, amount=8000.0, face_match=0.8)
            )
        events += [
            pays(who, on + 3 * n + 4 + k, rng.choice((2980.0, 4990.0)), f"till {name}") for k in (0, 1)
        ]
    labels = tuple(fraud(row.application_id, 180) for row in created[:: 3 if known else 100])
    return Facts(applications=tuple(created), events=tuple(events), labels=labels if known else ())


def test_who_cashes_out_at_one_till_is_a_group_and_shoppers_at_one_price_are_not(tmp_path):
    rng = random.Random(3)
    neighbours = honest(families=50, dormitory=20, customers=60)
    buyers = [row for row in neighbours.applications if row.merchant_id is None and rng.random() < 0.4]
    shopping = tuple(
        pays(
            row.applicant_id, (row.applied_at - day(0)).total_seconds() / 86_400 + 2, 2999.0, f"shop {n % 6}"
        )
        for n, row in enumerate(buyers)
    )
    crews = [cashing_out(f"crew{n}.", 20 + 25 * n, known=n != 2) for n in range(5)]
    with town(tmp_path / "t.db", both(neighbours, Facts(events=shopping), *crews)) as store:
        tables = store.view(AS_OF).tables()
    found, names = search(in_this_process(tables)), tables.applicant_ids.astype(str)
    unknown, honest_people = np.char.startswith(names, "crew2."), ~np.char.startswith(names, "crew")
    assert unknown.sum() == 8
    group, suspicion = of_everybody(found, "group", "suspicion")
    assert set(np.flatnonzero(group == group[unknown][0])) == set(np.flatnonzero(unknown))
    assert suspicion[unknown].min() > 5 * suspicion[honest_people].max()
    assert not np.isin(group[honest_people], found.flagged).any()


def test_payments_of_hundreds_of_thousands_of_people_are_their_own():
    born, many = 1_700_000_000_000_000, 1 << 18
    asked, payers = np.arange(3), np.arange(3) + many
    tables = SimpleNamespace(
        as_of=born + (1 << 46) - 1,
        applications={
            "applicant": np.r_[asked, payers],
            "at": np.r_[np.full(3, born), np.full(3, born + 90 * DAY)],
        },
        events={
            "applicant": payers,
            "at": np.full(3, born + DAY),
            "merchant": np.zeros(3, np.int32),
            "amount": np.full(3, 100.0),
        },
    )
    # nobody who pays has asked yet: others have, whose numbers are 2^18 smaller
    assert len(same_payments(tables)[1]) == 0
    tables.applications["applicant"] = np.r_[payers, asked]
    assert same_payments(tables)[1].tolist() == payers.tolist()
