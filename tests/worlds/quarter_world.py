"""A quarter of a city in records: a fourth hand's lending world, written without sight of the detector.

    python -m tests.worlds.quarter_world FOLDER --applicants 6000 --days 365 --seed 1 [--dirt]

*Who lives here.* People are made one by one with a life of their own: things that they own from a day on, a
home, a job, people whom they would name. Then they meet. Families share a door and a line, lend a phone,
use one card, also from afar; strangers share flats; factories house waves of newcomers who name their room-
mates, sell each other phones and sign up on a promoter's tablet; students and villages have one address for
hundreds; market halls sell phones on through three hands; numbers are given anew; shops write all requests
on one tablet; loan offices have one number in a hundred forms; friends recruit friends; some are in need
and ask ten lenders. Everybody goes through carriers' addresses. So a shared value is the rule, and most of
it is honest.

*Who cheats.* One ring in 300 people, of eleven kinds (`RINGS`), and people alone. A crew is as large, as
fast and as careful as it happens to be; some of its members live in honest houses, borrowed honestly
before, or pay. Chains share only with their neighbours; a clerk's bursts stand among his shop's honest
customers; an intermediary's clients do not know each other; sleepers have paid everything so far; borrowed
names belong to honest people who borrow elsewhere.

*What is known.* Lenders ask for different things and report in part. A default is seen 60 days after the
pay-out at the earliest. Investigators find a crew whole, or one or two of it, or nothing; some honest
people are taken for frauds, and more than half of them are cleared later.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path

from tests.worlds import quarter_crews as crews
from tests.worlds import quarter_homes as homes
from tests.worlds import quarter_markets as markets
from tests.worlds import quarter_trades as trades
from tests.worlds.delivery import Delivery, arguments, typed
from tests.worlds.quarter_asks import honest_asks
from tests.worlds.quarter_credit import findings, settle
from tests.worlds.quarter_events import live
from tests.worlds.quarter_people import Ask, Deed, Person, World

Maker = Callable[[World, int], list[Person]]

# kind of ring: maker, weight, smallest and largest size
RINGS: dict[str, tuple[Maker, float, int, int]] = {
    "chain": (crews.chain, 0.16, 6, 17),
    "clerk": (trades.clerk, 0.12, 6, 14),
    "intermediary": (trades.intermediary, 0.05, 30, 70),
    "line": (crews.line, 0.14, 4, 8),
    "sleepers": (crews.sleepers, 0.1, 4, 11),
    "stackers": (crews.stackers, 0.06, 4, 9),
    "borrowed_names": (trades.borrowers_of_names, 0.08, 4, 9),
    "farm": (crews.farm, 0.08, 5, 13),
    "payout": (crews.payout, 0.07, 5, 12),
    "paper_firm": (trades.paper_firm, 0.06, 5, 12),
    "kin": (crews.kin, 0.08, 5, 11),
}
_CERTAIN = ("chain", "clerk", "intermediary", "line", "sleepers", "stackers", "borrowed_names")
# kind of honest group: maker, share of the honest, smallest and largest size
GROUPS: dict[str, tuple[Maker, float, int, int]] = {
    "family": (homes.family, 0.17, 2, 5),
    "far_parents": (homes.far_parents, 0.03, 2, 3),
    "flatshare": (homes.flatshare, 0.08, 2, 6),
    "dormitory": (homes.dormitory, 0.12, 18, 240),
    "campus": (homes.campus, 0.05, 15, 160),
    "village": (homes.village, 0.05, 12, 90),
    "two_cities": (homes.two_cities, 0.02, 4, 12),
    "customers": (markets.customers, 0.09, 8, 110),
    "second_hand": (markets.second_hand, 0.04, 8, 50),
    "same_number": (markets.same_number, 0.02, 2, 8),
    "needy": (markets.needy, 0.03, 3, 10),
    "broker": (markets.broker, 0.03, 8, 45),
    "friends": (markets.friends, 0.02, 3, 9),
}
_OWN = ("phone", "device_id", "bank_card", "email", "address", "employer", "employer_phone")
UNTIL = datetime(2026, 1, 1, tzinfo=timezone(timedelta(hours=8)))


def _meet(world: World) -> None:
    """Fills the quarter: honest groups, then crews among them, then people by themselves."""
    dice, total = world.dice, world.applicants
    rings = max(len(_CERTAIN), round(total / 300))
    kinds = list(_CERTAIN) + [
        dice.weighted({kind: row[1] for kind, row in RINGS.items()}) for _ in range(rings)
    ]
    plan = [(kind, _size(world, *RINGS[kind][2:])) for kind in kinds[:rings]]
    alone = round(total * 0.005)
    shops = sum(size * 4 for kind, size in plan if kind == "clerk")
    left = total - sum(size for _, size in plan) - alone - shops
    for maker, share, low, high in GROUPS.values():
        wanted = round(left * share)
        while wanted > 0:
            wanted -= len(maker(world, min(max(wanted, low), _size(world, low, high))))
    for kind, size in dice.shuffled(plan):
        RINGS[kind][0](world, size)
    for place in range(alone):
        (trades.lone_stacker if place % 3 else trades.lone_fraud)(world)
    while len(world.people) < total:
        world.person()


def _size(world: World, low: int, high: int) -> int:
    """A size between the two, small ones likelier; large ones only where the quarter has the people."""
    top = high if high <= 17 else max(low, min(high, int(low + (high - low) * world.applicants / 8000)))
    return low + int((top - low + 1) * world.dice.u() ** 1.5)


def _cells(world: World, one: Person, ask: Ask) -> dict[str, object]:
    """The identifiers that stand in an application, as its lender asks for them."""
    dice, at = world.dice, ask.at
    ip, wifi = (ask.spot.ip(at, dice), ask.spot.wifi) if ask.spot else world.place(one, at)
    cells = {kind: one.get(kind, at) for kind in _OWN}
    phones = [phone for _, phone in one.contacts]
    if dice.chance(0.2):
        phones.reverse()
    cells.update(national_id=one.national_id, ip=ip, wifi=wifi, contact_phone_1=phones[0])
    cells["contact_phone_2"] = phones[-1] if dice.chance(0.8) else ""
    cells.update(ask.over)
    asked = {kind: value for kind, value in cells.items() if kind not in ask.lender.leaves_out}
    return {kind: typed(dice, kind, value) for kind, value in asked.items()}


def _application(world: World, made: Delivery, one: Person, ask: Ask, ids: dict[int, str]) -> None:
    dice = world.dice
    made.add(
        "applications",
        application_id=ids[id(ask)],
        applied_at=made.time(ask.at),
        applicant_id=ids[id(one)],
        platform_id=ask.lender.platform_id,
        product=ask.product,
        amount=float(ask.amount),
        term_months=ask.term,
        merchant_id=ask.shop.merchant_id if ask.shop else "",
        agent_id=ask.agent,
        channel=ask.channel,
        face_match=round(min(1.0, max(0.0, one.face + dice.bell(0, 0.02))), 3),
        liveness=round(min(1.0, max(0.2, one.face + dice.bell(0.01, 0.03))), 3),
        phone_three_element=dice.chance(one.names_match),
        birth_year=one.born,
        city=one.town.name,
        new_citizen=one.new_citizen if dice.chance(0.9) else None,
        **_cells(world, one, ask),
    )
    for status, when, amount in ask.steps:
        if ask.reported or status in ("approved", "rejected"):
            made.add(
                "outcomes",
                application_id=ids[id(ask)],
                status=status,
                at=made.time(when),
                amount=amount or None,
            )


def _event(world: World, made: Delivery, one: Person, deed: Deed, ids: dict[int, str]) -> None:
    made.add(
        "events",
        event_id=world.mint.code("E", 10),
        kind=deed.kind,
        at=made.time(deed.at),
        applicant_id=ids[id(one)],
        counterparty_id=ids[id(deed.other)] if deed.other else "",
        merchant_id=deed.shop.merchant_id if deed.shop else "",
        amount=deed.amount or None,
        **{kind: typed(world.dice, kind, value) for kind, value in deed.cells.items()},
    )


def _write_labels(world: World, made: Delivery, ids: dict[int, str]) -> None:
    for finding in findings(world):
        about = (
            {"application_id": ids[id(finding.ask)]}
            if finding.ask
            else {"applicant_id": ids[id(finding.one)]}
        )
        said = {"label": finding.label, "source": finding.source, "detail": finding.detail}
        made.add("labels", **about, **said, known_at=made.time(finding.known))


def _write(world: World, ids: dict[int, str]) -> Delivery:
    """All rows of a world that has happened."""
    made, dice = Delivery(world.begin), world.dice
    for lender in world.places.lenders:
        made.add("platforms", platform_id=lender.platform_id, type=lender.type, is_own=lender.is_own)
    for shop in world.places.shops:
        opened = made.time(shop.opened)
        made.add(
            "merchants",
            merchant_id=shop.merchant_id,
            category=shop.category,
            city=shop.town.name,
            opened_at=opened,
        )
    for one in world.people:
        first = min(ask.at for ask in one.asks)
        for ask in one.asks:
            _application(world, made, one, ask, ids)
        for deed in one.deeds:
            if 0 <= deed.at < world.days:
                _event(world, made, one, deed, ids)
        for relation, phone in one.contacts if dice.chance(0.55) else ():
            made.add(
                "contacts", applicant_id=ids[id(one)], phone=phone, relation=relation, at=made.time(first)
            )
        truth = {"applicant_id": ids[id(one)], "kind": one.kind, "ring": one.ring, "bad": int(one.bad)}
        made.truth.append({**truth, "group": one.group, "first_applied_at": made.time(first)})
    _write_labels(world, made, ids)
    made.add_devices(world.mint.devices, dice)
    return made


def make_world(
    folder: Path,
    applicants: int,
    days: int = 365,
    seed: int = 1,
    *,
    dirt: bool = False,
    until: datetime = UNTIL,
) -> dict[str, int]:
    """Writes FOLDER/records and FOLDER/truth; returns the rows of each table and `dirt`, the bad ones.

    The same arguments give the same bytes. Raises ValueError for fewer than 2,000 applicants or 120 days.
    """
    if applicants < 2000 or days < 120:
        raise ValueError("a quarter has 2,000 applicants or more, and 120 days or more")
    world = World(seed, applicants, days, until)
    _meet(world)
    for one in world.people:
        if not one.ring and not one.bad:
            honest_asks(world, one)
        settle(world, one)
        live(world, one)
    ids = {id(one): world.mint.code("P") for one in world.people}
    ids.update({id(ask): world.mint.code("A", 10) for one in world.people for ask in one.asks})
    made = _write(world, ids)
    spoilt = made.spoil(world.dice) if dirt else 0
    counts = made.save(folder)
    made.world_file(folder, world="quarter", applicants=applicants, days=days, seed=seed, dirt=dirt)
    return {**counts, "dirt": spoilt}


def main() -> None:
    """The command."""
    parser = arguments(__doc__)
    given = parser.parse_args()
    print(json.dumps(make_world(given.folder, given.applicants, given.days, given.seed, dirt=given.dirt)))


if __name__ == "__main__":
    main()
