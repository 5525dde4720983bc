"""A shop platform's year in records, with one month of bots: orders and accounts, no loans, hardly a label.

    python -m tests.worlds.burst_world FOLDER --applicants 6000 --days 365 --seed 1 [--labels 0.03] [--dirt]

An account is an applicant, an order that is paid later an application, another purchase an event. There is
no national id, no employer, no contact; of outcomes only cancelled orders. A few chargebacks (`--labels`:
share of the guilty; 0: no table of labels at all) come one to three months later, and some of them are
honest people's.

*Honest people share.* A tablet on the sofa with an account for each; a village shop that orders for its
neighbours, and makes ten accounts in the week when it opens; students who sign up passers-by on one tablet
every few minutes; a live show where a hundred sign up in the same minutes, each on their own; machines of
an internet cafe; phones sold on; front desks and pick-up stations where hundreds have one address; one
person's two accounts.

*Who cheats.* Three in five rings are bots of one month: accounts made within the same minute on one device,
one to three devices to an operator, an order within seconds, then nothing. Others hunt coupons slowly, or
pay with others' cards for parcels that meet at one door.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from tests.worlds import burst_bots as cheats
from tests.worlds import burst_people as buyers
from tests.worlds import quarter_homes as homes
from tests.worlds import quarter_markets as markets
from tests.worlds.burst_people import Market
from tests.worlds.delivery import Delivery, arguments, typed
from tests.worlds.quarter_people import Ask, Person
from tests.worlds.quarter_world import UNTIL

Maker = Callable[[Market, int], list[Person]]

# kind of ring: maker, share of the rings, smallest and largest size
RINGS: dict[str, tuple[Maker, float, int, int]] = {
    "bots": (cheats.bots, 0.6, 5, 21),
    "coupons": (cheats.coupons, 0.22, 5, 14),
    "carders": (cheats.carders, 0.18, 4, 9),
}
# kind of honest group: maker, share of the honest, smallest and largest size
GROUPS: dict[str, tuple[Maker, float, int, int]] = {
    "family": (buyers.family, 0.2, 2, 5),
    "flatshare": (homes.flatshare, 0.06, 2, 5),
    "campus": (homes.campus, 0.07, 15, 120),
    "kiosk": (buyers.kiosk, 0.06, 6, 60),
    "street_team": (buyers.street_team, 0.03, 8, 40),
    "flash_sale": (buyers.flash_sale, 0.05, 15, 90),
    "cafe": (buyers.cafe, 0.03, 8, 40),
    "office": (buyers.office, 0.06, 5, 50),
    "second_hand": (markets.second_hand, 0.03, 6, 30),
    "two_accounts": (buyers.two_accounts, 0.03, 2, 3),
}
_OWN = ("phone", "device_id", "bank_card", "email", "address")


def _meet(world: Market) -> None:
    """Honest groups, people by themselves, then those who cheat; an e-mail for everybody."""
    dice, total = world.dice, world.applicants
    kinds = ["bots", "bots", "coupons", "carders"]
    kinds += [dice.weighted({kind: row[1] for kind, row in RINGS.items()}) for _ in range(total // 300)]
    plan = [(kind, _size(world, *RINGS[kind][2:])) for kind in kinds[: max(4, round(total / 300))]]
    alone = round(total * 0.004)
    left = total - alone - sum(size for _, size in plan)
    for maker, share, low, high in GROUPS.values():
        wanted = round(left * share)
        while wanted > 0:
            wanted -= len(maker(world, min(max(wanted, low), _size(world, low, high))))
    for kind, size in dice.shuffled(plan):
        RINGS[kind][0](world, size)
    for _ in range(alone):
        cheats.lone_carder(world)
    while len(world.people) < total:
        world.person()
    buyers.stations(world)
    for one in world.people:
        one.has("email", world.mint.email(one.get("phone", 0)))


def _size(world: Market, low: int, high: int) -> int:
    """A size between the two, small ones likelier."""
    return low + int((high - low + 1) * world.dice.u() ** 1.5)


def _order(world: Market, made: Delivery, one: Person, ask: Ask, ids: dict[int, str]) -> None:
    dice, at = world.dice, ask.at
    ip, wifi = (ask.spot.ip(at, dice), ask.spot.wifi) if ask.spot else world.place(one, at)
    cells = {**{kind: one.get(kind, at) for kind in _OWN}, "ip": ip, "wifi": wifi if dice.chance(0.4) else ""}
    cells.update(ask.over)
    for kind, share in (("phone", 0.2), ("bank_card", 0.4), ("address", 0.15)):
        if dice.chance(share):
            cells[kind] = ""
    made.add(
        "applications",
        application_id=ids[id(ask)],
        applied_at=made.time(at),
        applicant_id=ids[id(one)],
        platform_id=ask.lender.platform_id,
        product=ask.product,
        amount=float(ask.amount),
        merchant_id=ask.shop.merchant_id if ask.shop else "",
        channel=ask.channel,
        birth_year=one.born if dice.chance(0.5) else None,
        city=one.town.name,
        **{kind: typed(dice, kind, value) for kind, value in cells.items()},
    )
    if at + 2 < world.days and dice.chance(0.03):
        gone = at + dice.between(0.01, 2)
        made.add("outcomes", application_id=ids[id(ask)], status="withdrawn", at=made.time(gone))


def _chargebacks(world: Market, made: Delivery, ids: dict[int, str], share: float) -> None:
    """Labels: a part of the guilty, one honest buyer for every seven of them, half of whom are cleared."""
    dice, guilty = world.dice, [one for one in world.people if one.bad]
    honest = [one for one in world.people if not one.bad]
    for one in dice.some(guilty, round(share * len(guilty))) + dice.some(
        honest, round(share * len(guilty) / 7)
    ):
        ask = dice.pick(one.asks)
        known = ask.at + dice.between(25, 95)
        if known < world.days - 0.01:
            about = {"application_id": ids[id(ask)], "source": "chargeback", "detail": ""}
            made.add("labels", label="fraud", known_at=made.time(known), **about)
            known += dice.between(5, 40)
            if not one.bad and dice.chance(0.5) and known < world.days - 0.01:
                cleared = {**about, "source": "manual review", "detail": "cleared"}
                made.add("labels", label="good", known_at=made.time(known), **cleared)


def _events(world: Market, made: Delivery, one: Person, ids: dict[int, str]) -> None:
    for deed in one.deeds:
        if 0 <= deed.at < world.days:
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


def _write(world: Market, ids: dict[int, str], labels: float) -> Delivery:
    """All rows of a year that has happened."""
    made = Delivery(world.begin)
    for front in world.storefronts:
        made.add("platforms", platform_id=front.platform_id, type=front.type, is_own=front.is_own)
    for shop in world.places.shops:
        about = {"category": shop.category, "city": shop.town.name}
        made.add("merchants", merchant_id=shop.merchant_id, opened_at=made.time(shop.opened), **about)
    for one in world.people:
        for ask in one.asks:
            _order(world, made, one, ask, ids)
        _events(world, made, one, ids)
        first = made.time(min(ask.at for ask in one.asks))
        truth = {"applicant_id": ids[id(one)], "kind": one.kind, "ring": one.ring, "bad": int(one.bad)}
        made.truth.append({**truth, "group": one.group, "first_applied_at": first})
    _chargebacks(world, made, ids, labels)
    made.add_devices(world.mint.devices, world.dice)
    return made


def make_world(
    folder: Path,
    applicants: int,
    days: int = 365,
    seed: int = 1,
    *,
    labels: float = 0.03,
    dirt: bool = False,
    until: datetime = UNTIL,
) -> dict[str, int]:
    """Writes FOLDER/records and FOLDER/truth; returns the rows of each table and `dirt`, the bad ones.

    The same arguments give the same bytes. Raises ValueError for fewer than 1,200 accounts or 120 days.
    """
    if applicants < 1200 or days < 120:
        raise ValueError("a platform has 1,200 accounts or more, and 120 days or more")
    world = Market(seed, applicants, days, until)
    world.open_doors()
    _meet(world)
    for one in world.people:
        if not one.bad:
            buyers.shop_life(world, one)
    ids = {id(one): world.mint.code("U") for one in world.people}
    ids.update({id(ask): world.mint.code("O", 10) for one in world.people for ask in one.asks})
    made = _write(world, ids, labels)
    spoilt = made.spoil(world.dice) if dirt else 0
    counts = made.save(folder)
    made.world_file(
        folder, world="burst", applicants=applicants, days=days, seed=seed, labels=labels, dirt=dirt
    )
    return {**counts, "dirt": spoilt}


def main() -> None:
    """The command."""
    parser = arguments(__doc__)
    parser.add_argument("--labels", type=float, default=0.03, help="share of the guilty who get a label")
    given = parser.parse_args()
    how = {"labels": given.labels, "dirt": given.dirt}
    print(json.dumps(make_world(given.folder, given.applicants, given.days, given.seed, **how)))


if __name__ == "__main__":
    main()
