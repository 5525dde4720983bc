"""Crews that meet nowhere in public: chains, lines, sleepers, stackers together, farms, payout cards, kin."""

from __future__ import annotations

from tests.worlds.quarter_asks import ask_of
from tests.worlds.quarter_people import Ask, Deed, Person, World
from tests.worlds.quarter_places import Lender, Spot, Town


def recruit(
    world: World, kind: str, size: int, town: Town | None = None, *, fresh: float = 0.5
) -> list[Person]:
    """The members of a new ring. A share have a new number and card for it; a few lived on credit before; a
    few live in an honest house; a few were talked into it and pay.
    """
    dice, name = world.dice, world.name("ring")
    met = [dice.pick(world.people) for _ in range(40)]
    homes = [one for one in met if one.kind in ("dormitory", "household", "flatshare")]
    people = []
    for _ in range(size):
        one = world.person(town if dice.chance(0.7) else None, kind=kind, new=0.35)
        one.ring, one.bad = name, not dice.chance(0.05)
        if one.bad and dice.chance(fresh):
            one.has("phone", world.mint.phone(virtual=0.25))
            one.names_match, one.face = 0.8, one.face - dice.between(0, 0.08)
        if homes and dice.chance(0.12):
            roof = dice.pick(homes)
            one.has("address", roof.get("address", 0))
            one.home = roof.home
        people.append(one)
    return people


def strike(
    world: World, one: Person, at: float, lenders: list[Lender], pause: float = 0.3, *, night: bool = False
) -> list[Ask]:
    """They ask these lenders one after the other, at hours when people ask, or at that moment of the night;
    before that some asked one honestly, long ago.
    """
    dice = world.dice
    at = min(at, world.days - 0.05 - dice.u())
    at = at if night else min(world.hour(at), world.days - 0.03)
    if at > 70 and dice.chance(0.15):
        ask_of(world, one, world.moment(0, at - 50), dice.pick(world.places.lenders))
    asked = []
    for lender in lenders:
        if at > world.days - 0.02:
            break
        asked.append(ask_of(world, one, at, lender, fraud=one.bad, greed=dice.between(1.0, 1.5)))
        at += dice.wait(pause)
        at = world.hour(at) if pause >= 0.5 else at
    return asked


def targets(world: World, low: int, high: int) -> list[Lender]:
    """Some lenders, so many."""
    return world.dice.some(world.places.lenders, world.dice.whole(low, high))


def opening(world: World, span: float) -> float:
    """When a crew begins, so that most of its span is in the frame."""
    return world.moment(3, max(10.0, (world.days - span * 0.6) * 0.92))


def chain(world: World, size: int) -> list[Person]:
    """Each thing goes through two or three hands, then the next one comes; only neighbours share."""
    dice, mint = world.dice, world.mint
    people = recruit(world, "chain", size, world.places.town(), fresh=0.6)
    make = {
        "device_id": mint.device,
        "bank_card": mint.card,
        "phone": mint.phone,
        "contact_phone_1": mint.phone,
    }
    carried: list[list[tuple[str, str]]] = [[] for _ in people]
    first = 0
    while first < size - 1:
        kind = dice.weighted({"device_id": 5.0, "bank_card": 3.0, "phone": 0.8, "contact_phone_1": 1.2})
        value, hands = make[kind](), dice.whole(2, 3)
        for place in range(first, min(first + hands, size)):
            carried[place].append((kind, value))
        first += hands - 1
    pace, at = dice.between(2, 14), opening(world, 60)
    for one, things in zip(people, carried):
        asked = strike(world, one, at, targets(world, 2, 4), dice.between(0.2, 3))
        for place, ask in enumerate(asked):
            kinds = {kind for kind, _ in things}
            ask.over.update(things if len(kinds) == len(things) else [things[place % len(things)]])
        at = min(at + dice.wait(pace), world.days - 0.5 - dice.u())
    return people


def line(world: World, size: int) -> list[Person]:
    """One room, one line, one address in several spellings; a fresh phone for each request."""
    dice, town = world.dice, world.places.town()
    people = recruit(world, "line", size, town, fresh=0.9)
    spot, road = world.places.home_spot(town), world.places.road(town)
    if dice.chance(0.6):
        spot.period, spot.lines = 0.0, [world.places.address_of(town)]
    block, room = dice.whole(1, 9), f"{dice.whole(2, 18)}0{dice.whole(1, 8)}"
    start, span = opening(world, 30), dice.between(3, 45)
    for one in people:
        written = dice.pick(
            (f"{road}{block}栋{room}室", f"{road}{block}幢{room}", f"{road}{block}号楼{room}室")
        )
        for ask in strike(world, one, start + dice.u() * span, targets(world, 1, 3), 0.6):
            ask.over.update(device_id=world.mint.device(emulator=0.1, rooted=0.15), address=written)
            ask.spot = spot if dice.chance(0.85) else None
    return people


