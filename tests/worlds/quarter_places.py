"""Where life in a quarter happens: towns, networks, houses, firms, shops and lenders."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.worlds.quarter_dice import Dice
from tests.worlds.quarter_mint import Mint

# name, area code, head of its identity numbers, districts, weight
_TOWNS = (
    ("广州", "020", "440113", ("番禺", "白云", "天河"), 3.0),
    ("深圳", "0755", "440306", ("宝安", "龙华", "龙岗"), 3.0),
    ("东莞", "0769", "441900", ("长安", "厚街", "塘厦"), 2.5),
    ("苏州", "0512", "320583", ("昆山", "吴中", "相城"), 2.0),
    ("杭州", "0571", "330110", ("余杭", "萧山", "滨江"), 2.0),
    ("成都", "028", "510112", ("龙泉驿", "郫都", "武侯"), 2.0),
    ("武汉", "027", "420111", ("洪山", "江夏", "汉阳"), 1.5),
    ("郑州", "0371", "410122", ("中牟", "二七", "金水"), 1.5),
    ("长沙", "0731", "430121", ("长沙县", "雨花", "岳麓"), 1.0),
    ("南宁", "0771", "450107", ("西乡塘", "江南", "青秀"), 1.0),
)
_HOMELANDS = (
    "411722",
    "341221",
    "431121",
    "450821",
    "520522",
    "530627",
    "511325",
    "422801",
    "360730",
    "610724",
)
_ROADS = (
    "朝阳",
    "人民",
    "建设",
    "富民",
    "东兴",
    "新华",
    "工业",
    "迎宾",
    "学府",
    "滨河",
    "振兴",
    "和平",
    "育才",
    "花园",
)
_FIRM = ("华", "盛", "恒", "瑞", "嘉", "达", "联", "宏", "鑫", "泰", "佳", "信", "卓", "锦", "凯", "远")
_TRADES = (
    "电子科技",
    "物流",
    "餐饮管理",
    "物业服务",
    "服饰",
    "建筑工程",
    "商贸",
    "汽车服务",
    "教育咨询",
    "家政服务",
)
_GOODS = ("phones", "appliances", "beauty", "training", "furniture", "e-bikes")
_TYPES = ("bank_online", "consumer_finance", "consumer_finance", "network_microloan", "network_microloan",
          "microloan", "bank_traditional", "consumer_finance", "p2p", "network_microloan", "leasing",
          "other")  # fmt: skip
# columns that some lenders do not ask for, and the share of lenders
_OPTIONAL = {
    "wifi": 0.35,
    "email": 0.4,
    "employer_phone": 0.3,
    "contact_phone_2": 0.15,
    "address": 0.08,
    "ip": 0.08,
}


@dataclass(slots=True)
class Spot:
    """A network. Its addresses on the internet: one after the other, `period` days each, or any (0)."""

    wifi: str
    lines: list[str]
    period: float = 0.0

    def ip(self, at: float, dice: Dice) -> str:
        """The address that a request from here has at that moment."""
        if self.period > 0:
            return self.lines[int(at / self.period) % len(self.lines)]
        return dice.pick(self.lines)


@dataclass(slots=True)
class Firm:
    """An employer: its name, its switchboard, the mobile of its personnel office, its network."""

    name: str
    phone: str
    office: str
    spot: Spot


@dataclass(slots=True)
class Town:
    """A town: its head of identity numbers, its carriers' addresses, its cafes and its firms."""

    name: str
    area: str
    county: str
    districts: tuple[str, ...]
    prefix: str
    carriers: list[str]
    cafes: list[Spot] = field(default_factory=list)
    firms: list[Firm] = field(default_factory=list)


@dataclass(slots=True)
class Shop:
    """A merchant: tablets at the counter, clerks (their code and number), its network."""

    merchant_id: str
    category: str
    town: Town
    opened: float
    tablets: list[str]
    clerks: list[tuple[str, str]]
    spot: Spot


@dataclass(slots=True)
class Lender:
    """A platform: what it asks for, how strict it is, how well it reports what becomes of its loans."""

    platform_id: str
    type: str
    is_own: bool
    leaves_out: frozenset[str]
    yes: float
    reports: float
    sells_goods: bool


