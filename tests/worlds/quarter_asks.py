"""What honest people ask lenders for: seldom, again after a refusal, at several lenders when in need."""

from __future__ import annotations

from tests.worlds.quarter_people import Ask, Person, World
from tests.worlds.quarter_places import Lender, Shop

_TERMS = (3, 6, 6, 9, 12, 12, 12, 18, 24, 36)


def ask_of(
    world: World, one: Person, at: float, lender: Lender, *, fraud: bool = False, greed: float = 1.0
) -> Ask:
    """An application of that person for cash, with whatever they own, `greed` times an ordinary amount."""
    dice = world.dice
    amount = max(500.0, greed * 1000 * 2.72 ** dice.bell(1.9, 0.75))
    step = dice.pick((100, 500, 1000))
    asked = Ask(
        min(max(at, 0.0), world.days - 0.005),
        lender,
        dice.pick(("cash", "cash", "revolving", "consumer")),
        int(max(step, round(amount / step) * step)),
        dice.pick(_TERMS),
        channel=dice.pick(("app", "app", "app", "h5", "mini_program", "partner")),
        fraud=fraud,
    )
    one.asks.append(asked)
    return asked


def buy(world: World, one: Person, at: float, shop: Shop, *, fraud: bool = False, least: int = 12) -> Ask:
    """An application at a shop for its goods: mostly on its tablet, through a clerk, in its network.
    It costs `least` hundred CNY or more.
    """
    dice = world.dice
    sellers = [lender for lender in world.places.lenders if lender.sells_goods]
    at = max(at, shop.opened)
    asked = ask_of(world, one, at, dice.front(sellers), fraud=fraud)
    asked.product, asked.shop, asked.channel = "goods", shop, "merchant"
    asked.amount = dice.whole(least, 120) * 100 - dice.pick((0, 1, 0))
    clerk, number = dice.front(shop.clerks)
    asked.agent = clerk if dice.chance(0.8) else ""
    if dice.chance(0.8):
        asked.spot = shop.spot
    if dice.chance(0.55):
        asked.over["device_id"] = dice.front(shop.tablets)
    elif dice.chance(0.05):
        asked.over["contact_phone_2"] = number
    return asked


def honest_asks(world: World, one: Person) -> None:
    """A year of requests of somebody who means to pay; nobody asks before they came to town."""
    dice, lenders = world.dice, world.places.lenders
    own = dice.some(lenders, dice.whole(1, 4))
    count = 0 if one.asks and dice.chance(0.6) else 1
    while dice.chance(one.need / (one.need + 0.8)) and count < 7:
        count += 1
    at = world.moment(one.since)
    for place in range(count):
        lender = dice.pick(own) if place else own[0]
        ask_of(world, one, at, lender)
        # refused, or too little: somewhere else the same week; else another time
        at = world.hour(at + (dice.between(0.5, 12) if dice.chance(0.35) else 12 + dice.wait(75)))
        if at >= world.days - 0.02:
            break
    if dice.chance(0.07) and world.places.shops:
        buy(world, one, world.moment(one.since), dice.front(world.places.shops))


def in_need(world: World, one: Person) -> None:
    """A hospital bill, a lost job: four to ten lenders within days, and an honest will to pay it back."""
    dice = world.dice
    at = world.moment(one.since)
    for lender in dice.some(world.places.lenders, dice.whole(4, 10)):
        ask_of(world, one, at, lender)
        at = min(world.days - 0.01, at + dice.wait(dice.pick((0.1, 0.8, 1.5))))
    one.slips = 0.16
