"""The crews of the strangers' world: who they are, what they share, and how they hide among the honest."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.worlds.strangers_ground import Person, Place, World


@dataclass(frozen=True)
class Trade:
    """One line of business: how big its crews are, how long they work, how much its members borrow, and how
    often it is met.

    `kit` says what is shared, how often, and by how many members to one value; it is loosened by each crew's
    own discipline.
    """

    size: tuple[int, int]
    span: tuple[int, int]  # days from the first to the last member's start
    loans: float  # mean number of applications of a member beyond the first
    pace: float  # mean days between two of them
    share: float  # weight among the crews
    kit: tuple[tuple[str, float, float], ...]
    weak: float = 0.2  # how badly faces and names are checked out


TRADES = {
    "device_cloud": Trade(
        (8, 50),
        (3, 90),
        4.5,
        3,
        1.2,
        (("device_id", 0.8, 4.5), ("contact_phone_1", 0.5, 7), ("bank_card", 0.35, 6)),
        1.0,
    ),
    "loan_packers": Trade(
        (8, 40),
        (30, 200),
        3.5,
        4,
        1.1,
        (("employer_phone", 0.55, 14), ("contact_phone_2", 0.5, 8), ("device_id", 0.2, 8)),
        0.1,
    ),
    "cashout_merchant": Trade(
        (6, 34), (20, 150), 3.5, 8, 1.0, (("merchant_id", 0.85, 99), ("bank_card", 0.45, 5), ("ip", 0.35, 9))
    ),
    "family_gang": Trade(
        (4, 9),
        (5, 120),
        4,
        5,
        1.3,
        (("device_id", 0.45, 4), ("contact_phone_1", 0.6, 4), ("bank_card", 0.3, 4)),
    ),
    "insider": Trade(
        (5, 28),
        (40, 250),
        2.5,
        7,
        0.9,
        (
            ("agent_id", 0.9, 99),
            ("contact_phone_2", 0.5, 6),
            ("employer_phone", 0.4, 9),
            ("bank_card", 0.4, 6),
        ),
    ),
    "sim_rotators": Trade((5, 22), (30, 260), 3.5, 10, 1.3, (("bank_card", 0.2, 6),)),
    "contact_ring": Trade(
        (4, 26), (10, 120), 3.5, 5, 1.2, (("contact_phone_1", 0.8, 4), ("contact_phone_2", 0.6, 5))
    ),
    "loan_stackers": Trade(
        (5, 24), (2, 25), 7, 0.4, 1.1, (("bank_card", 0.35, 5), ("ip", 0.3, 8), ("employer", 0.2, 8))
    ),
    "dormitory_crew": Trade(
        (5, 18),
        (10, 80),
        3.5,
        4,
        1.0,
        (("device_id", 0.55, 5), ("contact_phone_2", 0.5, 6), ("bank_card", 0.35, 5)),
    ),
    "slow_burners": Trade(
        (6, 30),
        (150, 330),
        3,
        25,
        1.0,
        (("device_id", 0.5, 3.5), ("bank_card", 0.4, 3.5), ("address", 0.3, 5)),
    ),
}
LONE_SHARE = 0.13
RESOLD = 0.3
DISCIPLINE = (3.6, 1.1)  # beta: how strictly a crew keeps to its kit
BEDS = {"plain": 0.4, "household": 0.14, "dormitory": 0.2, "village": 0.1, "workplace": 0.1, "campus": 0.06}


@dataclass
class Crew:
    """One crew at work: its members in the order of recruiting, and the values it keeps to share (`pools`, by
    identifier).
    """

    ring: str
    kind: str
    trade: Trade
    members: list[Person]
    pools: dict[str, list[str]]
    discipline: float
    spread: float  # in pool values: how far apart in the crew two members may be who still use the same
    base: Place


class Underworld:
    """Recruits crews into a world until the wanted number of bad applicants is reached, and plans what they
    do.
    """

    def __init__(
        self, world: World, lodge: Callable[[str, Place | None], Person], daily_life: Callable[[Person], None]
    ) -> None:
        self.world, self.rng, self.lodge, self.daily_life = world, world.rng, lodge, daily_life
        self.tricks: dict[str, Callable[[Crew], None]] = {
            "loan_packers": self._broker,
            "cashout_merchant": self._merchant,
            "insider": self._insider,
            "family_gang": self._family,
            "sim_rotators": self._chain,
            "contact_ring": self._phonebook,
            "loan_stackers": self._wechat_group,
        }

    def recruit(self, bad: int) -> None:
        rng = self.rng
        names = [f"G{i:04d}" for i in range(bad)]
        rng.shuffle(names)
        left = bad - round(bad * LONE_SHARE)
        while left >= 4:
            kind = rng.choices(list(TRADES), [trade.share for trade in TRADES.values()])[0]
            low, high = TRADES[kind].size
            size = min(max(low, int(rng.triangular(low, high, low))), left)
            left -= size
            self._work(self._crew(names.pop(), kind, size))
        for _ in range(round(bad * LONE_SHARE) + left):
            self._lone()

    def _bad(self, ring: str, kind: str, home: Place | None = None) -> Person:
        bed = home.kind if home else self.rng.choices(list(BEDS), list(BEDS.values()))[0]
        there = self.world.places.get(bed)
        one = self.lodge(bed, home or (self.rng.choice(there) if there else None))
        one.kind, one.ring, one.bad = kind, ring, True
        mates = one.home.residents
        if len(mates) > 1 and self.rng.random() < 0.4:  # the honest know him too
            self.rng.choice(mates).cells["contact_phone_2"] = one.cells["phone"]
        self.daily_life(one)
        return one

    def _lone(self) -> None:
        one, rng = self._bad("", "lone"), self.rng
        t = rng.uniform(0, self.world.days)
        for platform in rng.sample(self.world.lenders, rng.choice((1, 2, 4, 6, 8, 11))):
            self.world.plan(self.world.hour(t, night=0.2), one, platform_id=platform, weak=0.7)
            t += rng.expovariate(1 / 2)

    def _crew(self, ring: str, kind: str, size: int) -> Crew:
        rng, world, trade = self.rng, self.world, TRADES[kind]
        crew = Crew(
            ring,
            kind,
            trade,
            [],
            {},
            rng.betavariate(*DISCIPLINE),
            rng.choice((0.8, 1.4, 3.0)),
            world.place("den"),
        )
        fresh: dict[str, Callable[[], str]] = {
            "device_id": lambda: world.device(emulator=kind == "device_cloud"),
            "bank_card": world.card,
            "employer": world.company,
            "ip": world.ip,
            "address": lambda: world.address(crew.base.city),
        }
        for slot, _, per_value in trade.kit:
            crew.pools[slot] = [
                fresh.get(slot, world.mobile)() for _ in range(max(1, round(size / per_value)))
            ]
        if kind == "dormitory_crew" and world.places["dormitory"]:
            crew.base = rng.choice(world.places["dormitory"])
        crew.members = [
            self._bad(ring, kind, crew.base if crew.base.kind == "dormitory" else None) for _ in range(size)
        ]
        if kind in self.tricks:
            self.tricks[kind](crew)
        return crew

    def _near(self, crew: Crew, slot: str, place: float) -> str:
        """A value of the pool close to this member's place in the crew (0-1): neighbours share, the ends
        hardly know each other.
        """
        pool = crew.pools[slot]
        return pool[min(len(pool) - 1, max(0, int(self.rng.gauss(place * len(pool), crew.spread))))]

    def _work(self, crew: Crew) -> None:
        """Plans every member's loans: in waves over the crew's span, each form carrying some of what the crew
        shares.
        """
        rng, world, trade = self.rng, self.world, crew.trade
        span = rng.uniform(*trade.span)
        begin = rng.uniform(-0.1 * span, max(10.0, world.days - 0.6 * span))
        self._trade_phones(crew, begin, begin + span)
        for i, one in enumerate(crew.members):
            place = (i + rng.random()) / len(crew.members)
            t = begin + span * (place if rng.random() < 0.7 else rng.random())
            lenders = rng.sample(world.lenders, len(world.lenders))
            for k in range(1 + min(14, int(rng.expovariate(1.1 / trade.loans)))):
                over: dict[str, Any] = {"weak": trade.weak, "platform_id": lenders[k % len(lenders)]}
                for slot, often, _ in trade.kit:
                    if rng.random() < often * crew.discipline:
                        over[slot] = self._near(crew, slot, place)
                world.plan(world.hour(t, night=0.12), one, **over)
                t += rng.expovariate(1 / trade.pace)
            if rng.random() < 0.12:
                mate = rng.choice(crew.members)
                if mate is not one:
                    world.plan(
                        world.hour(t),
                        one,
                        "event",
                        kind=rng.choice(("transfer", "referral")),
                        counterparty_id=mate.aid,
                    )

    def _trade_phones(self, crew: Crew, begin: float, end: float) -> None:
        """Some phones are bought by the crate from honest people, and sold on to others once they are
        burnt.
        """
        pool = crew.pools.get("device_id", [])
        for i, device in enumerate(pool):
            before, after = (self.rng.choice(self.world.people) for _ in range(2))
            if self.rng.random() < RESOLD and not before.bad:
                pool[i] = device = before.cells["device_id"]
                self.world.plan(begin - self.rng.uniform(0, 20), before, "new_device", sell=0)
            if self.rng.random() < RESOLD and not after.bad:
                self.world.plan(end + self.rng.uniform(3, 60), after, "new_device", value=device)

    # what each trade does beside its kit

    def _broker(self, crew: Crew) -> None:
        """Packs real borrowers, often behind a desk that honest people visit as well."""
        if self.rng.random() < 0.5:
            desk = self.rng.choice(self.world.brokers)
            crew.pools["contact_phone_2"][0] = desk.elder_phone
            for one in crew.members:
                if self.rng.random() < 0.6 * crew.discipline:
                    one.cells["employer_phone"] = desk.employer_phone
                    self.world.plan(
                        self.rng.uniform(0, self.world.days), one, **self.world.shop_visit(desk, tablet=0.3)
                    )

    def _merchant(self, crew: Crew) -> None:
        shop = self.rng.choice(self.world.shops)
        crew.base = shop
        own = self.rng.random() < 0.6
        crew.pools["merchant_id"] = [
            self.world.merchant("数码", shop.city, old=False) if own else shop.merchant
        ]
        owner = crew.members[0]
        for one in crew.members[1:]:
            if self.rng.random() < 0.3:
                self.world.plan(
                    self.rng.uniform(0, self.world.days),
                    one,
                    "event",
                    kind="transfer",
                    counterparty_id=owner.aid,
                )
        # honest shoppers at the same till
        for one in self.rng.sample(self.world.people, min(len(crew.members), len(self.world.people))):
            if not one.bad:
                self.world.plan(
                    self.world.hour(self.rng.uniform(0, self.world.days)),
                    one,
                    merchant_id=crew.pools["merchant_id"][0],
                    product="cons_inst",
                )

    def _insider(self, crew: Crew) -> None:
        desk = self.rng.choice(self.world.shops)
        crew.pools["agent_id"] = [self.rng.choice(desk.agents)]
        for one in crew.members:
            if self.rng.random() < 0.35 * crew.discipline:
                self.world.plan(
                    self.rng.uniform(0, self.world.days), one, **self.world.shop_visit(desk, tablet=0.5)
                )

    def _family(self, crew: Crew) -> None:
        """Kin under two or three roofs, among honest kin who know nothing of it."""
        roofs = [self.rng.choice(self.world.places["household"] or [crew.base]) for _ in range(2)]
        for one in crew.members:
            roof = self.rng.choice(roofs)
            if self.rng.random() < 0.7:
                one.home, one.cells["address"] = roof, roof.address
        crew.pools["contact_phone_1"] += [one.cells["phone"] for one in crew.members]

    def _chain(self, crew: Crew) -> None:
        """SIM and bank cards handed from one to the next: no value ever serves more than two or three
        people.
        """
        for i, (one, after) in enumerate(zip(crew.members, crew.members[1:], strict=False)):
            for slot in self.rng.sample(
                ("device_id", "bank_card", "phone", "contact_phone_1", "address"),
                2 if self.rng.random() < crew.discipline else 1,
            ):
                after.cells[slot] = one.cells[slot]
                if i and self.rng.random() < 0.3 * crew.discipline:
                    crew.members[self.rng.randrange(i)].cells[slot] = one.cells[slot]

    def _phonebook(self, crew: Crew) -> None:
        """Each names others of the crew as contacts, and a few paid phones answer the lender's call for
        everybody.
        """
        phones = [one.cells["phone"] for one in crew.members]
        for slot in ("contact_phone_1", "contact_phone_2"):
            crew.pools[slot] = [
                value
                for pair in zip(phones, self.rng.choices(crew.pools[slot], k=len(phones)), strict=True)
                for value in pair
            ]

    def _wechat_group(self, crew: Crew) -> None:
        for one in crew.members[1:]:
            if self.rng.random() < 0.3:
                self.world.plan(
                    self.rng.uniform(0, self.world.days),
                    one,
                    "event",
                    kind="referral",
                    counterparty_id=crew.members[0].aid,
                )
