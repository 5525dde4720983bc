"""The ground under the strangers' world: identifiers, places, and a clock that turns plans into records."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any


def words(text: str) -> list[str]:
    return text.split()


CST = timezone(timedelta(hours=8))
END = datetime(2026, 1, 1, tzinfo=CST)
COUNTIES = words(  # old counties, so that any year of birth fits
    "110101 120106 130100 140400 210700 222424 230722 310106 320500 330200 340700 350100 360400 370200 "
    "410100 422826 430400 440500 450100 510321 522622 532527 610200 622927"
)
CITIES = words(
    "北京 上海 深圳 东莞 广州 杭州 苏州 成都 郑州 武汉 重庆 西安 长沙 青岛 厦门 合肥 南昌 南宁 贵阳 昆明"
)
MOBILE = words(
    "130 131 132 135 136 137 138 139 150 151 152 155 158 159 176 177 180 182 185 186 187 188 189 191 199"
)
BINS = words("622202 621700 622848 621483 621661 622700 623052")
MODELS = [
    "HUAWEI Nova 11",
    "Redmi Note 12",
    "OPPO A58",
    "vivo Y78",
    "iPhone 12",
    "iPhone 14",
    "HONOR X50",
    "Xiaomi 13",
    "realme 11",
]
LENDERS = words(
    "bank_traditional bank_online bank_online consumer_finance consumer_finance consumer_finance "
    "network_microloan network_microloan network_microloan microloan microloan p2p auto_finance leasing "
    "other consumer_finance bank_traditional network_microloan microloan other"
)
IDLE_DEVICES = ("000000000000000", "9774d56d682e549c", "unknown")
IDLE_EMPLOYERS = ("自由职业", "个体", "无", "unknown")
IDENTIFIERS = words(
    "national_id phone device_id bank_card email ip wifi address employer employer_phone contact_phone_1 "
    "contact_phone_2"
)
DROPPED = {
    "phone": 0.004,
    "device_id": 0.06,
    "bank_card": 0.22,
    "email": 0.6,
    "address": 0.08,
    "employer": 0.22,
    "employer_phone": 0.45,
    "contact_phone_1": 0.1,
    "contact_phone_2": 0.35,
}


@dataclass(slots=True)
class Place:
    """Somewhere people meet: a home, a dormitory, a shop, an office; its `spots` are (wifi, ips by
    period).
    """

    kind: str
    city: int
    address: str
    employer: str
    employer_phone: str
    elder_phone: str
    spots: list[tuple[str, dict[int, str]]]
    agents: list[str] = field(default_factory=list)
    tablets: list[str] = field(default_factory=list)
    merchant: str = ""
    residents: list[Person] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class Person:
    """One applicant as he is just now; `cells` are the identifiers he would write on a form today."""

    aid: str
    kind: str
    city: int
    birth: int
    cells: dict[str, str]
    home: Place
    work: Place | None = None
    ring: str = ""
    bad: bool = False
    lend: float = 0.01
    loans: list[tuple[float, str, bool]] = field(default_factory=list)
    disbursed: list[tuple[float, str, str]] = field(default_factory=list)


class World:
    """The ledger and the clock: everything is planned first, then lived through in the order of time."""

    def __init__(self, *, applicants: int, days: int, seed: int) -> None:
        self.applicants, self.days = applicants, days
        self.rng = random.Random(f"strangers-{seed}-{applicants}-{days}")
        self.start = END - timedelta(days=days)
        self.people: list[Person] = []
        self.places: dict[str, list[Place]] = {}
        self.shops: list[Place] = []
        self.stores: dict[int, list[str]] = {}  # small merchants, by city
        self.malls: list[Place] = []
        self.brokers: list[Place] = []
        self.tables: dict[str, list[dict[str, Any]]] = {
            name: []
            for name in words("applications events outcomes labels platforms merchants contacts devices")
        }
        self.plans: list[tuple[float, int, Person, str, dict[str, Any]]] = []
        self.used_devices: dict[int, list[str]] = {}
        self.used_numbers: list[str] = []
        self.nat: dict[tuple[int, int, int, int], str] = {}
        self.device_facts: dict[str, tuple[bool, bool]] = {}
        self.lenders = [f"PF{i:02d}" for i in range(len(LENDERS))]
        self.tables["platforms"] = [
            {"platform_id": p, "type": k, "is_own": i in (3, 6)}
            for i, (p, k) in enumerate(zip(self.lenders, LENDERS, strict=True))
        ]
        self.verbs: dict[str, Callable[[float, Person, dict[str, Any]], None]] = {
            "apply": self._apply,
            "event": self._event,
            "new_device": self._new_device,
            "new_number": self._new_number,
        }

    # identifiers, each valid in form and fresh

    def code(self, prefix: str, length: int = 10) -> str:
        return prefix + "".join(self.rng.choices("23456789ABCDEFGHJKMNPQRSTUVWXYZ", k=length))

    def mobile(self) -> str:
        return self.rng.choice(MOBILE) + f"{self.rng.randrange(10**8):08d}"

    def landline(self) -> str:
        town = self.rng.choice((755, 769, 571, 512, 371, 731))
        return f"0{town}-{self.rng.randrange(2, 9)}{self.rng.randrange(10**7):07d}"

    def national_id(self, birth: int) -> str:
        county, pick = self.rng.choice(COUNTIES), self.rng.randrange
        body = f"{county}{birth}{pick(1, 13):02d}{pick(1, 29):02d}{pick(1, 999):03d}"
        weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
        return body + "10X98765432"[sum(int(d) * w for d, w in zip(body, weights, strict=True)) % 11]

    def card(self) -> str:
        body = self.rng.choice(BINS) + f"{self.rng.randrange(10**12):012d}"
        total = sum(sum(divmod(int(d) * (2 if i % 2 == 0 else 1), 10)) for i, d in enumerate(reversed(body)))
        return body + str(-total % 10)

    def device(self, *, emulator: bool = False) -> str:
        shape, bits = self.rng.random(), self.rng.getrandbits
        value = f"{bits(64):016x}" if shape < 0.5 else f"86{self.rng.randrange(10**13):013d}"
        if shape > 0.75:
            value = f"{bits(32):08X}-{bits(16):04X}-4{bits(12):03X}-A{bits(12):03X}-{bits(48):012X}"
        emulator = emulator or self.rng.random() < 0.004  # gamers have them as well
        self.device_facts[value] = (emulator, emulator or self.rng.random() < 0.03)
        return value

    def wifi(self) -> str:
        return ":".join(f"{b:02x}" for b in (self.rng.randrange(0, 256, 4), *self.rng.randbytes(5)))

    def ip(self) -> str:
        pick, bits = self.rng.randrange, self.rng.getrandbits
        if self.rng.random() < 0.12:
            return f"2409:8a{pick(0x10, 0x60):02x}:{bits(16):x}:{bits(16):x}::{pick(1, 0xFFFF):x}"
        network = self.rng.choice((36, 58, 61, 112, 117, 120, 183, 218, 223))
        return f"{network}.{pick(256)}.{pick(256)}.{pick(1, 255)}"

    def address(self, city: int, *, door: bool = True) -> str:
        pick = self.rng.choice
        road = f"{pick('东西南北中')}{pick('新安福兴平和永泰')}{pick('路街巷')}"
        street = f"{CITIES[city]}市{road}{self.rng.randrange(1, 900)}号"
        return street + (f"{self.rng.randrange(1, 30)}栋{self.rng.randrange(101, 3000)}" if door else "")

    def company(self) -> str:
        name = "".join(self.rng.choices("鑫隆华盛恒达宏远嘉信瑞诚博联", k=3))
        trade = self.rng.choice(("电子", "商贸", "物流", "科技", "服饰", "餐饮"))
        return f"{self.rng.choice(CITIES)}{name}{trade}有限公司{self.rng.randrange(99)}"

    # people and places

    def place(self, kind: str, *, city: int | None = None, spots: int = 1) -> Place:
        city = self.rng.choices(range(len(CITIES)), [3, 4, 6, 7, 5] + [2] * 15)[0] if city is None else city
        return Place(
            kind,
            city,
            self.address(city, door=kind in ("home", "household")),
            self.company(),
            self.landline(),
            self.mobile(),
            [(self.wifi(), {}) for _ in range(spots)],
        )

    def person(self, kind: str, home: Place) -> Person:
        birth = (
            self.rng.randrange(1997, 2007) if kind == "campus" else int(self.rng.triangular(1962, 2006, 1996))
        )
        phone = self.mobile()
        cells = {
            "national_id": self.national_id(birth),
            "phone": phone,
            "device_id": self.device(),
            "bank_card": self.card(),
            "email": self.rng.choice((phone, str(self.rng.randrange(10**8, 10**10))))
            + self.rng.choice(("@qq.com", "@163.com", "@139.com")),
            "address": home.address,
            "employer": self.company(),
            "employer_phone": self.landline(),
            "contact_phone_1": self.mobile(),
            "contact_phone_2": self.mobile(),
        }
        one = Person(self.code("U", 9), kind, home.city, birth, cells, home)
        self.people.append(one)
        return one

    def merchant(self, category: str, city: int, *, old: bool) -> str:
        merchant_id = self.code("M", 7)
        opened = self.stamp(-self.rng.triangular(0, 3000, 200) if old else self.rng.uniform(-200, 60))
        self.tables["merchants"].append(
            {"merchant_id": merchant_id, "category": category, "city": CITIES[city], "opened_at": opened}
        )
        return merchant_id

    def shop(self, kind: str) -> Place:
        shop = self.place(kind)
        shop.agents = [self.code("AG", 6) for _ in range(self.rng.randrange(1, 4))]
        shop.tablets = [self.device() for _ in range(self.rng.choice((1, 1, 2, 3)))]
        shop.merchant = self.merchant(
            self.rng.choice(("手机店", "家电", "教育", "医美", "二手车")), shop.city, old=True
        )
        return shop

    def shop_visit(self, shop: Place, *, tablet: float = 0.8) -> dict[str, Any]:
        """What a form looks like when it is filled in at a shop: its Wi-Fi, clerk, merchant and mostly its
        tablet.
        """
        over: dict[str, Any] = {
            "at_place": shop,
            "agent_id": self.rng.choice(shop.agents),
            "merchant_id": shop.merchant,
            "channel": "offline",
        }
        return over | ({"device_id": self.rng.choice(shop.tablets)} if self.rng.random() < tablet else {})

    def spot(self, place: Place, one: Person, t: float) -> tuple[str, str]:
        """The Wi-Fi this person meets at a place and the address the internet sees then (broadband renews
        it).
        """
        wifi, ips = place.spots[int(one.cells["national_id"][6:17]) % len(place.spots)]
        period = int(t // 40)
        if period not in ips:
            ips[period] = self.ip()
        return wifi, ips[period]

    def carrier_ip(self, city: int, t: float) -> str:
        key = (city, self.rng.randrange(3), self.rng.randrange(5), int(t // 75))
        if key not in self.nat:
            self.nat[key] = self.ip()
        return self.nat[key]

    # the clock

    def hour(self, day: float, *, night: float = 0.06) -> float:
        return (
            int(day)
            + (self.rng.uniform(0, 6) if self.rng.random() < night else self.rng.triangular(7, 24, 15)) / 24
        )

    def plan(self, t: float, one: Person, verb: str = "apply", **over: Any) -> None:
        """Puts a deed into the diary: `over` are cells that differ on that one occasion; outside the year it
        does not happen.
        """
        if 0 <= t < self.days - 0.01:
            self.plans.append((t, len(self.plans), one, verb, over))

    def live(self) -> None:
        """Lives through every planned deed in the order of time, filling the tables."""
        for t, _, one, verb, over in sorted(self.plans, key=lambda plan: plan[:2]):
            self.verbs[verb](t, one, over)

    def stamp(self, t: float) -> str:
        return (self.start + timedelta(seconds=int(t * 86400))).isoformat()

    def _where(self, t: float, one: Person, over: dict[str, Any]) -> dict[str, str]:
        place = over.pop("at_place", None)
        if place is None and self.rng.random() < 0.5:
            return {"ip": self.carrier_ip(one.city, t)}
        if place is None:
            place = one.work if one.work and self.rng.random() < 0.5 else one.home
        wifi, ip = self.spot(place, one, t)
        return {"ip": ip, "wifi": "02:00:00:00:00:00" if self.rng.random() < 0.08 else wifi}

    def _form(self, t: float, one: Person, over: dict[str, Any]) -> dict[str, Any]:
        rng = self.rng
        row: dict[str, Any] = {**one.cells, **self._where(t, one, over)}
        if len(one.home.residents) > 1 and rng.random() < one.lend:
            row["device_id"] = rng.choice(one.home.residents).cells["device_id"]
        row |= over
        for name, share in DROPPED.items():
            if name not in over and rng.random() < share:
                row[name] = ""
        chance = rng.random()
        if chance < 0.012:
            row["device_id"] = rng.choice(IDLE_DEVICES)
        elif chance < 0.02:
            row["contact_phone_2"] = "13800000000"
        elif chance < 0.09:
            row["employer"] = rng.choice(IDLE_EMPLOYERS)
        for name in ("phone", "contact_phone_1"):
            if row[name] and rng.random() < 0.12:
                row[name] = f"+86 {row[name][:3]}-{row[name][3:7]}-{row[name][7:]}"
        return row

    def _apply(self, t: float, one: Person, over: dict[str, Any]) -> None:
        rng = self.rng
        weak = over.pop("weak", 0.0)
        row = self._form(t, one, {k: v for k, v in over.items() if k != "platform_id"})
        amount = round(rng.lognormvariate(9.1, 0.8) / 100 + 1) * 100
        application_id = self.code("LN", 12)
        row |= {
            "application_id": application_id,
            "applied_at": self.stamp(t),
            "applicant_id": one.aid,
            "platform_id": over.get("platform_id") or rng.choice(self.lenders),
            "product": row.get("product")
            or rng.choice(("cash", "cash_inst", "cons_inst", "off_inst", "card", "auto")),
            "amount": amount,
            "term_months": rng.choice((3, 6, 6, 12, 12, 24)),
            "channel": row.get("channel") or rng.choice(("app", "app", "h5", "partner")),
            "birth_year": one.birth if rng.random() > 0.05 else None,
            "city": CITIES[one.city],
            "face_match": None if rng.random() < 0.2 else round(rng.betavariate(14 - 5 * weak, 2), 3),
            "liveness": None if rng.random() < 0.25 else round(rng.betavariate(12 - 4 * weak, 1.6), 3),
            "phone_three_element": None if rng.random() < 0.2 else rng.random() > 0.03 + 0.12 * weak,
            "new_citizen": None
            if rng.random() < 0.25
            else (one.home.kind == "dormitory") ^ (rng.random() < 0.1),
        }
        self.tables["applications"].append(row)
        for slot in ("contact_phone_1", "contact_phone_2"):
            if row[slot] and rng.random() < 0.7:
                self.tables["contacts"].append(
                    {
                        "applicant_id": one.aid,
                        "phone": row[slot],
                        "at": row["applied_at"],
                        "relation": rng.choice(
                            ("spouse", "parent", "relative", "friend", "colleague", "other")
                        ),
                    }
                )
        self._outcome(t, one, application_id, amount)

    def _outcome(self, t: float, one: Person, application_id: str, amount: int) -> None:
        rng = self.rng
        late = rng.random() < (0.8 if one.bad else 0.035)
        course: list[tuple[float, str]] = []
        if rng.random() > (0.5 if one.bad else 0.58):
            course = [(rng.uniform(0.001, 2), "withdrawn" if rng.random() < 0.15 else "rejected")]
        else:
            paid = rng.uniform(0.02, 2)
            course = [(paid * 0.7, "approved"), (paid, "disbursed")]
            if rng.random() < 0.03:
                course.append((paid + rng.uniform(1, 6.5), "returned"))
            elif late:
                course += [
                    (paid + 60 + rng.uniform(0, 4), "dpd30"),
                    (paid + 120 + rng.uniform(0, 4), "dpd90"),
                    (paid + 210 + rng.uniform(0, 20), "written_off"),
                ]
            else:
                course.append((paid + rng.choice((90, 120, 180)) + rng.uniform(-20, 5), "closed"))
            one.disbursed.append((t + paid, application_id, course[-1][1]))
        one.loans.append((t, application_id, late))
        for after, status in course:
            if t + after < self.days:
                self.tables["outcomes"].append(
                    {
                        "application_id": application_id,
                        "status": status,
                        "at": self.stamp(t + after),
                        "amount": amount if status == "disbursed" else None,
                    }
                )

    def _event(self, t: float, one: Person, over: dict[str, Any]) -> None:
        kind = over.pop("kind")
        row: dict[str, Any] = {
            "event_id": self.code("EV", 12),
            "kind": kind,
            "at": self.stamp(t),
            "applicant_id": one.aid,
        }
        if kind in ("login", "device_use"):
            row |= {"device_id": one.cells["device_id"], **self._where(t, one, over)}
        elif kind == "card_bind":
            row["bank_card"] = one.cells["bank_card"]
        elif kind in ("transfer", "payment", "repayment", "withdrawal"):
            row["amount"] = round(self.rng.lognormvariate(6.5, 1.1), 2)
        self.tables["events"].append(row | over)

    def _new_device(self, t: float, one: Person, over: dict[str, Any]) -> None:
        """He sells the old phone on, perhaps, and buys another one: new, or from the same city's second-hand
        market.
        """
        market = self.used_devices.setdefault(one.city, [])
        old = one.cells["device_id"]
        if "value" in over:
            one.cells["device_id"] = over["value"]
        elif market and self.rng.random() < over.get("used", 0.35):
            one.cells["device_id"] = market.pop(self.rng.randrange(len(market)))
        else:
            one.cells["device_id"] = self.device()
        if self.rng.random() < over.get("sell", 0.6):
            market.append(old)

    def _new_number(self, t: float, one: Person, over: dict[str, Any]) -> None:
        """The carrier takes the old number back and hands it to somebody else some time later."""
        self.used_numbers.append(one.cells["phone"])
        recycled = len(self.used_numbers) > 8 and self.rng.random() < 0.4
        one.cells["phone"] = (
            self.used_numbers.pop(self.rng.randrange(len(self.used_numbers) // 2))
            if recycled
            else self.mobile()
        )
