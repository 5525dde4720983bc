"""What stands in the world before anyone applies: cities, lenders, merchants with their salesmen and
tablets.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ingestion.simulation.keys import BoolArray, FloatArray, IntArray
from ingestion.simulation.world_spec import WorldSpec

CITIES: tuple[tuple[str, str, str, float], ...] = (
    ("深圳市", "440300", "0755", 9.0),
    ("东莞市", "441900", "0769", 8.0),
    ("广州市", "440100", "020", 7.0),
    ("苏州市", "320500", "0512", 6.0),
    ("上海市", "310100", "021", 6.0),
    ("郑州市", "410100", "0371", 6.0),
    ("成都市", "510100", "028", 5.0),
    ("重庆市", "500100", "023", 5.0),
    ("武汉市", "420100", "027", 4.0),
    ("北京市", "110100", "010", 4.0),
    ("杭州市", "330100", "0571", 4.0),
    ("佛山市", "440600", "0757", 4.0),
    ("宁波市", "330200", "0574", 3.0),
    ("长沙市", "430100", "0731", 3.0),
    ("西安市", "610100", "029", 3.0),
    ("合肥市", "340100", "0551", 3.0),
    ("泉州市", "350500", "0595", 2.5),
    ("昆山市", "320583", "0512", 2.5),
    ("惠州市", "441300", "0752", 2.5),
    ("青岛市", "370200", "0532", 2.0),
    ("天津市", "120100", "022", 2.0),
    ("厦门市", "350200", "0592", 2.0),
    ("南昌市", "360100", "0791", 2.0),
    ("贵阳市", "520100", "0851", 1.5),
    ("南宁市", "450100", "0771", 1.5),
    ("昆明市", "530100", "0871", 1.5),
    ("沈阳市", "210100", "024", 1.5),
    ("哈尔滨市", "230100", "0451", 1.0),
    ("中山市", "442000", "0760", 1.0),
    ("嘉兴市", "330400", "0573", 1.0),
)
"""Name, region code, dialling code, weight."""

LENDERS: tuple[tuple[str, bool, float, float], ...] = (
    ("consumer_finance", True, 9.0, 0.52),
    ("network_microloan", True, 6.0, 0.58),
    ("bank_traditional", False, 3.0, 0.30),
    ("bank_traditional", False, 2.5, 0.34),
    ("bank_traditional", False, 1.5, 0.28),
    ("bank_online", False, 6.0, 0.45),
    ("bank_online", False, 4.0, 0.48),
    ("bank_online", False, 2.0, 0.42),
    ("consumer_finance", False, 7.0, 0.50),
    ("consumer_finance", False, 5.0, 0.55),
    ("consumer_finance", False, 3.0, 0.53),
    ("consumer_finance", False, 1.5, 0.60),
    ("network_microloan", False, 7.0, 0.60),
    ("network_microloan", False, 4.0, 0.62),
    ("network_microloan", False, 2.0, 0.57),
    ("microloan", False, 3.0, 0.66),
    ("microloan", False, 2.0, 0.70),
    ("microloan", False, 1.0, 0.72),
    ("p2p", False, 1.5, 0.62),
    ("p2p", False, 0.8, 0.66),
    ("auto_finance", False, 1.5, 0.50),
    ("auto_finance", False, 0.8, 0.52),
    ("leasing", False, 1.2, 0.55),
    ("leasing", False, 0.7, 0.58),
    ("other", False, 1.0, 0.60),
)
"""Type, whether it is ours, weight, share of the honest that it approves."""

CATEGORIES = ("phone_shop", "beauty", "training", "dental", "furniture", "e_bike", "appliances", "travel")
TERMS = (3, 6, 9, 12, 18, 24, 36)


@dataclass(frozen=True)
class Places:
    """City, lender and merchant tables as arrays; a person, a loan and an event refer to them by position."""

    city_weight: FloatArray
    lender_weight: FloatArray
    lender_approves: FloatArray
    lender_is_bank: BoolArray
    lender_sells_in_shops: BoolArray
    merchant_city: IntArray
    merchant_category: IntArray
    merchant_opened: IntArray
    merchant_agents: IntArray
    merchant_weight: FloatArray

    @property
    def cities(self) -> int:
        return len(self.city_weight)

    def merchants_of(self, city: int) -> IntArray:
        """Positions of the merchants of a city."""
        return np.flatnonzero(self.merchant_city == city)


def settle(recipe: WorldSpec, rng: np.random.Generator) -> Places:
    """Cities and merchants in number to suit the world's size: a shop has its hundreds of customers in every
    world.
    """
    cities = int(np.clip(recipe.applicants // 1_000, 3, len(CITIES)))
    weight = np.array([city[3] for city in CITIES[:cities]])
    weight /= weight.sum()
    shops = np.maximum(5, np.round(weight * recipe.applicants / 90)).astype(np.int64)
    merchant_city = np.repeat(np.arange(cities), shops)
    count = len(merchant_city)
    kind = [lender[0] for lender in LENDERS]
    lender_weight = np.array([lender[2] for lender in LENDERS])
    return Places(
        city_weight=weight,
        lender_weight=lender_weight / lender_weight.sum(),
        lender_approves=np.array([lender[3] for lender in LENDERS]),
        lender_is_bank=np.array([k.startswith("bank") for k in kind]),
        lender_sells_in_shops=np.array([k in ("consumer_finance", "auto_finance", "leasing") for k in kind]),
        merchant_city=merchant_city,
        merchant_category=rng.integers(0, len(CATEGORIES), count),
        merchant_opened=recipe.start - (rng.gamma(1.1, 700, count) * 86_400 + 5 * 86_400).astype(np.int64),
        merchant_agents=rng.integers(1, 6, count),
        merchant_weight=rng.lognormal(0.0, 0.9, count),
    )
