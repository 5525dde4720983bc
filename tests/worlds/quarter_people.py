"""People of a quarter: what they own and when, where they are, what they ask for and do."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tests.worlds.quarter_dice import Dice
from tests.worlds.quarter_mint import Mint
from tests.worlds.quarter_places import Firm, Lender, Places, Shop, Spot, Town

# how many of a hundred requests come in each hour of the day, from midnight on
_HOURS = (2, 1, 1, 0, 0, 1, 2, 3, 4, 6, 7, 6, 7, 6, 5, 5, 5, 5, 6, 7, 8, 8, 7, 4)
_BY_HOUR = dict(enumerate(_HOURS))


@dataclass(slots=True)
class Ask:
    """An application that somebody makes. `over` says cells that differ from what they own; `fate` how the
    loan ends, if it is decided already: `pays`, `first` (no instalment is paid), `later`. `steps` are status,
    moment and amount of what became of it within the frame, `reported` whether its lender tells.
    """

    at: float
    lender: Lender
    product: str
    amount: int
    term: int
    shop: Shop | None = None
    agent: str = ""
    channel: str = "app"
    spot: Spot | None = None
    fate: str = ""
    fraud: bool = False
    over: dict[str, str] = field(default_factory=dict)
    steps: list[tuple[str, float, float]] = field(default_factory=list)
    reported: bool = True


@dataclass(slots=True)
class Deed:
    """An event about somebody; `other` is the person on the other side."""

    kind: str
    at: float
    other: Person | None = None
    amount: float = 0.0
    shop: Shop | None = None
    cells: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class Person:
    """An applicant. `held` has of each kind of identifier what they have had, each from a day on."""

    town: Town
    born: int
    national_id: str
    new_citizen: bool
    kind: str = "plain"
    group: str = ""
    ring: str = ""
    bad: bool = False
    held: dict[str, list[tuple[float, str]]] = field(default_factory=dict)
    contacts: list[tuple[str, str]] = field(default_factory=list)
    home: Spot | None = None
    work: Spot | None = None
    since: float = 0.0
    need: float = 1.0
    slips: float = 0.055
    asks: list[Ask] = field(default_factory=list)
    deeds: list[Deed] = field(default_factory=list)
    face: float = 0.95
    names_match: float = 0.94

    def get(self, kind: str, at: float) -> str:
        """What they use of that kind at that moment; empty where they have none."""
        value = ""
        for day, thing in self.held.get(kind, ()):
            if day > at and value:
                break
            value = thing
        return value

    def has(self, kind: str, value: str, since: float = -9999.0) -> None:
        """From that day on they use this; by default always, instead of all before."""
        kept = [one for one in self.held.get(kind, ()) if one[0] < since]
        self.held[kind] = [*kept, (since, value)]


class World:
    """A world in the making: chance, mint, places, and everybody so far."""

    def __init__(self, seed: int, applicants: int, days: int, until: datetime) -> None:
        self.dice = Dice(seed)
        self.mint = Mint(self.dice)
        self.days = days
        self.applicants = applicants
        self.begin = until - timedelta(days=days)
        self.places = Places(self.dice, self.mint, applicants, days)
        self.people: list[Person] = []
        self.index: dict[int, int] = {}
        self._names = 0

    def name(self, what: str) -> str:
        """A new name of a group or a ring in the truth."""
        self._names += 1
        return f"{what}-{self._names}"

    def hour(self, day: float) -> float:
        """A moment of that day at an hour when people ask for money."""
        return int(day) + (self.dice.weighted(_BY_HOUR) + self.dice.u()) / 24

    def moment(self, low: float = 0.0, high: float | None = None) -> float:
        """A moment of the frame by the seasons: fewer round the Spring Festival and on Sundays, more in June
        and November, and slowly more from month to month.
        """
        high = self.days if high is None else min(high, self.days)
        low = max(0.0, low)
        for _ in range(6):
            day = low + (high - low) * self.dice.u()
            date = self.begin + timedelta(days=day)
            weight = 0.6 + 0.25 * day / self.days + (0.2 if date.month in (6, 11) else 0.0)
            weight *= (0.8 if date.weekday() == 6 else 1.0) * (
                0.4 if date.month == 2 and date.day < 16 else 1.0
            )
            if self.dice.chance(weight):
                break
        return min(self.hour(day), self.days - 0.01)

    def person(self, town: Town | None = None, *, new: float = 0.25, kind: str = "plain") -> Person:
        """A new inhabitant with an ordinary life, who is in no group yet."""
        dice, mint = self.dice, self.mint
        town = town or self.places.town()
        is_new = dice.chance(new)
        born = self.begin.year - (dice.whole(19, 32) if is_new else dice.whole(20, 57))
        county = self.places.homeland(town, new=is_new)
        one = Person(town, born, mint.national_id(county, born), is_new, kind)
        one.home = self.places.home_spot(town)
        one.need = min(5.0, 0.5 + dice.wait(0.9))
        one.face = min(0.99, max(0.3, dice.bell(0.95, 0.03) - (0.15 if dice.chance(0.06) else 0)))
        self._things(one)
        self._job(one)
        for relation in self._relations(one):
            one.contacts.append((relation, mint.phone()))
        self.index[id(one)] = len(self.people)
        self.people.append(one)
        return one

    def _relations(self, one: Person) -> list[str]:
        young = one.born > self.begin.year - 28
        weights = {
            "parent": 4.0 if young else 1.0,
            "spouse": 0.5 if young else 4.0,
            "friend": 2.0,
            "relative": 1.5,
        }
        return [self.dice.weighted({**weights, "colleague": 1.0}) for _ in range(self.dice.whole(2, 3))]

    def _things(self, one: Person) -> None:
        dice, mint = self.dice, self.mint
        one.has("phone", mint.phone())
        one.has("device_id", mint.device())
        one.has("bank_card", mint.card())
        one.has("address", self.places.flat(one.town))
        if dice.chance(0.35):
            one.has("email", mint.email(one.get("phone", 0)))
        for kind, share, make in (
            ("device_id", 0.22, mint.device),
            ("bank_card", 0.12, mint.card),
            ("phone", 0.05, mint.phone),
        ):
            if dice.chance(share):
                one.has(kind, make(), dice.between(20, self.days))
        if dice.chance(0.08):
            one.has("address", self.places.flat(one.town), dice.between(20, self.days))

    def _job(self, one: Person) -> None:
        mark = self.dice.u()
        if mark < 0.1:
            one.has("employer", "自由职业")
        elif mark < 0.85:
            self.hire(one, self.dice.front(one.town.firms, 1.6))

    def hire(self, one: Person, firm: Firm) -> None:
        """They work there: its name, its phone, its network."""
        one.has("employer", firm.name)
        one.has("employer_phone", firm.phone if self.dice.chance(0.75) else firm.office)
        one.work = firm.spot

    def place(self, one: Person, at: float) -> tuple[str, str]:
        """Internet address and network of a request that they make at that moment, wherever they are."""
        dice, mark = self.dice, self.dice.u()
        spot = one.home if mark < 0.5 else one.work if mark < 0.62 else None
        if spot is None and mark > 0.95:
            spot = dice.pick(one.town.cafes)
        if spot is not None:
            return spot.ip(at, dice), "" if dice.chance(0.12) else spot.wifi
        if dice.chance(0.15):
            return f"240e:{dice.whole(256, 1023):x}:{dice.whole(0, 65535):x}:{dice.whole(0, 65535):x}::1", ""
        return dice.pick(one.town.carriers), ""
