"""The honest of the examiner's world: twelve kinds of people, most of whom share something that crews share
too.
"""

from __future__ import annotations

from tests.worlds.examiner_ground import CITIES, DAYS, IDLE_DEVICE, Person
from tests.worlds.examiner_life import Row, World

WIFIS = {"dormitory": 3, "village": 1, "campus": 4}
# how often a form does, and not just the place
NAMES_THE_ROOM = {"dormitory": 0.6, "village": 0.35, "campus": 0.7}


def neighbours(world: World, people: list[Person], ties: float) -> None:
    """What happens among people who live together: they name, pay and invite each other, lend a phone, sell
    one on.
    """
    rng, difficulty = world.rng, world.difficulty
    for one in people:
        other = rng.choice(people)
        if other is one:
            continue
        if rng.random() < ties:
            one.contact_phone_2 = other.phone
        if rng.random() < difficulty.lent_phone:
            world.event(one, "login", one.start + rng.uniform(-5, 60), device_id=other.device_id, ip=other.ip)
        if rng.random() < ties * 0.6:
            world.transfer(one, other, one.start + rng.uniform(0, 120))
        if rng.random() < ties * 0.3:
            world.event(other, "referral", one.start - 0.5, counterparty_id=one.applicant_id)
        if rng.random() < difficulty.second_hand:
            one.device_id = other.device_id


def household(world: World, size: int) -> None:
    """One address, Wi-Fi and line; now and then one phone, card or number between two of them."""
    rng, city = world.rng, world.rng.choice(CITIES)
    roof: Row = {"city": city, "address": world.address(city), "wifi": world.wifi(), "ip": world.home_ip()}
    start = rng.uniform(0, DAYS)
    people = [
        world.person("household", start + rng.gauss(0, 6) if rng.random() < 0.3 else None, **roof)
        for _ in range(size)
    ]
    for one in people:
        kin = rng.choice(people)
        if kin is not one and rng.random() < 0.6:
            one.contact_phone_1 = kin.phone
        if kin is not one and rng.random() < world.difficulty.family_phone:
            one.device_id = kin.device_id
        if kin is not one and rng.random() < 0.05:
            one.bank_card = kin.bank_card
    neighbours(world, people, 0.15)
    for one in people:
        world.honest_year(one)


class Place:
    """A factory with dormitories, a village or a campus: hundreds of people on a few Wi-Fi networks, who come
    in waves.
    """

    def __init__(self, world: World, kind: str) -> None:
        rng = world.rng
        self.world, self.kind, self.city, self.rooms = world, kind, rng.choice(CITIES), 0
        self.address = world.address(self.city)
        self.wifis = [world.wifi() for _ in range(WIFIS[kind])]
        self.ips = [world.ip() for _ in range(2)]
        self.factory = (world.company(self.city), world.landline()) if kind == "dormitory" else None
        self.elder_phones = [world.mobile() for _ in range(8)]
        self.waves = (rng.uniform(30, 170), rng.uniform(190, 330))
        self.phones_about: list[str] = []

    def arrival(self) -> float | None:
        rng = self.world.rng
        return rng.choice(self.waves) + abs(rng.gauss(0, 22)) if rng.random() < 0.6 else None

    def cells(self, room: int) -> Row:
        """What somebody who lives in this room writes on a form."""
        rng, exact = self.world.rng, self.world.rng.random() < NAMES_THE_ROOM[self.kind]
        cells: Row = {
            "city": self.city,
            "address": self.address + (f"宿舍{room}" if exact else ""),
            "wifi": rng.choice(self.wifis) if rng.random() < 0.6 else None,
            "ip": rng.choice(self.ips) if rng.random() < 0.5 else None,
        }
        if self.factory:
            cells["employer"] = self.factory[0] if rng.random() < 0.9 else None
            cells["employer_phone"] = self.factory[1] if rng.random() < 0.6 else None
            cells["new_citizen"] = rng.random() < 0.75
            cells["birth_year"] = 2025 - int(min(50, max(18, rng.gauss(26, 6))))
        if self.kind == "campus":
            cells |= {"employer": None, "employer_phone": None, "birth_year": rng.randint(2002, 2007)}
        if rng.random() < 0.12:
            cells["contact_phone_2"] = rng.choice(self.elder_phones)
        return cells

    def fill_room(self, size: int) -> None:
        """Room-mates with ties of their own, some of them with a phone that somebody of the place had before,
        or through an honest agent.
        """
        world, rng, people = self.world, self.world.rng, list[Person]()
        self.rooms += 1
        for _ in range(size):
            cells = self.cells(self.rooms)
            if self.phones_about and rng.random() < world.difficulty.second_hand:
                cells["device_id"] = rng.choice(self.phones_about)
            people.append(world.person(self.kind, self.arrival(), **cells))
            self.phones_about.append(people[-1].device_id)
        neighbours(world, people, world.difficulty.room_mate_ties)
        agent = None if rng.random() > 0.1 else f"AG{self.city}{rng.randint(1, 3)}"
        for one in people:
            world.honest_year(one, agent_id=agent if rng.random() < 0.6 else None)


