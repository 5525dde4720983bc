"""Keys to the text that people and machines write: numbers with their check digits, addresses, times."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ingestion.simulation.keys import CITY_RADIX, LANDLINE, IntArray, hashed, scatter
from ingestion.simulation.places import CITIES

ByteArray = npt.NDArray[np.uint8]

MOBILE = [
    *(f"13{d}" for d in range(10)), *(f"15{d}" for d in (0, 1, 2, 3, 5, 6, 7, 8, 9)),
    *(f"18{d}" for d in range(10)),
    "166", "173", "175", "176", "177", "178", "191", "193", "195", "198", "199",
]  # fmt: skip
BINS = ["622202", "622848", "621700", "621661", "622700", "621226", "622588", "621483", "621098", "622155",
        "621799", "623668", "621669", "622609", "621286", "622262"]  # fmt: skip
HOME_REGIONS = [f"{p}{c:02d}{d:02d}" for p in (41, 51, 43, 42, 52, 45, 36, 34, 61, 53, 44, 37, 50, 13, 32)
                for c in (1, 3, 7, 11) for d in (2, 21, 24)]  # fmt: skip
OUI = [
    "8c53c3",
    "f4ec38",
    "9c9d7e",
    "c83a35",
    "ec172f",
    "d8c8e9",
    "bc4699",
    "0c722c",
    "e4d332",
    "28f366",
    "74c330",
]
ROADS = [
    "人民路", "中山路", "工业大道", "民治大道", "建设路", "解放路", "创业路", "和平路", "龙华路", "新华街",
    "富民路", "科技路", "石龙路", "长江路", "学府路", "迎宾路",
]  # fmt: skip
TRADES = ["电子", "精密", "科技", "服饰", "物流", "贸易", "餐饮", "机械", "塑胶", "光电", "家具", "食品"]
SYLLABLES = ["鑫", "华", "盛", "达", "宏", "瑞", "祥", "丰", "泰", "联", "兴", "腾", "凯", "恒", "佳", "卓"]
MODELS = [
    ("android", "Redmi Note 12"), ("android", "OPPO A58"), ("android", "vivo Y36"), ("android", "HONOR X40"),
    ("ios", "iPhone 12"), ("ios", "iPhone 14"), ("android", "Mate 40"), ("android", "Redmi 9A"),
    ("ios", "iPhone XR"), ("android", "realme V20"), ("android", "vivo S16"), ("ios", "iPhone 13"),
]  # fmt: skip
LOCAL_OFFSET = 8 * 3_600


def digits(values: IntArray, width: int) -> ByteArray:
    """Decimal digits, most significant first; uint8 of shape (n, width)."""
    powers = 10 ** np.arange(width - 1, -1, -1, dtype=np.int64)
    return ((values[:, None] // powers) % 10).astype(np.uint8)


def ascii_text(rows: ByteArray) -> pa.Array:
    """Rows of ASCII codes to strings, all of one width."""
    n, width = rows.shape
    offsets = pa.py_buffer((np.arange(n + 1, dtype=np.int32) * np.int32(width)).tobytes())
    return pa.StringArray.from_buffers(n, offsets, pa.py_buffer(np.ascontiguousarray(rows).tobytes()))


def from_list(words: list[str], which: IntArray) -> pa.Array:
    """Words chosen by position."""
    return pa.array(words, type=pa.string()).take(pa.array(which))


def hexadecimal(values: npt.NDArray[np.uint64]) -> pa.Array:
    """64-bit numbers as 16 hexadecimal digits."""
    text = values.astype(">u8").tobytes().hex().encode()
    return ascii_text(np.frombuffer(text, dtype=np.uint8).reshape(-1, 16))


def local_times(at: IntArray) -> pa.Array:
    """Seconds since 1970 as ISO-8601 in China's time."""
    text = np.datetime_as_string((at + LOCAL_OFFSET).astype("datetime64[s]"))
    rows = text.astype("U19").view(np.uint32).reshape(len(at), 19).astype(np.uint8)
    offset = np.frombuffer(b"+08:00", dtype=np.uint8)
    return ascii_text(np.concatenate([rows, np.broadcast_to(offset, (len(at), 6))], axis=1))


