"""Forms of e-mail addresses, postal addresses and employers."""

from __future__ import annotations

import re

from ingestion.identifiers.validity import Formed, Why

_TAG = re.compile(r"\+[^@]*")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")
_MAILTO = re.compile(r"^(?:mailto:)+")
_BRACKETED = re.compile(r"[^<>]*<([^<>\s]+)>")


def email(text: str) -> Formed:
    """Lower case, without the tag after `+`; Gmail reads no dots in a name. `Li Na <lina@qq.com>` is the
    address in it.
    """
    if match := _BRACKETED.fullmatch(text):
        text = match[1]
    value = _MAILTO.sub("", text.lower()).replace("。", ".").rstrip(".,;、")
    if not _EMAIL.fullmatch(value):
        return value, Why.FORM
    name, _, domain = value.partition("@")
    name = _TAG.sub("", name) or name
    if domain in ("gmail.com", "googlemail.com"):
        name, domain = name.replace(".", ""), "gmail.com"
    return f"{name}@{domain}", None


_NUMERALS = frozenset("0123456789〇零一二三四五六七八九十百")
_SEPARATORS = re.compile(r"[\s,.;:。，；、·()\-_#\"'“”‘’《》「」【】\[\]/\\|~‐‑‒–—―ー−]+")
_NOISE = re.compile(r"[\s,.;:。，；、·()\-_#\"'“”‘’《》「」【】\[\]]+")
_BUILDING = re.compile(r"(?<=[\da-z〇零一二三四五六七八九十])(?:号楼(?![上下层梯])|幢)")
_ROOM = re.compile(r"(?<=\d)室+$")


def _bare(text: str) -> str:
    """Without blanks and punctuation, but for one `-` where any separator keeps two numbers apart: 1-23 and
    12-3 are two houses.
    """

    def kept(found: re.Match[str]) -> str:
        before, after = text[found.start() - 1 : found.start()], text[found.end() : found.end() + 1]
        return "-" if before in _NUMERALS and after in _NUMERALS else _NOISE.sub("", found[0])

    return _SEPARATORS.sub(kept, text).casefold()


# No more than a province, a city and a district: the home of millions. 幸福小区 and 西湖景区 are places of
# their own.
_DISTRICT = re.compile(
    r"(?=.*[省市])(?:中国)?(?:[\u4e00-\u9fff]{2,8}(?:省|自治区))?(?:[\u4e00-\u9fff]{2,8}(?:市|自治州|地区|盟))*"
    r"(?:[\u4e00-\u9fff]{1,7}(?<![小社园校厂院家山矿景库])(?:区|县|旗|市))?"
)


def address(text: str) -> Formed:
    """Without blanks and punctuation, but for one `-` where they keep two numbers apart; 3号楼, 3幢 and 3栋
    are one building.
    """
    value = _ROOM.sub("", _BUILDING.sub("栋", _bare(text)))
    if _DISTRICT.fullmatch(value):
        return value, Why.LOCAL
    return value, None if len(value) >= 5 else Why.FORM


def employer(text: str) -> Formed:
    """As an address; the two words for a limited company are one."""
    value = _bare(text).replace("有限责任公司", "有限公司")
    return value, None if len(value) >= 2 else Why.FORM