def sleepers(world: World, size: int) -> list[Person]:
    """Nobody has defaulted: they came lately, or pay small loans back until the day of the large ones."""
    dice, mint = world.dice, world.mint
    people = recruit(world, "sleepers", size, world.places.town(), fresh=0.4)
    late = dice.chance(0.5)
    start = world.days - dice.between(20, 70) if late else world.moment(20, world.days * 0.6)
    pool = [mint.device() for _ in range(max(2, size // 3))]
    cards = [mint.card() for _ in range(max(2, size // 4))]
    helper = mint.phone()
    for one in people:
        one.slips = 0.0  # what they asked for honestly before is paid as well
        for _ in range(1 if late else dice.whole(1, 3)):
            for ask in strike(world, one, world.moment(start), targets(world, 1, 2), 2.0):
                ask.fate = "pays"
                if dice.chance(0.5):
                    ask.over["device_id"] = dice.pick(pool)
                elif dice.chance(0.5):
                    ask.over["bank_card"] = dice.pick(cards)
                if dice.chance(0.3):
                    ask.over["contact_phone_2"] = helper
    return people


def stackers(world: World, size: int) -> list[Person]:
    """A coach shows them how to ask many lenders in three days: his number, now and then his phone, a fee."""
    dice = world.dice
    people = recruit(world, "stackers", size, world.places.town(), fresh=0.1)
    coach, phone, start = people[0], world.mint.phone(), opening(world, 60)
    span = dice.between(5, 80)
    for place, one in enumerate(people):
        at = min(start + dice.u() * span, world.days - 2)
        if place and dice.chance(0.7):
            one.deeds.append(Deed("referral", at, coach))
        if place and dice.chance(0.6):
            fee = float(dice.whole(5, 40) * 100)
            one.deeds.append(Deed("transfer", at + dice.between(0.5, 1.9), coach, fee))
        for ask in strike(world, one, at, targets(world, 5, 9), dice.between(0.1, 0.4)):
            if dice.chance(0.55):
                ask.over["contact_phone_1"] = phone
            if dice.chance(0.15):
                ask.over["device_id"] = coach.get("device_id", at)
    return people


def farm(world: World, size: int) -> list[Person]:
    """Bought identities on a shelf of phones in a few nights, behind addresses of other towns."""
    dice, mint = world.dice, world.mint
    people = recruit(world, "farm", size, fresh=1.0)
    shelf = [mint.device(emulator=0.25, rooted=0.35) for _ in range(max(2, size // 4))]
    nights = [world.moment(3) for _ in range(dice.whole(1, 4))]
    wifi = mint.bssid()
    for one in people:
        at = min(int(dice.pick(nights)) + dice.between(0.9, 1.25), world.days - 0.2)
        for ask in strike(world, one, at, targets(world, 1, 3), 0.02, night=True):
            ask.over["device_id"] = dice.pick(shelf)
            town = world.places.town()
            ask.spot = Spot(wifi if dice.chance(0.5) else "", [world.places.address_of(town)])
    return people


def payout(world: World, size: int) -> list[Person]:
    """All their own, but the money goes to a few cards, or on to two collectors the same day."""
    dice, mint = world.dice, world.mint
    people = recruit(world, "payout", size, fresh=0.4)
    cards = [mint.card() for _ in range(max(1, size // 5))]
    by_card, start, span = dice.chance(0.6), opening(world, 90), dice.between(15, 120)
    for place, one in enumerate(people):
        at = min(start + dice.u() * span, world.days - 3)
        for ask in strike(world, one, at, targets(world, 1, 4), 1.0):
            if by_card and dice.chance(0.75):
                ask.over["bank_card"] = dice.pick(cards)
        if place > 1 and dice.chance(0.2 if by_card else 1.0):
            for _ in range(dice.whole(1, 3)):
                moved = float(dice.whole(20, 200) * 100)
                one.deeds.append(Deed("transfer", at + dice.between(0.3, 2.5), dice.pick(people[:2]), moved))
    return people


def kin(world: World, size: int) -> list[Person]:
    """Cousins of one village who were told that nobody comes to collect; they look like their neighbours."""
    dice = world.dice
    people = recruit(world, "kin", size, world.places.town(), fresh=0.0)
    town = people[0].town
    roof = f"{town.name}市{dice.pick(town.districts)}镇{dice.pick(('莫家', '高岭', '石坑', '梁屋'))}村"
    start, span, lenders = opening(world, 60), dice.between(10, 60), targets(world, 2, 4)
    for place, one in enumerate(people):
        one.has("address", roof + (f"{dice.whole(1, 40)}号" if dice.chance(0.4) else ""))
        if place:
            one.contacts[0] = ("relative", dice.pick(people[:place]).get("phone", 0))
        at = min(start + dice.u() * span, world.days - 1)
        for ask in strike(world, one, at, dice.some(lenders, dice.whole(1, 3)), 1.0):
            if dice.chance(0.25):
                ask.over["device_id"] = people[0].get("device_id", at)
    return people
