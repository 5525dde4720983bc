"""What columns of loans, people and events are usually called, in English, in Chinese, and by the first
letters of pinyin.
"""

from __future__ import annotations

import re
from importlib import resources

import yaml

_SIGNS = re.compile(r"[\s_\-./:：#%％]+")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_BRACKETS = re.compile(r"[(（\[【]([^)）\]】]*)[)）\]】]\s*$")
_HASH = re.compile(r"(?:md5|sha1|sha256|sm3|hash|hashed|fen|cents)$")
_AROUND = re.compile(r"^(?:f|t|c|loan|apply|app|cust|customer|user|applicant|borrower|tx)(?=\w{3})")
UNITS = {"万元": "10000", "万": "10000", "千元": "1000", "百元": "100", "角": "0.1"}
UNITS |= dict.fromkeys(("分", "fen", "cents", "%"), "0.01")


def folded(name: str) -> str:
    """A name without what people write differently: capitals, signs, a unit in brackets."""
    return _SIGNS.sub("", _CAMEL.sub("_", _BRACKETS.sub("", name.strip())).lower())


_BY_NAME: dict[str, list[str]] = {}
for _concept, _names in yaml.safe_load(
    resources.files("ingestion.suggest").joinpath("names.yaml").read_text(encoding="utf-8")
).items():
    for _name in _names.split():
        if _concept not in _BY_NAME.setdefault(folded(_name), []):
            _BY_NAME[folded(_name)].append(_concept)


def meant(name: str) -> tuple[str, ...]:
    """The concepts that a column of that name usually is, likeliest first; several where one abbreviation
    stands for two things.
    """
    plain = folded(name)
    bare = _HASH.sub("", plain)
    for tried in (plain, bare, _AROUND.sub("", bare)):
        if result := _BY_NAME.get(tried):
            return tuple(result)
    return ()


def unit(name: str) -> str | None:
    """What numbers under that header count, as a mapping's `times`; None where the header says nothing of
    it.
    """
    result = _BRACKETS.search(name.strip())
    stated = (
        result[1].strip().removeprefix("单位").lstrip(":：") if result else name.rsplit("_", 1)[-1].lower()
    )
    return UNITS.get(stated) if result or stated in ("fen", "cents") else None
