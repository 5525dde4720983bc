"""Honest people who live together: families, flat-shares, factory houses, campuses, villages, two cities."""

from __future__ import annotations

from collections.abc import Callable

from tests.worlds.quarter_asks import ask_of
from tests.worlds.quarter_people import Person, World
from tests.worlds.quarter_places import Spot, Town


def _settle(world: World, one: Person, address: str, spot: Spot, since: float = -9999.0) -> None:
    """They live at that address, behind that line; who is already somewhere else moves in on that day."""
    one.has("address", address, since)
    one.home = spot


def family(world: World, size: int) -> list[Person]:
    """One door, one line. Some lend each other a phone, a card, a number; they name each other."""
    dice, town = world.dice, world.places.town()
    people = [world.person(town, kind="household", new=0.15) for _ in range(size)]
    address, spot, name = world.places.flat(town), people[0].home, world.name("home")
    old = people[0].born + dice.whole(22, 30)
    for place, one in enumerate(people):
        one.group = name
        _settle(world, one, address, spot or world.places.home_spot(town))
        other = people[place - 1]
        relation = "spouse" if place < 2 else "parent" if one.born > old else "relative"
        if dice.chance(0.85):
            one.contacts[0] = (relation, other.get("phone", 0))
        for kind, share in (("device_id", 0.13), ("bank_card", 0.12), ("phone", 0.04)):
            if place and dice.chance(share):
                one.has(kind, people[0].get(kind, 0), dice.pick((-9999.0, dice.between(0, world.days))))
    return people


def far_parents(world: World, size: int) -> list[Person]:
    """Children in the city, parents at home: one card for all, an old phone sent home, named as contact."""
    dice = world.dice
    people = [world.person(kind="household", new=0.6) for _ in range(size)]
    card, name = people[0].get("bank_card", 0), world.name("home")
    for one, other in zip(people, people[1:] + people[:1]):
        one.group = name
        one.contacts[0] = ("relative", other.get("phone", 0))
        if dice.chance(0.7):
            one.has("bank_card", card)
    if dice.chance(0.5):
        half = dice.between(30, world.days)
        handed = people[0].get("device_id", half)
        people[0].has("device_id", world.mint.device(), half)
        people[-1].has("device_id", handed, half + dice.between(1, 20))
    return people


def flatshare(world: World, size: int) -> list[Person]:
    """Strangers behind one door, who come and go; the landlord is the second contact of some."""
    dice, town = world.dice, world.places.town()
    address, spot = world.places.flat(town), world.places.home_spot(town)
    name, landlord = world.name("flat"), world.mint.phone()
    people = [world.person(town, kind="flatshare", new=0.6) for _ in range(size)]
    for one in people:
        one.group = name
        letter = dice.pick("ABCD") if dice.chance(0.3) else ""
        _settle(world, one, address + letter, spot, dice.pick((-9999.0, dice.between(0, world.days))))
        if dice.chance(0.25):
            one.contacts[-1] = ("other", landlord)
        if dice.chance(0.12):
            one.contacts[0] = ("friend", dice.pick(people).get("phone", 0))
    return people


