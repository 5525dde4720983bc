"""How people of the examiner's world live: they appear, apply, are paid out or not, log in and pay, and leave
records of it.
"""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from typing import Any

from tests.worlds.examiner_ground import (
    CITIES,
    DAYS,
    END,
    IDLE_PHONE,
    LENDERS,
    SHOPS,
    Difficulty,
    Mint,
    Person,
)

Row = dict[str, Any]
LAST_HOUR = 0.1  # days before the end of the year in which nothing is recorded any more
MAY_HAVE_A_SWITCHBOARD = 4  # characters: an employer with a longer name is a company


class World(Mint):
    """The people and the tables that they fill. Days count from the start of the year."""

    def __init__(self, *, applicants: int, seed: int, difficulty: Difficulty) -> None:
        super().__init__(seed)
        self.difficulty = difficulty
        self.people: list[Person] = []
        self.applications: list[Row] = []
        self.events: list[Row] = []
        self.outcomes: list[Row] = []
        self.contacts: list[Row] = []
        self.merchants: list[Row] = []
        self._numbers = list(range(1, 2 * applicants))
        self.rng.shuffle(self._numbers)  # so that an applicant's number says nothing about him
        kinds = [kind for kind, count in LENDERS.items() for _ in range(count)]
        self.lender_kinds = {f"L{i:02d}": kind for i, kind in enumerate(kinds)}
        self.lenders = list(self.lender_kinds)
        self._carrier_ips = {city: [self.ip() for _ in range(6)] for city in CITIES}
        self._home_ips: list[str] = []
        for _ in range(max(60, applicants // 90)):
            self.shop(self.rng.choice(SHOPS))

    def home_ip(self) -> str:
        if self._home_ips and self.rng.random() < self.difficulty.renewed_ip:
            return self.rng.choice(self._home_ips)
        self._home_ips.append(self.ip())
        return self._home_ips[-1]

    def shop(self, category: str) -> str:
        city, merchant = self.rng.choice(CITIES), f"M{len(self.merchants):05d}"
        opened = END - timedelta(days=self.rng.uniform(60, 2500))
        self.merchants.append(
            {"merchant_id": merchant, "category": category, "city": city, "opened_at": opened}
        )
        return merchant

    def any_shop(self) -> str:
        return str(self.rng.choice(self.merchants)["merchant_id"])

    def person(
        self,
        kind: str,
        start: float | None = None,
        *,
        ring: str = "",
        bad: bool = False,
        wrong_id: bool = False,
        **given: Any,
    ) -> Person:
        """A new applicant with a life of his own but for the cells `given`; a wifi, employer or employer's
        phone of None is none.
        """
        rng, applicant_id = self.rng, f"U{self._numbers.pop():07d}"
        start = DAYS * rng.random() ** 0.85 if start is None else min(max(start, 0.3), DAYS - 0.3)
        city = rng.choice(CITIES)
        city = given.get("city", city)
        rng.gauss(33, 9)  # spent for nothing: without it every seed would be another world
        birth_year = 2025 - int(min(66, max(19, rng.gauss(33, 9))))
        birth_year = given.get("birth_year", birth_year)
        one = Person(
            applicant_id=applicant_id,
            kind=kind,
            ring=ring,
            bad=bad,
            start=start,
            city=city,
            birth_year=birth_year,
            national_id=self.national_id(birth_year, wrong=wrong_id),
            phone=given.get("phone") or self.mobile(),
            device_id=given.get("device_id") or self.device(),
            bank_card=given.get("bank_card") or self.card(),
            email=self.email() if rng.random() < 0.3 else None,
            ip=given.get("ip") or self.home_ip(),
            wifi=given["wifi"] if "wifi" in given else self._wifi_at_home(),
            address=given.get("address") or self.address(city),
            employer=(employer := given["employer"] if "employer" in given else self._employer(city)),
            employer_phone=given["employer_phone"]
            if "employer_phone" in given
            else self._switchboard(employer),
            contact_phone_1=given.get("contact_phone_1")
            or (self.mobile() if rng.random() < 0.95 else IDLE_PHONE),
            contact_phone_2=given.get("contact_phone_2") or (self.mobile() if rng.random() < 0.7 else None),
            new_citizen=given.get("new_citizen", rng.random() < 0.2),
            carelessness=rng.random(),
        )
        self.people.append(one)
        return one

    def _wifi_at_home(self) -> str | None:
        return self.wifi() if self.rng.random() < 0.6 else None

    def _employer(self, city: str) -> str | None:
        return (
            self.company(city)
            if self.rng.random() < 0.7
            else self.rng.choice(("自由职业", "无", None, "个体"))
        )

    def _switchboard(self, employer: str | None) -> str | None:
        return (
            self.landline()
            if employer and len(employer) > MAY_HAVE_A_SWITCHBOARD and self.rng.random() < 0.6
            else None
        )

    # deeds

    def _moment(self, day: float, night: float) -> datetime:
        rng = self.rng
        hour = rng.uniform(0, 6) if rng.random() < night else min(23.9, max(7, rng.gauss(15.5, 4)))
        return (
            END
            - timedelta(days=DAYS)
            + timedelta(days=math.floor(day), hours=hour, seconds=rng.randint(0, 59))
        )

    def _network(self, one: Person) -> Row:
        """Where somebody is online: through his carrier, whose addresses a whole city shares, or at home."""
        return (
            {"ip": self.rng.choice(self._carrier_ips[one.city])}
            if self.rng.random() < 0.40
            else {"ip": one.ip, "wifi": one.wifi}
        )

    def event(self, one: Person, kind: str, day: float, night: float = 0.08, **cells: Any) -> None:
        if not 0 <= day < DAYS - LAST_HOUR:
            return
        at = self._moment(day, night)
        if at < END:
            event_id = f"E{len(self.events) + 1:08d}"
            self.events.append(
                {"event_id": event_id, "kind": kind, "at": at, "applicant_id": one.applicant_id, **cells}
            )

    def transfer(self, payer: Person, payee: Person, day: float, amount: float = 0.0) -> None:
        amount = amount or round(self.rng.lognormvariate(6.5, 1), 2)
        self.event(payer, "transfer", day, counterparty_id=payee.applicant_id, amount=amount)

    def apply(
        self,
        one: Person,
        day: float,
        night: float = 0.08,
        *,
        fraud: bool | None = None,
        lender: str = "",
        checks: float = 1.0,
        **cells: Any,
    ) -> None:
        """One application: `cells` differ from the person's own on this form; `checks` below 1 means a face
        and name that check out badly.
        """
        if not 0 <= day < DAYS - LAST_HOUR:
            return
        at = self._moment(day, night)
        if at >= END:
            return
        fraud = one.bad if fraud is None else fraud
        head = {
            "application_id": f"A{len(self.applications):08d}",
            "applied_at": at,
            "applicant_id": one.applicant_id,
        }
        form = (
            head
            | {"platform_id": lender or self.rng.choice(self.lenders)}
            | self._form(one, checks, fraud=fraud)
            | cells
        )
        self.applications.append(form)
        self._contact_book(one, form)
        self._course(one, form, day, fraud=fraud)

    def _form(self, one: Person, checks: float, *, fraud: bool) -> Row:
        rng, network, passed = self.rng, self._network(one), 0.5 + 0.5 * checks
        return {
            "product": rng.choice(("cash", "cash", "instalment", "credit_line")),
            "amount": float(round(rng.lognormvariate(8.6 + 0.2 * fraud, 0.7), -2) or 500),
            "term_months": rng.choice((3, 6, 6, 12, 12, 24)),
            "merchant_id": None,
            "agent_id": None,
            "channel": rng.choice(("app", "app", "h5", "store")),
            "national_id": one.national_id,
            "phone": one.phone,
            "device_id": one.device_id,
            "bank_card": one.bank_card if rng.random() < 0.85 else None,
            "email": one.email,
            "ip": network["ip"],
            "wifi": network.get("wifi"),
            "address": one.address,
            "employer": one.employer,
            "employer_phone": one.employer_phone,
            "contact_phone_1": one.contact_phone_1,
            "contact_phone_2": one.contact_phone_2,
            "face_match": min(1.0, max(0.2, rng.gauss(0.90 * passed, 0.06))),
            "liveness": min(1.0, max(0.1, rng.gauss(0.92 * passed, 0.06))),
            "phone_three_element": rng.random() < 0.97 * checks,
            "birth_year": one.birth_year if rng.random() < 0.97 else None,
            "city": one.city,
            "new_citizen": one.new_citizen if rng.random() < 0.7 else None,
        }

    def _contact_book(self, one: Person, form: Row) -> None:
        relations = (
            self.rng.choice(("parent", "spouse", "relative")),
            self.rng.choice(("friend", "colleague")),
        )
        for phone, relation in zip(
            (form["contact_phone_1"], form["contact_phone_2"]), relations, strict=True
        ):
            if phone and self.rng.random() < 0.25:
                self.contacts.append(
                    {
                        "applicant_id": one.applicant_id,
                        "phone": phone,
                        "relation": relation,
                        "at": form["applied_at"],
                    }
                )

    # what becomes of a loan

    def _becomes(self, form: Row, status: str, day: float, amount: float | None = None) -> None:
        if day < DAYS - 0.05:
            at = END - timedelta(days=DAYS - day)
            self.outcomes.append(
                {"application_id": form["application_id"], "status": status, "at": at, "amount": amount}
            )

    def _course(self, one: Person, form: Row, day: float, *, fraud: bool) -> None:
        rng, amount = self.rng, form["amount"]
        if rng.random() < (0.44 if fraud else 0.33):
            self._becomes(form, "rejected", day + rng.uniform(0.01, 2))
            return
        day += rng.uniform(0.01, 2)
        self._becomes(form, "approved", day, amount)
        if rng.random() < 0.05:
            self._becomes(form, "withdrawn", day + 1)
            return
        day += rng.uniform(0.1, 2)
        self._becomes(form, "disbursed", day, amount)
        if rng.random() < 0.5:
            self.event(
                one, "withdrawal", day + 0.5, bank_card=form["bank_card"] or one.bank_card, amount=amount
            )
        self._repay(one, form, day, fraud=fraud)

    def _repay(self, one: Person, form: Row, day: float, *, fraud: bool) -> None:
        """Month by month until the end of the term, or until he stops; a fraud pays nothing or a few
        instalments.
        """
        rng, months, amount = self.rng, form["term_months"], form["amount"]
        paid = 0 if rng.random() < 0.6 else rng.randint(1, 3)
        if not fraud:
            paid = months if rng.random() > 0.035 + 0.05 * (one.carelessness > 0.93) else rng.randint(0, 4)
        for month in range(1, min(paid, 8) + 1):
            if rng.random() < 0.55:
                due = day + 30 * month + rng.uniform(-3, 2)
                card: Row = {"bank_card": one.bank_card} if rng.random() < 0.3 else {}
                self.event(one, "repayment", due, amount=round(amount / months, 2), **card)
        missed = day + 30 * (paid + 1)
        if paid >= months:
            self._becomes(form, "closed", day + 30 * months + 1)
            return
        self._becomes(form, "dpd30", missed + 30, amount)
        if fraud or rng.random() < 0.4:
            self._becomes(form, "dpd90", missed + 90, amount)
            self._becomes(form, "written_off", missed + 180, amount)
        else:
            self._becomes(form, "closed", missed + 30 + rng.uniform(5, 60))

    # habits

    def honest_year(self, one: Person, more: float = 0.35, **cells: Any) -> None:
        """What an ordinary life leaves behind: one loan and, with the chance `more`, another, and so on;
        acquaintances by chance.
        """
        rng, day = self.rng, one.start
        if rng.random() < self.difficulty.acquaintance:
            one.contact_phone_2 = rng.choice(self.people).phone
        if rng.random() < self.difficulty.acquaintance:
            self.transfer(one, rng.choice(self.people), day + rng.uniform(0, 90))
        loans = 1
        while rng.random() < more and loans < 9:
            loans += 1
        for _ in range(loans):
            self.apply(one, day, **cells)
            day += rng.expovariate(1 / 55) if rng.random() < 0.88 else rng.uniform(0, 3)
        self.daily_life(one)

    def daily_life(self, one: Person) -> None:
        rng = self.rng
        for _ in range(1 + int(rng.expovariate(1 / 2.5))):
            day = one.start + (rng.expovariate(1 / 80) if rng.random() < 0.85 else -rng.uniform(0, 15))
            self.event(
                one,
                rng.choice(("login", "device_use", "login")),
                day,
                device_id=one.device_id,
                **self._network(one),
            )
        if rng.random() < 0.5:
            self.event(one, "card_bind", one.start + rng.uniform(-2, 3), bank_card=one.bank_card)
        if rng.random() < 0.10:
            self.event(one, "device_use", one.start + rng.uniform(10, 200), device_id=self.device())
        if rng.random() < 0.05:
            self.event(one, "profile_change", one.start + rng.uniform(5, 200), phone=self.mobile())
        if rng.random() < 0.25:
            day = one.start + rng.uniform(0, 90)
            self.event(
                one, "payment", day, merchant_id=self.any_shop(), amount=round(rng.lognormvariate(5.5, 1), 2)
            )
