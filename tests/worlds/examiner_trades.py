"""The thirteen trades of the examiner's crews: what the members of each kind share, and how they behave."""

from __future__ import annotations

from tests.worlds.examiner_crews import Crew, Trade
from tests.worlds.examiner_ground import CITIES
from tests.worlds.examiner_life import Row


def device_farm(crew: Crew) -> None:
    """Bought identities on a shelf of phones, with cards for hire, behind proxies that nobody uses twice."""
    world, rng = crew.world, crew.rng
    shelf = [world.device(0.3, 0.4) for _ in range(max(2, crew.size // rng.randint(2, 4)))]
    proxies = [world.ip() for _ in range(crew.size)]
    cards = [world.card() for _ in range(max(1, crew.size // 3))]
    for _ in range(crew.size):
        one = crew.enlist(
            crew.start + rng.uniform(0, 25),
            device_id=rng.choice(shelf) if crew.keeps_to(0.9) else world.device(0.2),
            phone=world.virtual_mobile() if rng.random() < 0.5 else None,
            bank_card=rng.choice(cards) if crew.keeps_to(0.5) else None,
            wifi=None,
        )
        crew.stack_loans(one, 4, 10, night=0.35, ip=rng.choice(proxies), checks=rng.choice((1, 1, 0.85)))
        for _ in range(2):
            day = one.start + rng.uniform(0, 30)
            device = rng.choice(shelf) if rng.random() < 0.2 else one.device_id
            world.event(one, "login", day, 0.4, device_id=device, ip=rng.choice(proxies))


def slow_burn(crew: Crew) -> None:
    """Months of small loans that are repaid and money among friends; then everybody borrows all he can in the
    same days.
    """
    world, rng = crew.world, crew.rng
    start = rng.uniform(5, 90)
    bust = start + rng.uniform(130, 210)
    cards = [world.card() for _ in range(3)]
    for _ in range(crew.size):
        one = crew.enlist(start + rng.uniform(0, 40))
        world.apply(one, one.start, fraud=False)
        world.daily_life(one)
        if rng.random() < 0.6:
            world.apply(one, one.start + rng.uniform(30, 100), fraud=False)
        if crew.earlier:
            friend = rng.choice(crew.earlier)
            if crew.keeps_to(0.8):
                one.contact_phone_2 = friend.phone
            world.transfer(friend, one, one.start + rng.uniform(10, 120))
            world.transfer(one, friend, bust + rng.uniform(2, 14))
        if crew.keeps_to(0.4):
            world.event(one, "card_bind", bust - rng.uniform(0, 20), bank_card=rng.choice(cards))
        crew.stack_loans(one, 4.5, 12, bust)


def name_renting(crew: Crew) -> None:
    """Real people lend their names to an operator, who applies on his phones and takes the money; a few of
    them pay after all.
    """
    world, rng = crew.world, crew.rng
    phones = [world.device(0.02) for _ in range(1 + crew.size // 9)]
    card = world.card()
    operator = crew.enlist(crew.start - 20)
    world.honest_year(operator)
    for _ in range(crew.size - 1):
        one = crew.enlist(crew.start + rng.uniform(0, 70), bad=rng.random() < 0.85)
        device = rng.choice(phones) if crew.keeps_to(0.7) else one.device_id
        crew.stack_loans(one, 3.2, 4, device_id=device)
        world.daily_life(one)
        if crew.keeps_to(0.35):
            world.event(one, "card_bind", one.start + 1, bank_card=card)
        if crew.keeps_to(0.6):
            world.transfer(one, operator, one.start + rng.uniform(2, 12))


def village_agent(crew: Crew) -> None:
    """An agent invents an employer for villagers, names himself as their contact and fills in half of the
    forms on his phone.
    """
    world, rng = crew.world, crew.rng
    assert crew.place, "an agent works in a village"
    device, phone = world.device(), world.mobile()
    employer, employer_phone = world.company(crew.place.city), world.mobile()
    agent = f"AG{rng.randint(100, 999)}"
    for _ in range(crew.size):
        start, bad = crew.start + rng.uniform(0, 110), rng.random() < 0.7
        one = crew.enlist(start, bad=bad, employer=employer if crew.keeps_to(0.7) else None)
        one.employer_phone = employer_phone if one.employer else None
        if crew.keeps_to(0.4):
            one.contact_phone_2 = phone
        known_as = agent if rng.random() < 0.5 else None
        crew.stack_loans(
            one,
            2.2,
            15,
            night=0.05,
            agent_id=known_as,
            device_id=device if crew.keeps_to(0.5) else one.device_id,
        )
        world.daily_life(one)


def insider(crew: Crew) -> None:
    """A salesman sells goods that nobody receives, at a counter where many honest customers use the same
    tablet.
    """
    world, rng = crew.world, crew.rng
    counter: Row = {"merchant_id": world.any_shop(), "channel": "store", "product": "instalment"}
    tablet, phone, wifi = world.device(), world.mobile(), world.wifi()
    lenders = rng.sample(world.lenders, 3)
    for _ in range(rng.randint(40, 110)):
        customer = world.person("shop_customer")
        device = tablet if rng.random() < 0.7 else customer.device_id
        world.apply(customer, customer.start, lender=lenders[0], device_id=device, **counter)
        world.daily_life(customer)
    salesman_device = world.device()
    for _ in range(crew.size):
        one = crew.enlist(crew.start + rng.uniform(0, 90))
        if crew.keeps_to(0.5):
            one.contact_phone_2 = phone
        for lender in lenders[: rng.randint(1, 3)]:
            day, device = one.start + rng.uniform(0, 5), one.device_id
            if rng.random() < 0.8:
                device = salesman_device if crew.keeps_to(0.6) else tablet
            at_home: Row = {"wifi": wifi} if crew.keeps_to(0.5) else {}
            world.apply(one, day, lender=lender, device_id=device, **at_home, **counter)
        if rng.random() < 0.4:
            world.daily_life(one)


def referral_farm(crew: Crew) -> None:
    """Numbers from one block refer each other for the bonus and take the smallest loans."""
    world, rng = crew.world, crew.rng
    devices = [world.device(0.15, 0.2) for _ in range(max(2, crew.size // 3))]
    ips = [world.ip() for _ in range(3)]
    block = f"1{rng.choice(('67', '65', '71'))}{rng.randint(0, 9999):04d}"
    lenders = rng.sample(world.lenders, 4)
    for _ in range(crew.size):
        start, bad = crew.start + rng.uniform(0, 45), rng.random() < 0.8
        phone = world.mobile(block)
        one = crew.enlist(
            start, bad=bad, phone=phone, device_id=rng.choice(devices) if crew.keeps_to() else None, wifi=None
        )
        if crew.earlier:
            world.event(
                rng.choice(crew.earlier[-6:]), "referral", one.start - 0.1, counterparty_id=one.applicant_id
            )
        for lender in rng.sample(lenders, rng.randint(1, 3)):
            day, amount = one.start + rng.uniform(0, 8), float(rng.choice((500, 800, 1000)))
            proxy: Row = {"ip": rng.choice(ips)} if crew.keeps_to(0.6) else {}
            world.apply(one, day, lender=lender, amount=amount, **proxy)


def family(crew: Crew) -> None:
    """Kin under one roof, one after the other."""
    world, rng, city = crew.world, crew.rng, crew.world.rng.choice(CITIES)
    address, wifi, ip = world.address(city), world.wifi(), world.ip()
    start = rng.uniform(20, 150)
    for _ in range(crew.size):
        one = crew.enlist(start, city=city, address=address if crew.keeps_to() else None, wifi=wifi, ip=ip)
        start += rng.expovariate(1 / 25)
        if crew.earlier and crew.keeps_to():
            one.contact_phone_1 = rng.choice(crew.earlier).phone
        if crew.earlier and crew.keeps_to(0.3):
            one.device_id = rng.choice(crew.earlier).device_id
        crew.stack_loans(one, 3, 20)
        world.daily_life(one)


def synthetic(crew: Crew) -> None:
    """Invented people with an invented employer and few addresses, some whose number does not check out; a
    first loan is repaid.
    """
    world, rng, city = crew.world, crew.rng, crew.world.rng.choice(CITIES)
    employer, employer_phone = world.company(city), world.mobile()
    addresses = [world.address(city) for _ in range(1 + crew.size // 5)]
    rng.randint(1000, 9999)  # spent for nothing: without it every seed would be another world
    for _ in range(crew.size):
        one = crew.enlist(
            crew.start + rng.uniform(0, 120) - 60,
            city=city,
            employer=employer if crew.keeps_to(0.8) else None,
            wrong_id=rng.random() < 0.12,
            address=rng.choice(addresses) if crew.keeps_to(0.7) else None,
            phone=world.virtual_mobile() if rng.random() < 0.4 else None,
        )
        one.employer_phone = employer_phone if one.employer and crew.keeps_to() else None
        if rng.random() < 0.4:
            world.apply(one, one.start, fraud=False, checks=0.85)
        crew.stack_loans(one, 3.5, 25, one.start + rng.uniform(20, 60), checks=0.85)


def mules(crew: Crew) -> None:
    """Tied by money alone: a boss pays small sums out, and what is borrowed comes back to him."""
    world, rng = crew.world, crew.rng
    boss = crew.enlist(crew.start - 30)
    world.honest_year(boss)
    for _ in range(crew.size - 1):
        one = crew.enlist(crew.start + rng.uniform(0, 60))
        crew.stack_loans(one, 3.5, 9)
        world.daily_life(one)
        world.transfer(one, boss, one.start + rng.uniform(3, 14))
        if rng.random() < 0.5:
            world.transfer(boss, one, one.start - rng.uniform(1, 6), 200.0)
        if len(crew.members) > 2 and rng.random() < 0.3:
            world.transfer(one, rng.choice(crew.earlier[1:]), one.start + rng.uniform(5, 20))


def contact_only(crew: Crew) -> None:
    """Tied by a number that answers the lender's call and nothing else: as a contact, or as the employer's
    phone.
    """
    world, rng = crew.world, crew.rng
    contacts = [world.mobile() for _ in range(1 + (crew.size > 7))]
    employer_phone = world.mobile()
    by_employer = rng.random() < 0.4
    employer = world.company("长沙")
    for _ in range(crew.size):
        one = crew.enlist(
            crew.start + rng.uniform(0, 75), contact_phone_2=None if by_employer else rng.choice(contacts)
        )
        if by_employer:
            one.employer_phone = employer_phone
            one.employer = employer if crew.keeps_to(0.5) else one.employer
        crew.stack_loans(one, 3.5, 12)
        world.daily_life(one)


def dorm_crew(crew: Crew) -> None:
    """A handful among hundreds who share the same Wi-Fi and employer: their leader's phone, each other as
    contacts, money to the leader.
    """
    world, rng = crew.world, crew.rng
    leader_device, leader_phone = world.device(), world.mobile()
    for _ in range(crew.size):
        one = crew.enlist(crew.start + rng.uniform(0, 22))
        if crew.earlier and crew.keeps_to(0.5):
            one.contact_phone_2 = rng.choice(crew.earlier).phone if rng.random() < 0.6 else leader_phone
        crew.stack_loans(one, 4, 8, device_id=leader_device if crew.keeps_to(0.45) else one.device_id)
        world.daily_life(one)
        if crew.earlier and crew.keeps_to(0.5):
            world.transfer(one, crew.members[0], one.start + rng.uniform(1, 10))


def cash_out(crew: Crew) -> None:
    """Loans become cash at the till of a small shop where honest people buy too."""
    world, rng = crew.world, crew.rng
    shop, till_cards = world.shop("grocery"), [world.card() for _ in range(2)]
    for _ in range(rng.randint(15, 60)):
        buyer, day = rng.choice(world.people), rng.uniform(1, 360)
        world.event(buyer, "payment", day, merchant_id=shop, amount=round(rng.lognormvariate(4, 0.6), 2))
    for _ in range(crew.size):
        one = crew.enlist(crew.start + rng.uniform(0, 80), bad=rng.random() < 0.7)
        crew.stack_loans(one, 3, 6)
        world.daily_life(one)
        for _ in range(rng.randint(1, 3)):
            day = one.start + rng.uniform(2, 9)
            world.event(one, "payment", day, merchant_id=shop, amount=float(rng.choice((2980, 4990, 6800))))
        if crew.keeps_to(0.45):
            world.event(one, "card_bind", one.start + rng.uniform(1, 9), bank_card=rng.choice(till_cards))


def night_relay(crew: Crew) -> None:
    """A phone, and now and then a card, handed from one to the next, at night: no value ever serves many."""
    world, rng = crew.world, crew.rng
    device = world.device()
    for place in range(crew.size):
        one = crew.enlist(crew.start + place * rng.uniform(2, 12), device_id=device)
        device = device if crew.keeps_to(0.5) else world.device()
        if place and crew.keeps_to(0.4):
            one.bank_card = crew.earlier[-1].bank_card
        crew.stack_loans(one, 6, 1.0, night=0.5)
        if place:
            world.event(
                one, "login", one.start + rng.uniform(1, 9), 0.4, device_id=crew.earlier[-1].device_id
            )


TRADES = {
    "device_farm": Trade(device_farm, (6, 26), 8),
    "slow_burn": Trade(slow_burn, (4, 14), 8, (None, None, "dormitory")),
    "name_renting": Trade(name_renting, (5, 20), 8, (None, "campus", "village")),
    "village_agent": Trade(village_agent, (8, 34), 6, ("village",)),
    "insider": Trade(insider, (5, 18), 6),
    "referral_farm": Trade(referral_farm, (9, 40), 6),
    "family": Trade(family, (3, 6), 9),
    "synthetic": Trade(synthetic, (4, 15), 8),
    "mules": Trade(mules, (4, 12), 6, (None, "campus", "dormitory")),
    "contact_only": Trade(contact_only, (4, 10), 7),
    "dorm_crew": Trade(dorm_crew, (4, 15), 9, ("dormitory",)),
    "cash_out": Trade(cash_out, (6, 20), 5, (None, "village")),
    "night_relay": Trade(night_relay, (3, 7), 8),
}