def settle(
    world: World, kind: str, count: int, place_size: tuple[int, int], room_size: tuple[int, int]
) -> list[Place]:
    """Places of one kind for so many people, filled room by room."""
    places: list[Place] = []
    while count > 0:
        places.append(Place(world, kind))
        left = min(count, world.rng.randint(*place_size))
        count -= left
        while left > 0:
            size = min(left, world.rng.randint(*room_size))
            places[-1].fill_room(size)
            left -= size
    return places


def shop_customers(world: World, count: int) -> None:
    """Strangers who buy on the same shop's tablet and Wi-Fi."""
    rng = world.rng
    while count > 0:
        counter: Row = {"merchant_id": world.any_shop(), "channel": "store", "product": "instalment"}
        tablet, wifi = world.device(), world.wifi()
        customers = min(count, rng.randint(20, 200))
        count -= customers
        lender = rng.choice(world.lenders)
        for _ in range(customers):
            one = world.person("shop_customer")
            world.apply(
                one,
                one.start,
                lender=lender,
                device_id=tablet if rng.random() < 0.7 else one.device_id,
                wifi=wifi,
                **counter,
            )
            world.daily_life(one)
            if rng.random() < 0.25:
                world.apply(one, one.start + rng.expovariate(1 / 60))


class Errand:
    """An honest cluster around one phone: a labour agent's workers, a company's group purchase, people whom
    somebody helps with the form.
    """

    def __init__(self, world: World, size: int) -> None:
        rng = world.rng
        self.world, self.kind, self.size = (
            world,
            rng.choice(("labour_agent", "group_purchase", "helper")),
            size,
        )
        self.city = rng.choice(CITIES)
        self.device, self.wifi, self.phone = world.device(), world.wifi(), world.mobile()
        self.start = rng.uniform(10, 340)
        self.employer: Row = {"employer": world.company(self.city), "employer_phone": world.landline()}
        self.merchant, self.lender, self.agent = (
            world.any_shop(),
            rng.choice(world.lenders),
            f"AG{rng.randint(100, 999)}",
        )

    def run(self) -> None:
        join = {"labour_agent": self._worker, "group_purchase": self._colleague}.get(
            self.kind, self._kin if self.size <= 12 else self._customer
        )
        for _ in range(self.size):
            join()

    def _on_the_phone(self, often: float, **beside: str) -> Row:
        return {"device_id": self.device, **beside} if self.world.rng.random() < often else {}

    def _worker(self) -> None:
        rng = self.world.rng
        start = None if rng.random() < 0.4 else self.start + rng.uniform(0, 60)
        contact = self.phone if rng.random() < 0.6 else None
        one = self.world.person(self.kind, start, city=self.city, contact_phone_2=contact, **self.employer)
        self.world.honest_year(one, 0.25, agent_id=self.agent, **self._on_the_phone(0.5))

    def _colleague(self) -> None:
        start = self.start + self.world.rng.uniform(0, 6)
        one = self.world.person(self.kind, start, city=self.city, wifi=self.wifi, **self.employer)
        self.world.honest_year(
            one, 0.15, lender=self.lender, merchant_id=self.merchant, **self._on_the_phone(0.3)
        )

    def _kin(self) -> None:
        one = self.world.person(self.kind, city=self.city)
        self.world.honest_year(one, 0.25, **self._on_the_phone(0.7, wifi=self.wifi))

    def _customer(self) -> None:
        contact = self.phone if self.world.rng.random() < 0.4 else None
        one = self.world.person(self.kind, city=self.city, contact_phone_2=contact)
        self.world.honest_year(one, 0.25, **self._on_the_phone(0.3))


def errands(world: World, count: int) -> None:
    while count > 0:
        size = min(count, world.rng.randint(4, 24))
        count -= size
        Errand(world, size).run()


def comparers(world: World, count: int) -> None:
    """Honest people who ask three to nine lenders within three days, to choose the best offer."""
    rng = world.rng
    for _ in range(count):
        one = world.person("comparison")
        for lender in rng.sample(world.lenders, rng.randint(3, 9)):
            world.apply(one, one.start + rng.uniform(0, 3), lender=lender)
        world.daily_life(one)


def plain_people(world: World, count: int) -> None:
    """Everybody else; some with a phone or a number that another of them had, some whose phone tells no
    id.
    """
    rng, before = world.rng, list[Person]()
    phone_before = world.difficulty.second_hand
    number_before = phone_before + world.difficulty.recycled_number
    for _ in range(count):
        one, luck = world.person("plain"), rng.random()
        if before and luck < phone_before:
            one.device_id, one.kind = rng.choice(before).device_id, "second_hand"
        elif before and luck < number_before:
            one.phone, one.kind = rng.choice(before).phone, "recycled_number"
        elif luck > 0.985:
            one.device_id = IDLE_DEVICE
        world.honest_year(one)
        before.append(one)
