"""What becomes of the loans, and what is ever found out: late, in part, and now and then wrongly."""

from __future__ import annotations

from dataclasses import dataclass

from tests.worlds.quarter_people import Ask, Person, World

_BAD_STEPS = ("dpd30", "dpd90", "written_off")
_WHY = (
    "documents are not his own",
    "goods sold on",
    "not reachable since the pay-out",
    "several loans in days",
    "",
)


@dataclass(frozen=True, slots=True)
class Finding:
    """A label: about a loan, or about the person where `ask` is None."""

    one: Person
    ask: Ask | None
    label: str
    known: float
    source: str
    detail: str = ""


def settle(world: World, one: Person) -> None:
    """Gives every application of the person its steps: the decision, the pay-out, how it ended."""
    dice = world.dice
    one.asks.sort(key=lambda ask: ask.at)
    for place, ask in enumerate(one.asks):
        recent = sum(1 for other in one.asks[:place] if ask.at - other.at < 30)
        yes = ask.lender.yes * (0.7 if recent > 3 else 1.0) * (0.9 if ask.fraud else 1.0)
        ask.reported = dice.chance(ask.lender.reports)
        decided = ask.at + (dice.wait(0.01) + 0.0005 if dice.chance(0.7) else dice.between(0.1, 3))
        steps = [("approved" if dice.chance(yes) else "rejected", decided, 0.0)]
        if dice.chance(0.05):
            steps = [*(steps if dice.chance(0.6) else []), ("withdrawn", decided + dice.wait(0.5), 0.0)]
            if steps[0][0] == "rejected":
                steps = steps[:1]
        elif steps[0][0] == "approved":
            steps += _loan(world, one, ask, decided)
        ask.steps = [step for step in steps if step[1] < world.days]


def _loan(world: World, one: Person, ask: Ask, decided: float) -> list[tuple[str, float, float]]:
    dice = world.dice
    paid = decided + (dice.wait(0.02) if dice.chance(0.7) else dice.between(0.2, 2))
    amount = float(ask.amount) if dice.chance(0.92) else float(ask.amount // 2)
    steps = [("disbursed", paid, amount)]
    fate = ask.fate or _fate(world, one, ask)
    if fate == "pays":
        if not ask.fraud and dice.chance(0.025):
            return [*steps, ("returned", paid + dice.between(0.3, 6.5), amount)]
        months = ask.term * (dice.u() if dice.chance(0.3) else 1.0)
        return [*steps, ("closed", paid + 30.4 * max(0.2, months) + dice.between(-2, 2), 0.0)]
    missed = paid + 30.4 * (1 if fate == "first" else dice.whole(2, max(2, min(ask.term, 10))))
    left = amount * max(0.1, 1 - (missed - paid) / 30.4 / max(ask.term, 1))
    steps.append(("dpd30", missed + 30, round(left)))
    if not ask.fraud and dice.chance(0.35):
        return [*steps, ("closed", missed + 30 + dice.wait(40) + 1, 0.0)]
    steps.append(("dpd90", missed + 90, round(left)))
    if dice.chance(0.7):
        steps.append(("written_off", missed + 150 + dice.wait(40), round(left)))
    return steps


def _fate(world: World, one: Person, ask: Ask) -> str:
    dice = world.dice
    if ask.fraud:
        return dice.weighted({"first": 0.62, "later": 0.25, "pays": 0.13})
    if dice.chance(one.slips):
        return "first" if dice.chance(0.2) else "later"
    return "pays"


def first_default(one: Person) -> float | None:
    """When the first of their fraudulent loans was 30 days late; None while none is."""
    late = [at for ask in one.asks if ask.fraud for status, at, _ in ask.steps if status in _BAD_STEPS]
    return min(late, default=None)


def findings(world: World) -> list[Finding]:
    """All labels of the frame, in no order that says anything."""
    rings: dict[str, list[Person]] = {}
    found: list[Finding] = []
    for one in world.people:
        if one.ring:
            rings.setdefault(one.ring, []).append(one)
        elif one.bad:
            found += _alone(world, one)
        else:
            found += _honest(world, one)
    for members in rings.values():
        found += _investigated(world, members)
    return [finding for finding in found if finding.known < world.days - 0.01]


def _fraud(world: World, one: Person, known: float, source: str) -> Finding:
    dice = world.dice
    asks = [ask for ask in one.asks if ask.fraud and ask.at < known]
    ask = dice.pick(asks) if asks and dice.chance(0.35) else None
    return Finding(one, ask, "fraud", known, source, dice.pick(_WHY))


def _investigated(world: World, members: list[Person]) -> list[Finding]:
    """A ring is found whole by an investigator, or one or two of it by their defaults, or not at all."""
    dice = world.dice
    late = {id(one): at for one in members if (at := first_default(one)) is not None}
    if not late:
        return []
    found, mark = [], dice.u()
    if mark < 0.42:
        opened = min(late.values()) + dice.between(10, 80)
        share, source = dice.between(0.8, 1.0), dice.pick(("investigation", "manual review", "人工审核"))
        for one in members:
            if min(ask.at for ask in one.asks) < opened and dice.chance(share if one.bad else 0.25):
                found.append(_fraud(world, one, opened + dice.wait(4), source))
                if not one.bad and dice.chance(0.6):
                    found.append(_cleared(world, one, found[-1].known))
    elif mark < 0.7:
        few = dice.some([one for one in members if id(one) in late and one.bad], dice.whole(1, 2))
        found = [_fraud(world, one, late[id(one)] + dice.between(20, 120), _source(world)) for one in few]
    return found


def _source(world: World) -> str:
    return world.dice.pick(
        ("collections", "auto_fpd_rule", "manual review", "police notice", "investigation")
    )


def _cleared(world: World, one: Person, after: float) -> Finding:
    return Finding(one, None, "good", after + world.dice.between(8, 90), "investigation", "cleared")


def _alone(world: World, one: Person) -> list[Finding]:
    at = first_default(one)
    if at is None or not world.dice.chance(0.35):
        return []
    return [_fraud(world, one, at + world.dice.between(15, 120), _source(world))]


def _honest(world: World, one: Person) -> list[Finding]:
    """Good labels for what was paid back; wrong ones for a few who were late, came near a crew, or for
    nothing.
    """

    dice, found = world.dice, []
    for ask in one.asks:
        last, at = (ask.steps[-1][0], ask.steps[-1][1]) if ask.steps else ("", 0.0)
        if ask.fraud and dice.chance(0.5):
            found.append(
                Finding(one, ask, "fraud", ask.at + dice.between(20, 90), "complaint", "not opened by him")
            )
        elif last == "closed" and ask.reported and dice.chance(0.3):
            found.append(Finding(one, ask, "good", at + dice.between(0.5, 15), "repaid_rule", "paid back"))
    defaults = [at for ask in one.asks if not ask.fraud for status, at, _ in ask.steps if status == "dpd90"]
    suspected = (
        0.03 if defaults else {"customer": 0.004, "client": 0.01, "victim": 0.12}.get(one.kind, 0.0005)
    )
    if one.asks and dice.chance(suspected):
        known = (defaults[0] if defaults else dice.pick(one.asks).at) + dice.between(10, 90)
        found.append(Finding(one, None, "fraud", known, _source(world), dice.pick(_WHY)))
        if dice.chance(0.6):
            found.append(_cleared(world, one, known))
    return found
