"""Makes identifiers that pass the checks at the door; no value comes twice, none says when it was made."""

from __future__ import annotations

from stdnum import luhn
from stdnum.cn import ric

from tests.worlds.quarter_dice import Dice

_RANGES = (
    *range(150, 154),
    *range(155, 160),
    *range(135, 140),
    *range(176, 179),
    *range(185, 190),
    133,
    147,
    166,
    173,
)
_MOBILE = tuple(str(head) for head in (*_RANGES, 180, 182, 183, 191, 195, 198, 199))
_VIRTUAL = ("165", "167", "170", "171", "162")
_BANKS = (("622202", 19), ("621700", 19), ("622848", 19), ("621661", 19), ("622588", 16), ("621799", 19),
          ("622155", 16), ("621483", 16), ("622700", 19))  # fmt: skip
_ANDROIDS = (
    "M2102J2SC",
    "PGKM10",
    "V2055A",
    "RMX3366",
    "LIO-AN00",
    "TAS-AL00",
    "22041211AC",
    "PEHM00",
    "V1990A",
)
_MAIL = ("qq.com", "163.com", "126.com", "sina.com", "139.com", "foxmail.com")
_HEX = "0123456789abcdef"


class Mint:
    """New identifiers; `devices` tells what each device is (os, model, emulator, rooted)."""

    def __init__(self, dice: Dice) -> None:
        self._dice = dice
        self._made: set[str] = set()
        self.devices: dict[str, tuple[str, str, bool, bool]] = {}

    def _new(self, value: str) -> bool:
        fresh = value not in self._made
        self._made.add(value)
        return fresh

    def digits(self, count: int) -> str:
        """That many digits, not unique."""
        return str(int(self._dice.u() * 10**count)).zfill(count)

    def _hex(self, count: int) -> str:
        return "".join(self._dice.pick(_HEX) for _ in range(count))

    def code(self, prefix: str, count: int = 8) -> str:
        """An id of records: the prefix and digits in no order."""
        while True:
            value = prefix + self.digits(count)
            if self._new(value):
                return value

    def phone(self, *, virtual: float = 0.04) -> str:
        """A mobile number; `virtual` is the chance that it is a virtual operator's."""
        while True:
            head = self._dice.pick(_VIRTUAL if self._dice.chance(virtual) else _MOBILE)
            value = head + self.digits(8)
            if self._new(value) and value[3:] != "00000000":
                return value

    def landline(self, area: str) -> str:
        """A firm's number in its town."""
        while True:
            value = f"{area}-{self._dice.whole(2, 8)}{self.digits(7 if len(area) == 3 else 6)}"
            if self._new(value):
                return value

    def device(self, *, emulator: float = 0.002, rooted: float = 0.012) -> str:
        """A phone's fingerprint: an Android id, an IMEI or an iPhone's UUID."""
        while True:
            mark = self._dice.u()
            if mark < 0.28:
                long = self._hex(32).upper()
                value = f"{long[:8]}-{long[8:12]}-{long[12:16]}-{long[16:20]}-{long[20:]}"
                what = (
                    f"iOS {self._dice.whole(14, 18)}",
                    f"iPhone{self._dice.whole(10, 17)},{self._dice.whole(1, 5)}",
                )
            elif mark < 0.4:
                head = "86" + self.digits(12)
                value = head + luhn.calc_check_digit(head)
                what = (f"Android {self._dice.whole(7, 10)}", self._dice.pick(_ANDROIDS))
            else:
                value = self._hex(16)
                what = (f"Android {self._dice.whole(9, 15)}", self._dice.pick(_ANDROIDS))
            if self._new(value):
                self.devices[value] = (*what, self._dice.chance(emulator), self._dice.chance(rooted))
                return value

    def card(self) -> str:
        """A bank card whose last digit fits."""
        while True:
            head, length = self._dice.pick(_BANKS)
            body = head + self.digits(length - len(head) - 1)
            value = body + luhn.calc_check_digit(body)
            if self._new(value):
                return value

    def national_id(self, county: str, born: int) -> str:
        """The number of an identity card of somebody from that county, born in that year."""
        while True:
            body = f"{county}{born}{self._dice.whole(1, 12):02d}{self._dice.whole(1, 28):02d}{self.digits(3)}"
            value = body + ric.calc_check_digit(body + "0")
            if self._new(value):
                return value

    def bssid(self) -> str:
        """A router's address."""
        while True:
            raw = self._dice.pick(("94d9b3", "f4832c", "8cabe8", "50fa84", "c0a5dd")) + self._hex(6)
            value = ":".join(raw[place : place + 2] for place in range(0, 12, 2))
            if self._new(value):
                return value

    def email(self, phone: str) -> str:
        """A mail box, often named by the phone number."""
        while True:
            name = phone if self._dice.chance(0.2) else self._dice.pick("abcdefghlmtwxyz") + self.digits(8)
            value = f"{name}@{self._dice.pick(_MAIL)}"
            if self._new(value):
                return value