def _house(world: World, town: Town, size: int, what: str) -> Callable[[], tuple[str, Spot]]:
    """The rooms of a large house; each call gives address and network of somebody who sleeps there."""
    dice = world.dice
    floors = max(2, min(12, size // 14))
    spots, yard = world.places.house_spots(town, floors), world.places.road(town)

    def room() -> tuple[str, Spot]:
        floor = dice.whole(1, floors)
        written = dice.pick(
            (f"{yard}{what}{floor}{dice.whole(1, 18):02d}", f"{yard}{what}", f"{yard}{what}{floor}楼")
        )
        return written, spots[floor - 1]

    return room


def dormitory(world: World, size: int) -> list[Person]:
    """A factory's house. People come in waves, are new in town, have one employer, lend and sell each other
    phones, name each other and the personnel office, and sign up together when a promoter stands in the yard.
    """
    dice, town = world.dice, world.places.town()
    firm = world.places.firm(town)
    room = _house(world, town, size, dice.pick(("员工宿舍", "宿舍楼", "工业园宿舍", "公寓")))
    name = world.name("dormitory")
    waves = [dice.between(-60, world.days - 10) for _ in range(dice.whole(2, 5))]
    people: list[Person] = []
    for _ in range(size):
        one = world.person(town, kind="dormitory", new=0.85)
        one.group, one.since = name, max(0.0, dice.pick(waves) + dice.wait(9))
        address, spot = room()
        _settle(world, one, address, spot)
        world.hire(one, firm)
        people.append(one)
        _room_mates(world, one, people[-7:-1], firm.office)
    _promotion(world, people)
    return people


def _room_mates(world: World, one: Person, mates: list[Person], office: str) -> None:
    dice = world.dice
    if mates and dice.chance(0.45):
        one.contacts[-1] = (dice.pick(("colleague", "friend")), dice.pick(mates).get("phone", one.since))
    if dice.chance(0.12):
        one.contacts[-1] = ("colleague", office)
    if mates and dice.chance(0.07):
        seller = dice.pick(mates)
        day = max(one.since, seller.since) + dice.wait(40)
        one.has("device_id", seller.get("device_id", day), day)
        seller.has("device_id", world.mint.device(), day - dice.between(0, 3))
    elif mates and dice.chance(0.06):
        one.has("device_id", dice.pick(mates).get("device_id", one.since))


def _promotion(world: World, people: list[Person]) -> None:
    """A lender's promoter comes with a tablet, once or twice; whoever is there may sign up on it."""
    dice = world.dice
    for _ in range(dice.whole(0, 2)):
        day, lender = world.moment(), dice.pick(world.places.lenders)
        agent, tablet = world.mint.code("AG", 5), world.mint.device()
        for one in people:
            if one.since <= day and dice.chance(0.13):
                asked = ask_of(world, one, min(world.days - 0.01, day + dice.between(0, 0.25)), lender)
                asked.agent, asked.channel, asked.spot = agent, "offline", one.home
                if dice.chance(0.6):
                    asked.over["device_id"] = tablet


def campus(world: World, size: int) -> list[Person]:
    """Students of one house: its network, no employer, friends as contacts, phones handed on in June."""
    dice, town = world.dice, world.places.town()
    room = _house(world, town, size, dice.pick(("学生公寓", "学生宿舍")))
    name = world.name("campus")
    people: list[Person] = []
    for _ in range(size):
        one = world.person(town, kind="campus", new=0.5)
        one.group, one.work = name, None
        one.held.pop("employer", None)
        one.held.pop("employer_phone", None)
        _settle(world, one, *room())
        if people and dice.chance(0.5):
            one.contacts[-1] = ("friend", dice.pick(people[-8:]).get("phone", 0))
        if people and dice.chance(0.06):
            one.has("device_id", dice.pick(people[-20:]).get("device_id", 0), dice.between(0, world.days))
        people.append(one)
    return people


def village(world: World, size: int) -> list[Person]:
    """One address for all, because there are no streets; half the village is related and names each other."""
    dice, town = world.dice, world.places.town()
    written = f"{town.name}市{dice.pick(town.districts)}镇{dice.pick('陈李黄林吴周')}{dice.pick('家屋坑')}村"
    shop, name = world.places.home_spot(town), world.name("village")
    people: list[Person] = []
    for _ in range(size):
        one = world.person(town, kind="village", new=0.05)
        one.group = name
        one.has("address", written + (f"{dice.whole(1, 60)}号" if dice.chance(0.4) else ""))
        if dice.chance(0.2):
            one.work = shop
        if people and dice.chance(0.6):
            one.contacts[0] = (
                dice.pick(("relative", "parent", "spouse")),
                dice.pick(people[-9:]).get("phone", 0),
            )
        if people and dice.chance(0.08):
            one.has("device_id", dice.pick(people[-4:]).get("device_id", 0))
        people.append(one)
    return people


def two_cities(world: World, size: int) -> list[Person]:
    """People who work in one town and live in another: two addresses in turn, two lines, trains between."""
    dice, people = world.dice, []
    for _ in range(size):
        one, other = world.person(kind="two_cities", new=0.4), world.places.town()
        one.group = ""
        near, far = one.get("address", 0), world.places.flat(other)
        for day in range(dice.whole(5, 60), world.days, dice.whole(40, 120)):
            near, far = far, near
            one.has("address", near, float(day))
        one.work = world.places.home_spot(other)
        people.append(one)
    return people
