"""What all crews of the examiner's world have in common, and the frauds who work alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.worlds.examiner_ground import Person
from tests.worlds.examiner_honest import Place
from tests.worlds.examiner_life import Row, World

EXPOSURES = (0.0, 0.0, 0.7, 0.9, 0.9, 0.95, 1.0, 1.0, 1.0, 1.0)  # two crews of ten are never found out
ROOM = 4  # crew members to a room of the place where they hide
MOST_LENDERS = 16


class Crew:
    """One crew at work: whom it enlists and where they live, how strict its habits are, how its members stack
    loans.
    """

    def __init__(self, world: World, kind: str, number: int, size: int, place: Place | None) -> None:
        rng, difficulty = world.rng, world.difficulty
        self.world, self.rng, self.kind, self.size, self.place = world, rng, kind, size, place
        self.ring = f"R{number:04d}"
        self._reserved = 0
        if place and difficulty.own_rooms:
            self._reserved = place.rooms + 1
            place.rooms += size // ROOM + 1
        self.start = rng.uniform(25, difficulty.latest_start)
        self.habit = min(1.0, max(0.25, rng.gauss(difficulty.habit, 0.15)))
        self.exposure = rng.choice(EXPOSURES)
        self.members: list[Person] = []

    @property
    def earlier(self) -> list[Person]:
        """Everybody who was there before the latest member."""
        return self.members[:-1]

    def keeps_to(self, custom: float = 1.0) -> bool:
        """Whether a custom of the trade is followed this time; a loose crew follows it less often."""
        return self.rng.random() < self.habit * custom

    def enlist(self, start: float, *, bad: bool = True, **given: Any) -> Person:
        """A new member: in the crew's hiding place, with honest people by chance, or at home. Who is not
        `bad` was made use of, and pays.
        """
        one = self.world.person(self.kind, start, ring=self.ring, bad=bad, **(self._lodging(given) | given))
        one.exposure = self.exposure
        self.members.append(one)
        return one

    def _lodging(self, given: Row) -> Row:
        if self.place and "address" not in given:
            return self.place.cells((self._reserved or self.place.rooms + 1) + len(self.members) // ROOM)
        if not self.place and self.rng.random() < self.world.difficulty.lodged:
            host = self.rng.choice(self.world.people)
            if not host.ring:
                return {"city": host.city, "address": host.address, "wifi": host.wifi, "ip": host.ip}
        return {}

    def stack_loans(
        self,
        one: Person,
        mean: float,
        within: float,
        start: float | None = None,
        night: float = 0.15,
        **cells: Any,
    ) -> None:
        """Loans from several lenders within some days, from his own start on or a later one."""
        world, rng = self.world, self.rng
        if rng.random() < world.difficulty.acquaintance * 1.5:
            one.contact_phone_1 = rng.choice(world.people).phone
        loans = 1 + int(rng.expovariate(1 / max(0.1, (mean - 1) * world.difficulty.loans_stacked + 0.3)))
        start = one.start if start is None else start
        for lender in rng.sample(world.lenders, min(loans, MOST_LENDERS)):
            world.apply(one, start + rng.uniform(0, within), night, lender=lender, **cells)


@dataclass(frozen=True)
class Trade:
    """One kind of crew: what it does, how big it is, how often it is met, and where it may hide (None:
    nowhere).
    """

    work: Callable[[Crew], None]
    size: tuple[int, int]
    weight: int
    hideouts: tuple[str | None, ...] = (None,)

    def draw_size(self, luck: float) -> int:
        """Small crews are more frequent than large ones."""
        low, high = self.size
        return low + int((high - low + 1) * luck**1.8)


def lone_frauds(world: World, count: int, places: list[Place]) -> None:
    """Frauds without a crew: under an honest family's roof, in a dormitory, village or campus, or by
    themselves.
    """
    rng = world.rng
    for _ in range(count):
        luck = rng.random()
        if luck < 0.25:
            one = world.person("lone_fraud", bad=True, **_family_roof(world))
        elif luck < 0.5:
            place = rng.choice(places)
            start = place.arrival()
            one = world.person("lone_fraud", start, bad=True, **place.cells(rng.randint(1, place.rooms)))
        else:
            one = world.person(
                "lone_fraud", bad=True, phone=world.virtual_mobile() if rng.random() < 0.3 else None
            )
        one.exposure = 0.75
        for lender in rng.sample(world.lenders, 1 + min(14, int(rng.expovariate(1 / 6)))):
            world.apply(
                one, one.start + rng.uniform(0, 12), 0.15, lender=lender, checks=rng.choice((1, 1, 0.85))
            )
        world.daily_life(one)


def _family_roof(world: World) -> Row:
    """What somebody shares who lives with a family; nothing where no family appeared among the last few
    thousand people.
    """
    families = [one for one in world.people[-3000:] if one.kind == "household"]
    if not families:
        return {}
    host = world.rng.choice(families)
    return {"city": host.city, "address": host.address, "wifi": host.wifi, "contact_phone_1": host.phone}
