"""The ground under the examiner's world: how hard it is, its people, and values that are valid in form and
fresh.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone


def words(text: str) -> list[str]:
    return text.split()


CST = timezone(timedelta(hours=8))
END = datetime(2026, 1, 1, tzinfo=CST)
DAYS = 365.0
CITIES = words("深圳 东莞 成都 郑州 长沙 武汉 昆山 重庆 泉州 合肥 贵阳 沈阳 邯郸 临沂")
COUNTIES = words(
    "440305 441900 510104 410105 430104 420106 320583 500112 350503 340104 520103 210106 130403 371302"
)
ROADS = words("建设路 人民路 解放大道 新华街 中山路 工业园路 学府路 滨江路 幸福路 文昌街 迎宾大道 和平巷")
TRADES = words("电子 服饰 物流 建材 餐饮 科技 机械 印刷 家政 食品 五金 汽配")
MOBILE = words("138 139 150 151 135 136 186 187 177 189 191 155 166 173")
VIRTUAL = words("170 171 162 165")
BINS = words("622202 621700 622848 621661 623058")
NETWORKS = (36, 58, 60, 101, 110, 112, 113, 115, 117, 119, 121, 123, 125, 171, 180, 183, 218, 222)
MODELS = words("redmi vivo-y oppo-a honor-x iphone mate realme")
SHOPS = words("phone beauty rental training furniture scooter grocery dental")
LENDERS = {
    "bank_traditional": 3,
    "bank_online": 3,
    "consumer_finance": 6,
    "network_microloan": 5,
    "microloan": 4,
    "p2p": 3,
    "auto_finance": 2,
    "leasing": 2,
    "other": 1,
}
OWN_LENDERS = ("L06", "L07")
IDLE_PHONE = "13800000000"
IDLE_DEVICE = "000000000000000"


@dataclass(frozen=True)
class Difficulty:
    """How hard the world is. Shares are chances between 0 and 1; they were chosen by looking at usual recipes
    alone, never at our detector.
    """

    renewed_ip: float = 0.08  # a new home gets an internet address that another home had
    family_phone: float = 0.10  # somebody in a household lives with another member's phone as his own
    room_mate_ties: float = 0.20  # room-mates name, pay and refer each other
    second_hand: float = 0.030  # a phone comes from somebody else
    recycled_number: float = 0.006  # a number comes from somebody else
    loans_stacked: float = 3.2  # how far beyond one loan crew members go; 1: what their trade says
    habit: float = 0.57  # mean strength of a crew's habit to share; each crew draws its own around it
    lone_share: float = 0.007  # frauds who work alone, of all applicants
    lent_phone: float = 0.05  # somebody logs in on a neighbour's phone
    # a contact, or money, to anybody at all: honest people and crews know each other by chance
    acquaintance: float = 0.05
    lodged: float = 0.15  # a crew member without a hiding place lives with somebody honest
    wrong_verdict: float = 0.002  # an honest borrower is called a fraud
    # crews that hide in the same dormitory, village or campus have rooms of their own there
    own_rooms: bool = False
    latest_start: float = 345.0  # the last day on which a crew begins


FIRST = Difficulty()  # crews that hide in one place share a room there, so that two of them look like one
APART = Difficulty(own_rooms=True, latest_start=325.0)  # crews keep apart, and each has a month to be seen
VARIANTS = {  # with the seeds of our figures
    "first": FIRST,  # 71, 72
    "apart": APART,  # 73, 91
    # 74: the number of loans betrays less, the ties have to
    "fewer_loans": replace(APART, loans_stacked=1.2, habit=0.75),
    "fewest_loans": replace(APART, loans_stacked=0.5, habit=0.55),  # 75: neither betrays much
}


@dataclass(slots=True, eq=False)
class Person:
    """One applicant as he is just now: what he would write on a form today, and the truth about him."""

    applicant_id: str
    kind: str
    ring: str
    bad: bool
    start: float  # the day of his first application
    city: str
    birth_year: int
    national_id: str
    phone: str
    device_id: str
    bank_card: str
    email: str | None
    ip: str
    wifi: str | None
    address: str
    employer: str | None
    employer_phone: str | None
    contact_phone_1: str
    contact_phone_2: str | None
    new_citizen: bool
    carelessness: float  # above .93 an honest borrower fails to pay more often
    exposure: float = 0.0  # the chance that a fraud is ever found out


class Mint:
    """Makes identifiers. Every one is new; what people share, they share because somebody handed it on."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self._used: set[str] = set()
        self.devices: list[tuple[str, str, str, bool, bool]] = []

    def _fresh(self, make: Callable[[], str]) -> str:
        while (value := make()) in self._used:
            pass
        self._used.add(value)
        return value

    def _digits(self, count: int) -> str:
        return "".join(self.rng.choice("0123456789") for _ in range(count))

    def mobile(self, head: str = "") -> str:
        """A mobile number; with a head it comes from that block of numbers."""

        def make() -> str:
            start = head or self.rng.choice(MOBILE)
            return start + self._digits(11 - len(start))

        return self._fresh(make)

    def virtual_mobile(self) -> str:
        return self.mobile(self.rng.choice(VIRTUAL))

    def device(self, emulator: float = 0.006, rooted: float = 0.02) -> str:
        rng = self.rng
        device = self._fresh(lambda: f"{rng.getrandbits(64):016x}")
        system = rng.choice(("android", "android", "android", "ios", "harmony"))
        model = rng.choice(MODELS) + str(rng.randint(5, 90))
        self.devices.append((device, system, model, rng.random() < emulator, rng.random() < rooted))
        return device

    def card(self) -> str:
        def make() -> str:
            body = self.rng.choice(BINS) + self._digits(12)
            doubled = (int(digit) * (2 if i % 2 == 0 else 1) for i, digit in enumerate(reversed(body)))
            return body + str(-sum(d - 9 if d > 9 else d for d in doubled) % 10)

        return self._fresh(make)

    def national_id(self, birth_year: int, *, wrong: bool = False) -> str:
        """A citizen's number; a `wrong` one does not check out, as made-up ones often do not."""
        county, weights = self.rng.choice(COUNTIES), (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)

        def make() -> str:
            rng = self.rng
            day = f"{rng.randint(1, 12):02d}{rng.randint(1, 28):02d}"
            body = f"{county}{birth_year}{day}{rng.randint(1, 999):03d}"
            check = "10X98765432"[
                sum(int(digit) * weight for digit, weight in zip(body, weights, strict=True)) % 11
            ]
            return body + (("1" if check != "1" else "2") if wrong else check)

        return self._fresh(make)

    def email(self) -> str:
        rng = self.rng
        name = f"{rng.choice('abcdefghjklm')}{rng.randint(10**5, 10**9)}"
        return f"{name}@{rng.choice(('qq.com', '163.com', '126.com'))}"

    def ip(self) -> str:
        rng = self.rng
        return self._fresh(
            lambda: (
                f"{rng.choice(NETWORKS)}.{rng.randint(1, 254)}.{rng.randint(0, 254)}.{rng.randint(1, 254)}"
            )
        )

    def wifi(self) -> str:
        return self._fresh(lambda: ":".join(f"{self.rng.getrandbits(8):02x}" for _ in range(6)))

    def address(self, city: str) -> str:
        rng = self.rng

        def make() -> str:
            street = f"{city}市{rng.choice(ROADS)}{rng.randint(1, 999)}号"
            return street + f"{rng.randint(1, 40)}栋{rng.randint(1, 30)}{rng.randint(1, 8):02d}室"

        return self._fresh(make)

    def company(self, city: str) -> str:
        rng = self.rng

        def make() -> str:
            name = rng.choice("宏达瑞丰鑫诚恒信永昌博远佳美盛泰") + rng.choice("华隆源通利兴邦和")
            return f"{city}{name}{rng.choice(TRADES)}{rng.randint(1, 9999)}有限公司"

        return self._fresh(make)

    def landline(self) -> str:
        rng = self.rng
        towns = ("755", "769", "28", "371", "731", "27", "512")
        return self._fresh(lambda: f"0{rng.choice(towns)}-{rng.randint(20000000, 89999999)}")
