"""Honest people who meet at counters: customers, second-hand phones, numbers given anew, brokers, friends."""

from __future__ import annotations

from tests.worlds.quarter_asks import ask_of, buy, in_need
from tests.worlds.quarter_people import Deed, Person, World
from tests.worlds.quarter_places import Shop


def customers(world: World, size: int, shop: Shop | None = None) -> list[Person]:
    """People of the town who buy on credit at one shop, all year, more of them when there is a sale."""
    dice = world.dice
    shop = shop or world.places.shop(world.places.town())
    sales = [world.moment(shop.opened) for _ in range(dice.whole(1, 3))]
    people = []
    for _ in range(size):
        one = world.person(shop.town, kind="customer")
        one.group = "shop-" + shop.merchant_id
        at = dice.pick(sales) + dice.between(0, 2) if dice.chance(0.3) else world.moment(shop.opened)
        buy(world, one, at, shop)
        one.need *= 0.5
        people.append(one)
    return people


def second_hand(world: World, size: int) -> list[Person]:
    """A market hall where phones are sold again: each goes through two to four hands, weeks or months apart,
    is tried in the hall's network, and now and then comes back to the stall.
    """
    dice, town = world.dice, world.places.town()
    hall = world.places.home_spot(town)
    people = [world.person(town, kind="second_hand", new=0.5) for _ in range(size)]
    left, name = dice.shuffled(people), world.name("hall")
    while left:
        hands = [left.pop() for _ in range(min(len(left), dice.whole(2, 4)))]
        device, day = world.mint.device(rooted=0.05), dice.between(-100, world.days * 0.5)
        for one in hands:
            one.group = name
            one.has("device_id", device, day)
            one.since = max(0.0, min(day, world.days - 20))
            if dice.chance(0.5) and 0 < day < world.days - 1:
                cells = {"device_id": device, "wifi": hall.wifi, "ip": hall.ip(day, dice)}
                one.deeds.append(Deed("device_use", day, cells=cells))
            gone = day + 15 + dice.wait(70)
            if one is not hands[-1]:
                one.has("device_id", world.mint.device(), gone - dice.between(0, 5))
            day = gone + dice.wait(12)
    return people


def same_number(world: World, size: int) -> list[Person]:
    """A number that somebody gave up is somebody else's three months later; old lists still have it."""
    dice = world.dice
    people = [world.person(kind="new_number") for _ in range(size)]
    for old, new in zip(people[::2], people[1::2]):
        day = dice.between(10, world.days * 0.6)
        number = old.get("phone", day)
        old.has("phone", world.mint.phone(), day)
        new.has("phone", number, -9999.0)
        new.since = min(world.days - 10.0, day + 90 + dice.wait(30))
    return people


def needy(world: World, size: int) -> list[Person]:
    """People who need money at once and ask everywhere."""
    people = [world.person(kind="needy") for _ in range(size)]
    for one in people:
        in_need(world, one)
        one.need = 0.3
    return people


def broker(world: World, size: int) -> list[Person]:
    """An honest loan office: its code, its number as contact of some, its computer and line for some."""
    dice, town = world.dice, world.places.town()
    code, number, spot = world.mint.code("AG", 5), world.mint.phone(), world.places.home_spot(town)
    computer = world.mint.device()
    lenders = dice.some(world.places.lenders, dice.whole(2, 5))
    people = []
    for _ in range(size):
        one = world.person(town, kind="client")
        one.group = "office-" + code
        at = world.moment()
        for lender in dice.some(lenders, dice.whole(1, 3)):
            asked = ask_of(world, one, at, lender)
            asked.agent = code if dice.chance(0.85) else ""
            asked.channel = "agent"
            if dice.chance(0.4):
                asked.spot = spot
                if dice.chance(0.5):
                    asked.over["device_id"] = computer
            if dice.chance(0.2):
                asked.over["contact_phone_2"] = number
            at += dice.between(0.01, 1.5)
        people.append(one)
    return people


def friends(world: World, size: int) -> list[Person]:
    """Friends who recruit each other for a bonus, pay each other's dinners, borrow a phone for it once."""
    dice, town = world.dice, world.places.town()
    lender, day = dice.pick(world.places.lenders), world.moment()
    people: list[Person] = []
    for _ in range(size):
        one = world.person(town, kind="friends")
        if people:
            by = dice.front(people)
            one.deeds.append(Deed("referral", day, by))
            asked = ask_of(world, one, day + dice.between(0.01, 0.5), lender)
            if dice.chance(0.2):
                asked.over["device_id"] = by.get("device_id", day)
            if dice.chance(0.5):
                one.contacts[-1] = ("friend", by.get("phone", day))
            for _ in range(dice.whole(0, 4)):
                deed = Deed("transfer", world.moment(), by, float(dice.whole(10, 600)))
                one.deeds.append(deed)
        day = min(world.days - 1.0, day + dice.wait(6))
        people.append(one)
    return people
