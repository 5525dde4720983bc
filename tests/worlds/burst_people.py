"""Honest buyers on a shop platform: who signs up where, on whose device, and what they order."""

from __future__ import annotations

from tests.worlds import quarter_homes as homes
from tests.worlds.quarter_people import Ask, Deed, Person, World
from tests.worlds.quarter_places import Lender, Shop

_MINUTE = 1 / 1440


class Market(World):
    """A platform with its sellers: people are accounts, an application is an order that is paid later."""

    def open_doors(self) -> None:
        """Sellers and storefronts; `storefronts[0]` is the platform itself."""
        mint, dice = self.mint, self.dice
        for _ in range(30 + self.applicants // 200):
            self.places.shop(self.places.town()).tablets.clear()
        none = frozenset[str]()
        self.storefronts = [
            Lender(mint.code("L", 4), "other", place == 0, none, 1.0, 1.0, True) for place in range(3)
        ]
        self.burst_at = dice.between(15, self.days - 75)

    def order(self, one: Person, at: float, shop: Shop | None = None, amount: float = 0.0) -> Ask:
        """They order something, of whatever it costs, on their own device unless a caller says otherwise."""
        dice = self.dice
        cost = amount or min(9000.0, max(6.0, 2.72 ** dice.bell(4.9, 1.0)))
        asked = Ask(
            min(max(at, 0.0), self.days - 0.004),
            dice.front(self.storefronts, 4.0),
            "order",
            int(cost),
            1,
            shop or dice.front(self.places.shops, 1.7),
            channel=dice.pick(("app", "app", "web", "mini_program")),
        )
        one.asks.append(asked)
        return asked

    def sign_up(self, one: Person, at: float, **cells: str) -> None:
        """They are known to the platform from then on; what was before the frame nobody recorded."""
        one.since = at
        if at >= 0:
            ip, wifi = self.place(one, at)
            where = {"device_id": one.get("device_id", at), "ip": ip, "wifi": wifi, **cells}
            one.deeds.append(Deed("register", at, cells=where))


def shop_life(world: Market, one: Person) -> None:
    """A year of an honest account: signed up long ago or now, orders for months, and looks in between."""
    dice = world.dice
    if not any(deed.kind == "register" for deed in one.deeds) and one.since >= 0:
        since = -dice.wait(400) if one.since == 0 and dice.chance(0.45) else world.moment(one.since)
        world.sign_up(one, since)
    at = max(0.0, one.since)
    if not one.asks:
        first = at + dice.wait(0.01) + 0.0004 if one.since > 0 and dice.chance(0.45) else world.moment(at)
        world.order(one, first)
    at = max(ask.at for ask in one.asks)
    while dice.chance(0.62):
        at = world.hour(at + 1 + dice.wait(45))
        if at >= world.days - 0.01:
            break
        if dice.chance(0.5):
            world.order(one, at)
        else:
            shop = dice.front(world.places.shops, 1.7)
            one.deeds.append(Deed("payment", at, None, float(dice.whole(5, 900)), shop))
    for _ in range(min(5, int(dice.wait(1.6)))):
        when = world.moment(max(0.0, one.since))
        ip, wifi = world.place(one, when)
        where = {"device_id": one.get("device_id", when), "ip": ip, "wifi": wifi}
        one.deeds.append(Deed("login", when, cells=where))


def family(world: Market, size: int) -> list[Person]:
    """A tablet on the sofa; a mother makes two accounts in one evening; one card pays for all."""
    dice, people = world.dice, homes.family(world, size)
    tablet, card = world.mint.device(), people[0].get("bank_card", 0)
    evening = world.moment()
    for one in people:
        if dice.chance(0.55):
            one.has("device_id", tablet)
        if dice.chance(0.4):
            one.has("bank_card", card)
        if dice.chance(0.3):
            world.sign_up(one, min(world.days - 0.02, evening + dice.between(1, 25) * _MINUTE))
    return people


def kiosk(world: Market, size: int) -> list[Person]:
    """A village shop orders for its neighbours on its own phone; parcels come to its door. In the first week
    the keeper makes accounts for everybody who stands at the counter.
    """
    dice, town = world.dice, world.places.town()
    phone, spot, door = world.mint.device(), world.places.home_spot(town), world.places.road(town) + "便民店"
    opened, group, people = world.moment(0, world.days * 0.7), world.name("kiosk"), []
    for _ in range(size):
        one = world.person(town, kind="kiosk", new=0.05)
        one.group = group
        queue = opened + dice.whole(0, 6) + dice.between(0, 90) * _MINUTE
        at = queue if dice.chance(0.3) else world.moment(opened)
        world.sign_up(one, min(at, world.days - 0.02), device_id=phone, ip=spot.ip(at, dice), wifi=spot.wifi)
        one.has("address", door)
        if dice.chance(0.75):
            one.has("device_id", phone)
            one.home = spot
        people.append(one)
    return people


def street_team(world: Market, size: int) -> list[Person]:
    """Students with a tablet at a metro station: an account and a first order every few minutes."""
    dice, town = world.dice, world.places.town()
    tablet, spot, shop = world.mint.device(), dice.pick(town.cafes), dice.pick(world.places.shops)
    at, group, people = int(world.moment(0, world.days - 2)) + 0.4, world.name("team"), []
    for _ in range(size):
        one = world.person(town, kind="street_team")
        one.group = group
        at += dice.between(1.5, 9) * _MINUTE
        world.sign_up(one, at, device_id=tablet, ip=spot.ip(at, dice))
        if dice.chance(0.8):
            asked = world.order(one, at + dice.between(0.7, 3) * _MINUTE, shop, dice.pick((9, 19, 29)))
            asked.over["device_id"], asked.spot = tablet, spot
        people.append(one)
    return people


def flash_sale(world: Market, size: int) -> list[Person]:
    """At eight in the evening a live show sells below cost: hundreds sign up in minutes, each alone."""
    dice, shop = world.dice, world.dice.pick(world.places.shops)
    show, price, group, people = int(world.moment(0, world.days - 1)) + 20 / 24, 99, world.name("show"), []
    for _ in range(size):
        one = world.person(kind="flash_sale")
        one.group = group
        at = min(world.days - 0.02, show + dice.between(0, 12) * _MINUTE)
        world.sign_up(one, at)
        world.order(one, at + dice.between(0.3, 4) * _MINUTE, shop, price)
        people.append(one)
    return people


def cafe(world: Market, size: int) -> list[Person]:
    """An internet cafe: strangers on the same few machines, behind one address, all year."""
    dice, town = world.dice, world.places.town()
    machines = [world.mint.device() for _ in range(max(2, size // 5))]
    hall = world.places.house_spots(town, 1)[0]
    group, people = world.name("cafe"), []
    for _ in range(size):
        one = world.person(town, kind="cafe", new=0.4)
        one.group = group
        if dice.chance(0.7):
            one.has("device_id", dice.pick(machines))
            one.home = hall
        people.append(one)
    return people


def office(world: Market, size: int) -> list[Person]:
    """Colleagues who have their parcels sent to the front desk and order in its network."""
    dice, town = world.dice, world.places.town()
    firm, desk, group, people = world.places.firm(town), world.places.road(town), world.name("office"), []
    for _ in range(size):
        one = world.person(town, kind="office")
        one.group, one.work = group, firm.spot
        one.has("address", f"{desk}{dice.whole(3, 30)}楼前台" if dice.chance(0.3) else f"{desk}前台")
        people.append(one)
    return people


def two_accounts(world: Market, size: int) -> list[Person]:
    """One person, an account for home and one for work (or the password was lost): all is the same."""
    dice, town = world.dice, world.places.town()
    people = [world.person(town, kind="two_accounts") for _ in range(size)]
    group = world.name("twice")
    for one in people:
        one.group, one.home, one.contacts = group, people[0].home, people[0].contacts
        for kind, share in (("device_id", 0.9), ("address", 0.8), ("bank_card", 0.7), ("phone", 0.4)):
            if one is people[0] or dice.chance(share):
                one.held[kind] = list(people[0].held[kind])
    return people


def stations(world: Market) -> None:
    """Parcels of a quarter of all come to a pick-up station: one address for hundreds of neighbours."""
    dice = world.dice
    doors = {
        town.name: [world.places.road(town) + "菜鸟驿站" for _ in range(1 + world.applicants // 4000)]
        for town in world.places.towns
    }
    for one in world.people:
        if not one.ring and one.kind in ("plain", "household", "flatshare", "campus") and dice.chance(0.25):
            one.has("address", dice.pick(doors[one.town.name]))
