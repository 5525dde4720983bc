"""Those who cheat a shop platform: bots in one month, coupon hunters all year, payers with others' cards."""

from __future__ import annotations

from tests.worlds.burst_people import Market
from tests.worlds.quarter_people import Deed, Person
from tests.worlds.quarter_places import Shop, Spot, Town

_SECOND = 1 / 86_400


def _crew(world: Market, kind: str, size: int, town: Town | None = None) -> list[Person]:
    name, people = world.name("ring"), []
    for _ in range(size):
        one = world.person(town, kind=kind)
        one.ring, one.bad, one.home, one.work = name, True, None, None
        people.append(one)
    return people


def _somewhere(world: Market) -> Spot:
    """A proxy: an address of some town, no network."""
    return Spot("", [world.places.address_of(world.places.town())])


def _written(world: Market, road: str, room: str) -> str:
    """A delivery address in one of its spellings."""
    return world.dice.pick((f"{road}{room}室", f"{road}{room}", f"{road} {room}室", f"{road}-{room}"))


def bots(world: Market, size: int) -> list[Person]:
    """A script makes accounts within one minute on one device and orders at once; an operator has one to
    three such devices, each with its minute in the month; his orders go to a few doors. Then nothing.
    """
    dice, mint = world.dice, world.mint
    people = _crew(world, "bots", size)
    shops, road = dice.some(world.places.shops, dice.whole(1, 2)), world.places.road(world.places.town())
    doors = [f"{dice.whole(1, 30)}0{dice.whole(1, 9)}" for _ in range(dice.whole(1, 2))]
    hidden, paid, given = dice.chance(0.6), dice.chance(0.4), dice.chance(0.4)
    card, price = mint.card(), dice.pick((49, 99, 199, 499, 1000))
    devices = 1 if size < 10 else dice.whole(1, 3)
    for place in range(devices):
        device = mint.device(emulator=0.3, rooted=0.3)
        minute = int((world.burst_at + 30 * dice.u()) * 1440) / 1440
        line = _somewhere(world)
        for one in people[place::devices]:
            at, spot = minute + dice.between(0, 58) * _SECOND, _somewhere(world) if hidden else line
            one.held["device_id"] = [(-9999.0, device)]
            world.sign_up(one, at, ip=spot.ip(at, dice), wifi="")
            wait = dice.between(1, 9) if dice.chance(0.8) else dice.between(30, 900)
            asked = world.order(one, at + wait * _SECOND, dice.pick(shops), price + dice.pick((0, 0, 1, 5)))
            asked.spot, asked.fraud = spot, True
            if devices > 1 or dice.chance(0.6):
                asked.over["address"] = _written(world, road, dice.pick(doors))
            if paid:
                asked.over["bank_card"] = card
            if not given:
                asked.over["phone"] = ""
    return people


def coupons(world: Market, size: int) -> list[Person]:
    """Newcomers' coupons all year: a drawer of phones, one flat in many spellings, each recruits the next."""
    dice, mint = world.dice, world.mint
    town = world.places.town()
    people, spot, road = (
        _crew(world, "coupons", size, town),
        world.places.home_spot(town),
        world.places.road(town),
    )
    drawer, room = [mint.device(rooted=0.1) for _ in range(max(2, size // 3))], f"{dice.whole(1, 25)}03"
    start, span = world.moment(0, world.days * 0.6), dice.between(40, 220)
    for place, one in enumerate(people):
        at = world.hour(min(start + dice.u() * span, world.days - 1.5))
        device = dice.pick(drawer)
        one.held["device_id"] = [(-9999.0, device)]
        one.home = spot
        world.sign_up(one, at)
        if place and dice.chance(0.6):
            one.deeds.append(
                Deed("referral", at + 0.001, people[0] if dice.chance(0.5) else people[place - 1])
            )
        for _ in range(dice.whole(1, 3)):
            asked = world.order(one, at + dice.between(0.002, 0.05), None, dice.between(8, 60))
            asked.fraud = True
            asked.over["address"] = _written(world, road, room)
            at = min(at + dice.wait(15), world.days - 0.1)
    return people


def _cards(world: Market, one: Person, at: float, shop: Shop, count: int) -> None:
    """One card after the other until one is taken."""
    dice, spot = world.dice, _somewhere(world)
    for _ in range(count):
        asked = world.order(one, at, shop, dice.between(400, 6000))
        asked.over["bank_card"], asked.spot, asked.fraud = world.mint.card(), spot, True
        at += dice.between(0.0008, 0.02)


def carders(world: Market, size: int) -> list[Person]:
    """Others' cards, own devices, proxies; only the parcels meet, at an empty flat."""
    dice, town = world.dice, world.places.town()
    people, road = _crew(world, "carders", size), world.places.road(town)
    room, shops = f"{dice.whole(1, 25)}0{dice.whole(1, 9)}", dice.some(world.places.shops, 3)
    start, span = world.moment(0, world.days * 0.85), dice.between(4, 50)
    for one in people:
        at = world.hour(min(start + dice.u() * span, world.days - 1.2))
        world.sign_up(one, at)
        _cards(world, one, at + dice.wait(0.05), dice.pick(shops), dice.whole(1, 4))
        for asked in one.asks:
            asked.over["address"] = _written(world, road, room)
    return people


def lone_carder(world: Market) -> Person:
    """Alone: one evening, a few cards, one address that is his own."""
    one = world.person(kind="carder")
    one.bad, at = True, world.moment(0, world.days - 1)
    world.sign_up(one, at)
    _cards(
        world, one, at + world.dice.wait(0.05), world.dice.pick(world.places.shops), world.dice.whole(2, 6)
    )
    return one
