"""Placeholder values that people and forms write where they have none: they are counted and never link
anybody.
"""

from __future__ import annotations

import hashlib
import re
from functools import lru_cache

from graph.model.types import IdentifierKind
from ingestion.nulls import NULLS


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# What is no way to write null and stands for none all the same: nobody's device is `test`, though a
# merchant's id may be.
_NOTHING = NULLS | _words(
    "default test tbd tba xxx xxxx no 0 0.0 -1 error unk other others 00000000-0000-0000-0000-000000000000 "
    "masked redacted hidden 其他 其它 保密 测试 脱敏 已脱敏 隐藏 未采集 未获取 获取失败 未授权 拒绝 "
    "拒绝提供 不便透露 待定 待补充 无可奉告"
)
# `unknown device`, `NO-PHONE`, `null null`, 未知设备, 地址不详: that there is none, said of a thing by its
# name.
_THINGS = (
    r"(?:devices?|imei|id|ids|phones?|numbers?|e?-?mails?|wi-?fi|ssid|networks?|addres{1,2}|employers?"
    r"|company|information|info|data|values?)"
)
_NONE = r"(?:unknown|no|not|none|null|nil|nan|undefined|missing|empty)"
_NEGATIONS = re.compile(
    rf"{_NONE}(?:[\s_-]*(?:known|given|available|provided|recorded|collected|set|specified))?(?:[\s_.-]*{_THINGS})+|(?:{_THINGS}[\s_.:-]*)+{_NONE}"
    r"|(unknown|none|null|nil|undefined)(?:[\s_.,;/-]*\1)+|(nan|n/?a)(?:[,;]\s*\2)+|not?[\s_-]*(?:recorded|collected|specified)"
    r"|(?:未知|不详|不明|无此?|没有|暂无|暂缺|未填写?|未提供|未登记|未采集|未获取|其他|其它)(?:工作)?(?:设备|手机|电话|号码|邮箱|网络|地址|住址|单位|公司|雇主|信息|数据)号?"
    r"|(?:设备|手机|电话|号码|邮箱|网络|地址|住址|单位|公司|信息)号?(?:未知|不详|不明|无|没有|暂无|暂缺|未填写?|未提供|未登记|为空)"
)
_QUOTES = "()[]{}<>\"'`【】《》"
_SAME = re.compile(r"(.)\1{3,}")  # one character over and over
_MOBILE = re.compile(r"\+86(1[3-9])((\d)\3{8}|0{8}\d?|\d0{8})")  # 13800000000, 13888888888, 13900000000
# 10086, 110, 12306, 95588, 021-95588: everybody's hotlines
_SERVICE = re.compile(
    r"(?:\+?86)?(?:(?:10|2\d|[3-9]\d\d)(?=(?:1\d|9[56])\d{3}$))?(?:100\d\d|1[12]\d|12\d{3}|9[56]\d{3,4})"
)
_K = IdentifierKind
_KNOWN: dict[IdentifierKind, frozenset[str]] = {
    _K.PHONE: _words(
        "+8613800138000 +8612345678901 +8613812345678 +8613912345678 +8615012345678 +8618812345678 "
        "+8613123456789"
    ),
    _K.NATIONAL_ID: _words("123456789012345678 11010119900307001X 110101199001011237"),
    _K.DEVICE: _words(
        "9774d56d682e549c 012345678912345 004999010640000 358000000000000 123456789012345 0123456789abcdef "
        "020000000000 02:00:00:00:00:00 android_id deviceid device_id device generic emulator imei android "
        "iphone ios web h5 pc wap app mobile browser"
    ),
    _K.BANK_CARD: _words("6222020000000000000 1234567890123456 6228480000000000000 4111111111111111"),
    _K.EMAIL: _words("123@qq.com 123456@qq.com a@a.com a@b.com test@test.com none@none.com no@no.com"),
    _K.IP: _words("0.0.0.0 255.255.255.255 127.0.0.1 :: ::1"),
    _K.WIFI: _words("02:00:00:00:00:00 00:11:22:33:44:55 unknownssid <unknownssid> androidap iphone")
    | {"<unknown ssid>", "unknown ssid"},
    _K.ADDRESS: _words("中国 同上 身份证地址 如身份证 同身份证地址 同户籍 同户籍地址 户籍地址 sameasabove"),
    _K.EMPLOYER: _words(
        "无业 待业 失业 自由职业 自由 自由职业者 个体 个体户 个体经营 个体工商户 自营 自雇 私营 私企 务农 "
        "农民 学生 退休 家庭主妇 打工 上班 公司 单位 无单位 无工作 self-employed selfemployed unemployed "
        "freelance freelancer student retired company housewife 无业人员 无固定职业 待业中 灵活就业 "
        "在校学生 退休人员 农民工"
    ),
}
_EMAIL_NAMES = _NOTHING | {"noreply", "no-reply", "nobody", "noemail", "email", "example"}


def is_placeholder(kind: IdentifierKind, value: str) -> bool:
    """Whether a value, in its kind's canonical form, stands for *none*."""
    folded = value.casefold()
    if folded in _NOTHING or value in _KNOWN[kind] or folded in _KNOWN[kind]:
        return True
    if (words := folded.strip(_QUOTES)) in _NOTHING or _NEGATIONS.fullmatch(words):
        return True
    if kind is _K.PHONE and (_MOBILE.fullmatch(value) or _SERVICE.fullmatch(value)):
        return True
    if kind is _K.EMAIL and value.partition("@")[0] in _EMAIL_NAMES:
        return True
    bare = folded.removeprefix("+86").replace("-", "").replace(":", "") if kind is not _K.IP else folded
    return _SAME.fullmatch(bare) is not None or not bare


@lru_cache(maxsize=64)
def hashes_of_placeholders(kind: IdentifierKind, scheme: str) -> frozenset[str]:
    """Hexadecimal digests of the known placeholders under a plain hash (`md5`, `sha1`, `sha256`, `sm3`);
    nothing for another scheme.
    """
    if scheme not in {"md5", "sha1", "sha256", "sm3"}:
        return frozenset()
    zeros = {"0" * n for n in (11, 14, 15, 16, 17, 18, 19, 32)}
    plain = _NOTHING | _KNOWN[kind] | zeros | {v.removeprefix("+86") for v in _KNOWN[kind]}
    plain |= {""}
    if kind is _K.PHONE:
        plain |= {f"1{d}{e}00000000" for d in range(3, 10) for e in range(10)}
    return frozenset(
        hashlib.new(scheme, form.encode()).hexdigest() for value in plain for form in (value, value.upper())
    )
