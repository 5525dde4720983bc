"""What people do between their applications: logins, cards bound, money sent, instalments, changes."""

from __future__ import annotations

from tests.worlds.quarter_people import Ask, Deed, Person, World


def live(world: World, one: Person) -> None:
    """Adds the deeds of an ordinary year to those that belong to somebody's story."""
    dice = world.dice
    for ask in one.asks:
        _round_of(world, one, ask)
    first = min(ask.at for ask in one.asks)
    for _ in range(min(6, int(dice.wait(2.0)))):
        at = world.moment(first)
        one.deeds.append(Deed("login", at, cells=_there(world, one, at)))
    if world.places.shops and dice.chance(0.25):
        at, shop = world.moment(first), dice.front(world.places.shops)
        one.deeds.append(
            Deed("payment", at, None, float(dice.whole(20, 3000)), shop if shop.opened < at else None)
        )
    if dice.chance(0.12):
        at, mate = world.moment(first), _mate(world, one)
        if mate is not one:
            one.deeds.append(Deed("transfer", at, mate, float(dice.whole(10, 3000))))
    for kind in ("phone", "address"):
        for day, value in one.held.get(kind, ()):
            if first < day < world.days - 5 and dice.chance(0.6):
                one.deeds.append(Deed("profile_change", day + dice.between(0, 4), cells={kind: value}))


def _mate(world: World, one: Person) -> Person:
    """Somebody they may owe a dinner: mostly one who came into the world near them, and so lives near."""
    if world.dice.chance(0.25):
        return world.dice.pick(world.people)
    return world.people[min(len(world.people) - 1, world.index[id(one)] + world.dice.whole(1, 4))]


def _there(world: World, one: Person, at: float) -> dict[str, str]:
    ip, wifi = world.place(one, at)
    return {"device_id": one.get("device_id", at), "ip": ip, "wifi": wifi}


def _round_of(world: World, one: Person, ask: Ask) -> None:
    """What goes with an application: the login before it, the card, the withdrawal, the first instalments."""
    dice = world.dice
    if dice.chance(0.5):
        at = max(0.0, ask.at - dice.wait(0.02) - 0.0005)
        cells = _there(world, one, at)
        if ask.spot is not None:
            cells.update(ip=ask.spot.ip(at, dice), wifi=ask.spot.wifi)
        cells["device_id"] = ask.over.get("device_id", cells["device_id"])
        one.deeds.append(Deed(dice.pick(("login", "login", "device_use")), at, cells=cells))
    card = ask.over.get("bank_card") or one.get("bank_card", ask.at)
    paid = next((at for status, at, _ in ask.steps if status == "disbursed"), None)
    if dice.chance(0.35):
        one.deeds.append(
            Deed("card_bind", min(world.days - 0.003, ask.at + 0.002), cells={"bank_card": card})
        )
    if paid is None:
        return
    amount = next(amount for status, _, amount in ask.steps if status == "disbursed")
    if dice.chance(0.3) and paid + 1 < world.days:
        one.deeds.append(
            Deed("withdrawal", paid + dice.between(0.01, 1), None, amount, cells={"bank_card": card})
        )
    missed = min((at - 30 for status, at, _ in ask.steps if status == "dpd30"), default=9999.0)
    over = min((at for status, at, _ in ask.steps if status in ("closed", "returned")), default=9999.0)
    for month in range(1, min(ask.term, 4) + 1):
        due = paid + 30.4 * month - dice.between(0, 2)
        if due >= min(missed - 5, over, world.days):
            break
        if dice.chance(0.7):
            part = round(amount / max(1, ask.term) * 1.08, 2)
            one.deeds.append(Deed("repayment", due, None, part, cells={"bank_card": card}))