class Places:
    """All places of a world."""

    def __init__(self, dice: Dice, mint: Mint, applicants: int, days: int) -> None:
        self.dice, self.mint, self.days = dice, mint, days
        self.towns = [self._town(row[:4], applicants) for row in _TOWNS]
        self._weights = {place: row[4] for place, row in enumerate(_TOWNS)}
        self.shops: list[Shop] = []
        self.lenders = [self._lender(place) for place in range(20)]

    def _town(self, row: tuple[str, str, str, tuple[str, ...]], applicants: int) -> Town:
        dice = self.dice
        prefix = f"{dice.pick((113, 116, 119, 121, 183, 219, 222))}.{dice.whole(16, 239)}"
        town = Town(*row, prefix=prefix, carriers=[])
        town.carriers = [self.address_of(town) for _ in range(dice.whole(8, 24))]
        town.cafes = [self.home_spot(town) for _ in range(dice.whole(5, 15))]
        town.firms = [self.firm(town) for _ in range(8 + applicants // 300)]
        return town

    def town(self) -> Town:
        """A town, the large ones likelier."""
        return self.towns[self.dice.weighted(self._weights)]

    def homeland(self, town: Town, *, new: bool) -> str:
        """The county where somebody of that town was registered at birth."""
        return self.dice.pick(_HOMELANDS) if new or self.dice.chance(0.15) else town.county

    def address_of(self, town: Town) -> str:
        """An address on the internet in the town; others may have had it."""
        second = int(town.prefix.split(".")[1]) + self.dice.whole(0, 3)
        return f"{town.prefix.split('.')[0]}.{second}.{self.dice.whole(0, 255)}.{self.dice.whole(1, 254)}"

    def home_spot(self, town: Town) -> Spot:
        """A line at home: the carrier gives it a new address every few days to months."""
        period = self.dice.pick((4.0, 15.0, 40.0, 90.0, 400.0))
        lines = [self.address_of(town) for _ in range(int(self.days / period) + 1)]
        return Spot(self.mint.bssid(), lines, period)

    def house_spots(self, town: Town, floors: int) -> list[Spot]:
        """The networks of a large house: one a floor, all behind the same few addresses."""
        lines = [self.address_of(town) for _ in range(self.dice.whole(1, 4))]
        return [Spot(self.mint.bssid(), lines) for _ in range(floors)]

    def road(self, town: Town) -> str:
        """A house number in the town, as people write it."""
        district = self.dice.pick(town.districts)
        road = self.dice.pick(_ROADS) + self.dice.pick(("路", "大道", "东路", "西街", "南路", "一路"))
        district += "" if district.endswith("县") else "区"
        return f"{town.name}市{district}{road}{self.dice.whole(1, 399)}号"

    def flat(self, town: Town) -> str:
        """The address of a flat."""
        room = f"{self.dice.whole(1, 28)}0{self.dice.whole(1, 8)}"
        return f"{self.road(town)}{self.dice.whole(1, 24)}栋{room}室"

    def firm(self, town: Town) -> Firm:
        """A new employer in the town."""
        name = "".join(self.dice.pick(_FIRM) for _ in range(3))
        full = f"{town.name}{name}{self.dice.pick(_TRADES)}有限公司"
        return Firm(full, self.mint.landline(town.area), self.mint.phone(), self.house_spots(town, 1)[0])

    def shop(self, town: Town) -> Shop:
        """A new shop, opened before the frame or early in it."""
        dice, mint = self.dice, self.mint
        opened = dice.between(-1500, -30) if dice.chance(0.8) else dice.between(0, self.days * 0.3)
        clerks = [(mint.code("AG", 5), mint.phone()) for _ in range(dice.whole(1, 4))]
        tablets = [mint.device() for _ in range(dice.whole(1, 2))]
        goods = dice.front(_GOODS)
        made = Shop(mint.code("M", 6), goods, town, opened, tablets, clerks, self.home_spot(town))
        self.shops.append(made)
        return made

    def _lender(self, place: int) -> Lender:
        misses = frozenset(column for column, share in _OPTIONAL.items() if self.dice.chance(share))
        kind = _TYPES[place % len(_TYPES)]
        yes, reports = self.dice.between(0.4, 0.8), self.dice.pick((1.0, 0.95, 0.9, 0.7, 0.5))
        goods = kind in ("consumer_finance", "leasing", "other", "bank_traditional")
        return Lender(
            self.mint.code("L", 4), kind, place == 1, misses, yes, 1.0 if place == 1 else reports, goods
        )
