"""Crews that live off others' trade: a shop's clerk, an intermediary, a paper firm, borrowed identities."""

from __future__ import annotations

from tests.worlds.quarter_asks import ask_of, buy
from tests.worlds.quarter_crews import opening, recruit, strike, targets
from tests.worlds.quarter_markets import customers
from tests.worlds.quarter_people import Person, World


def clerk(world: World, size: int) -> list[Person]:
    """A clerk puts bought identities through on a few evenings, on the shop's tablet or his own phone, among
    two to five times as many honest customers of that shop. Now and then he borrows himself.
    """
    dice = world.dice
    shop = world.places.shop(world.places.town())
    shop.opened = min(shop.opened, -10.0)
    customers(world, int(size * dice.between(2.1, 5)), shop)
    people = recruit(world, "clerk", size, shop.town, fresh=0.7)
    code, number = dice.pick(shop.clerks)
    own, start = world.mint.device(), opening(world, 60)
    left, evening = dice.shuffled(people), start
    while left:
        at = min(int(evening) + dice.between(0.7, 0.9), world.days - 0.1)
        for one in [left.pop() for _ in range(min(len(left), dice.whole(2, 6)))]:
            ask = buy(world, one, at, shop, fraud=one.bad, least=60)
            ask.agent, ask.spot = (code if dice.chance(0.8) else ""), shop.spot
            if dice.chance(0.4):
                ask.over["device_id"] = own
            if dice.chance(0.25):
                ask.over["contact_phone_1"] = number
            at = min(at + dice.wait(0.012), world.days - 0.01)
        evening += dice.wait(12) + 1
    if dice.chance(0.4):
        people[0].has("phone", number)
        people[0].has("device_id", own)
    return people


def intermediary(world: World, size: int) -> list[Person]:
    """Thirty to seventy clients who do not know each other: a quarter over a few of his phones, half with one
    of a few numbers as contact, some with a code or a made-up employer. A part of them are honest and pay.
    """
    dice, mint = world.dice, world.mint
    people = recruit(world, "intermediary", size, world.places.town(), fresh=0.15)
    phones = [mint.device() for _ in range(dice.whole(2, 4))]
    numbers = [mint.phone() for _ in range(dice.whole(2, 4))]
    code = mint.code("AG", 5) if dice.chance(0.5) else ""
    firms = [world.places.firm(people[0].town) for _ in range(2)]
    start, span = world.moment(3, world.days * 0.6), dice.between(60, 220)
    honest, lenders = dice.between(0.25, 0.5), targets(world, 3, 6)
    by_phone = set(map(id, dice.some(people, round(size * 0.25))))
    by_number = set(map(id, dice.some(people, round(size * 0.5))))
    for one in people:
        one.bad = one.bad and not dice.chance(honest)
        if dice.chance(0.2):
            world.hire(one, dice.pick(firms))
        at = min(start + dice.u() * span, world.days - 1)
        phone, number = dice.front(phones), dice.front(numbers)
        for ask in strike(world, one, at, dice.some(lenders, dice.whole(1, 3)), 0.5):
            ask.agent, ask.channel = (code if dice.chance(0.5) else ""), dice.pick(("agent", ask.channel))
            if id(one) in by_phone:
                ask.over["device_id"] = phone
            if id(one) in by_number:
                ask.over[dice.pick(("contact_phone_1", "contact_phone_2"))] = number
    return people


def paper_firm(world: World, size: int) -> list[Person]:
    """Jobs at a firm that is a letterhead and a mobile; the applicants share nothing else."""
    dice = world.dice
    people = recruit(world, "paper_firm", size, fresh=0.3)
    firm = world.places.firm(people[0].town)
    firm.phone, start, span = firm.office, opening(world, 90), dice.between(20, 120)
    for one in people:
        world.hire(one, firm)
        one.work = None
        at = min(start + dice.u() * span, world.days - 1)
        for ask in strike(world, one, at, targets(world, 1, 3), 1.0):
            if dice.chance(0.3):
                ask.over["contact_phone_2"] = firm.phone
    return people


def _somebody(world: World) -> Person:
    """An honest person who is known for nothing yet, and whose papers may lie open."""
    while True:
        one = world.dice.pick(world.people)
        if not one.ring and not one.bad and one.kind != "victim":
            return one


def borrowers_of_names(world: World, size: int) -> list[Person]:
    """Accounts opened with the papers of people who borrow elsewhere and know of nothing; and a few of those
    people's own accounts taken over. The victims are honest.
    """
    dice, mint = world.dice, world.mint
    victims: list[Person] = []
    while len(victims) < size + max(1, size // 4):
        met = _somebody(world)
        victims += [] if met in victims else [met]
    people = recruit(world, "borrowed_names", size, fresh=1.0)
    phones = [mint.device(rooted=0.2) for _ in range(max(2, size // 3))]
    cards = [mint.card() for _ in range(max(2, size // 3))]
    start, span = opening(world, 60), dice.between(5, 60)
    for one, victim in zip(people, victims):
        one.bad, one.national_id, one.born = True, victim.national_id, victim.born
        victim.kind, one.face = "victim", one.face - dice.between(0, 0.15)
        for ask in strike(
            world, one, min(start + dice.u() * span, world.days - 1), targets(world, 1, 3), 0.4
        ):
            ask.over["device_id"], ask.over["bank_card"] = dice.pick(phones), dice.pick(cards)
    for victim in victims[size:]:
        victim.kind = "victim"
        taken = ask_of(
            world, victim, min(start + dice.u() * span, world.days - 1), targets(world, 1, 1)[0], fraud=True
        )
        taken.over = {"device_id": dice.pick(phones), "bank_card": dice.pick(cards), "phone": mint.phone()}
    return people


def lone_stacker(world: World) -> Person:
    """Alone: as many lenders as answer within a week, and no instalment to any."""
    one = world.person(kind="stacker")
    one.bad = True
    strike(world, one, world.moment(0, world.days - 3), targets(world, 5, 10), world.dice.between(0.05, 0.6))
    return one


def lone_fraud(world: World) -> Person:
    """Alone: false papers, or a grandmother's; one or two loans that were never meant to be paid."""
    one = world.person(kind="solo")
    one.bad = True
    if world.dice.chance(0.3):
        old = _somebody(world)
        old.kind, one.national_id, one.born = "victim", old.national_id, old.born
        one.contacts[0] = ("relative", old.get("phone", 0))
    strike(world, one, world.moment(0, world.days - 1), targets(world, 1, 3), 1.0)
    return one