def national_ids(keys: IntArray, birth_year: IntArray) -> pa.Array:
    """18 characters: home region, day of birth, serial, ISO 7064 check character."""
    spot = scatter(keys, len(HOME_REGIONS) * 365 * 999, 1)
    region = np.array([int(code) for code in HOME_REGIONS])[spot % len(HOME_REGIONS)]
    spot //= len(HOME_REGIONS)
    new_year = (birth_year - 1970).astype("datetime64[Y]").astype("datetime64[D]")
    day = new_year + (spot % 365)
    month = day.astype("datetime64[M]")
    ymd = birth_year * 10_000 + (month.astype(np.int64) % 12 + 1) * 100 + (day - month).astype(np.int64) + 1
    body = np.concatenate([digits(region, 6), digits(ymd, 8), digits(spot // 365 + 1, 3)], axis=1)
    weights = np.array([7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2])
    check = np.frombuffer(b"10X98765432", dtype=np.uint8)[(body * weights).sum(axis=1) % 11]
    return ascii_text(np.concatenate([body + np.uint8(48), check[:, None]], axis=1))


def phones(keys: IntArray) -> pa.Array:
    """Mobile numbers of 11 digits; keys from LANDLINE on are landlines with the city's code."""
    line = keys >= LANDLINE
    spot = scatter(np.where(line, 0, keys), len(MOBILE) * 100_000_000, 2)
    prefix = np.array([int(p) for p in MOBILE])[spot // 100_000_000]
    text = ascii_text(digits(prefix * 100_000_000 + spot % 100_000_000, 11) + np.uint8(48))
    if not line.any():
        return text
    local = scatter((keys[line] - LANDLINE) // CITY_RADIX, 80_000_000, 3) + 20_000_000
    codes = [CITIES[c][2] for c in ((keys[line] - LANDLINE) % CITY_RADIX).tolist()]
    lines = [f"{code}-{number}" for code, number in zip(codes, local.tolist(), strict=True)]
    return pa.compute.replace_with_mask(text, pa.array(line), pa.array(lines, type=pa.string()))


def bank_cards(keys: IntArray) -> pa.Array:
    """19 digits, the last by Luhn."""
    spot = scatter(keys, 1_000_000_000, 4)
    prefix = np.array([int(b) for b in BINS])[(hashed(keys, 5) % np.uint64(len(BINS))).astype(np.int64)]
    body = digits(
        prefix * 1_000_000_000_000 + spot * 1_000 + (hashed(keys, 6) % np.uint64(1_000)).astype(np.int64), 18
    )
    doubled = body[:, ::-1].astype(np.int64)
    doubled[:, ::2] *= 2
    doubled -= 9 * (doubled > 9)
    check = (-doubled.sum(axis=1) % 10).astype(np.uint8)
    return ascii_text(np.concatenate([body, check[:, None]], axis=1) + np.uint8(48))


def device_ids(keys: IntArray) -> pa.Array:
    return hexadecimal(hashed(keys, 7))


def emails(keys: IntArray) -> pa.Array:
    spot = scatter(keys, 8_900_000_000, 8) + 100_000_000
    host = from_list(["@qq.com", "@163.com", "@qq.com", "@126.com"], spot % 4)
    return pa.compute.binary_join_element_wise(pa.array(spot).cast(pa.string()), host, "")


def ips(keys: IntArray) -> pa.Array:
    spot = scatter(keys, 40 << 24, 9)
    octets = np.array([*range(36, 46), *range(101, 126), *range(218, 223)])[spot >> 24]
    parts = [octets, (spot >> 16) & 255, (spot >> 8) & 255, spot & 255]
    return pa.compute.binary_join_element_wise(*(pa.array(p).cast(pa.string()) for p in parts), ".")


def wifis(keys: IntArray) -> pa.Array:
    """Hardware addresses of routers."""
    spot = scatter(keys, len(OUI) << 24, 10)
    value = np.array([int(o, 16) for o in OUI])[spot >> 24] << 24 | (spot & 0xFFFFFF)
    shifts = np.arange(44, -1, -4)
    nibbles = np.frombuffer(b"0123456789abcdef", dtype=np.uint8)[(value[:, None] >> shifts) & 15]
    rows = np.full((len(keys), 17), ord(":"), dtype=np.uint8)
    rows[:, [0, 1, 3, 4, 6, 7, 9, 10, 12, 13, 15, 16]] = nibbles
    return ascii_text(rows)


def addresses(keys: IntArray) -> pa.Array:
    city, spot = keys % CITY_RADIX, scatter(keys // CITY_RADIX, len(ROADS) << 28, 11)
    number, block, room = spot >> 4 & 0xFFF, spot >> 16 & 0xFF, spot >> 24
    return pa.compute.binary_join_element_wise(
        from_list([c[0] for c in CITIES], city), from_list(ROADS, spot % len(ROADS)), _text(number + 1), "号",
        _text(block + 1), "栋", _text(room + 101), "室", "",
    )  # fmt: skip


def employers(keys: IntArray) -> pa.Array:
    city, spot = keys % CITY_RADIX, scatter(keys // CITY_RADIX, 1 << 28, 12)
    names = [from_list(SYLLABLES, spot >> shift & 15) for shift in (0, 4, 8)]
    number = _text(spot >> 12)
    trade = from_list(TRADES, (hashed(spot, 13) % np.uint64(len(TRADES))).astype(np.int64))
    return pa.compute.binary_join_element_wise(
        from_list([c[0] for c in CITIES], city), *names, trade, "有限公司", number, "厂", ""
    )


def _text(values: IntArray) -> pa.Array:
    return pa.array(values).cast(pa.string())


RENDER: dict[str, Callable[[IntArray], pa.Array]] = {
    "phone": phones,
    "device_id": device_ids,
    "bank_card": bank_cards,
    "email": emails,
    "ip": ips,
    "wifi": wifis,
    "address": addresses,
    "employer": employers,
}
"""Identifier kind -> its writer: keys of shape (n,) to n strings."""
