"""Sentences (English, Chinese) for why a ring became flagged, stays flagged or lost its flag, from the codes
of `graph.rings.weekly.flagging`.
"""

from __future__ import annotations

from collections.abc import Sequence

from graph.model.types import RingKind
from investigations.review.report_words import KINDS, Words, reason, shared

FLAGS: dict[str, Words] = {
    "newly_flagged": ("newly flagged", "新标记"),
    "flagged": ("still flagged", "仍被标记"),
    "no_longer_flagged": ("no longer flagged", "不再标记"),
}
_NAMED = 6  # people named; the others are counted


def why(words: Sequence[str]) -> Words:
    """All codes of a change as one sentence in each language; empty for none. With which ring it belongs is
    said once, with all that ties both.
    """
    said: dict[str, list[str]] = {}
    for word in words:
        what, _, about = word.partition("=")
        said.setdefault(about if what in _BELONGS else word, []).append(what)
    summary = [
        _belongs(about, ties) if ties[0] in _BELONGS else _one(*about.partition("=")[::2])
        for about, ties in said.items()
    ]
    return "; ".join(english for english, _ in summary), "；".join(chinese for _, chinese in summary)


def _belongs(with_rings: str, ties: Sequence[str]) -> Words:
    english, chinese = (
        " and ".join(_BELONGS[what][0] for what in ties),
        "，且".join(_BELONGS[what][1] for what in ties),
    )
    return (
        f"belongs with {with_rings.replace(',', ', ')}: {english}",
        f"与{with_rings.replace(',', '、')}同属一伙：{chinese}",
    )


def _one(what: str, about: str) -> Words:
    if what in _ABOUT_A_KIND:
        english, chinese = KINDS[RingKind(about)]
        return _ABOUT_A_KIND[what][0].format(english), _ABOUT_A_KIND[what][1].format(chinese)
    if what in ("ties_gone", "become_a_place"):
        names = [shared(name) for name in about.split(",")]
        return _filled(
            what, ", ".join(name[0] for name in names), "、".join(name[1] or name[0] for name in names)
        )
    if what == "reasons_gone":
        codes = [reason(code) for code in about.split(",")]
        return _filled(
            what, ", ".join(code[0] for code in codes), "、".join(code[1] or code[0] for code in codes)
        )
    if what in ("held", "score"):
        before, now = (f"{float(share):.0%}" for share in about.split(">"))
        if before == now:
            return _filled(f"{what}_unchanged", now, now)
        return _filled(what, f"{before} to {now}", f"{before}变为{now}")
    if what == "among":
        ring, _, kind = about.partition(":")
        english, chinese = KINDS[RingKind(kind)]
        return _filled(what, f"{ring} ({english})", f"{ring}（{chinese}）")
    if what == "cleared":
        people = about.split(",")
        more = f" and {len(people) - _NAMED} more" if len(people) > _NAMED else ""
        return _filled(what, f"{len(people)} ({', '.join(people[:_NAMED])}{more})", f"{len(people)}人")
    return _filled(what, about.replace(",", ", "), about.replace(",", "、"))


def _filled(what: str, english: str, chinese: str) -> Words:
    frame = _WORDS.get(what, (what.replace("_", " ") + " {}", what + " {}"))
    return frame[0].format(english).strip(), frame[1].format(chinese).strip()


_BELONGS: dict[str, Words] = {
    "tied_to": (
        "several of its people are tied to people there who came at about the same time",
        "多名成员与其中同期出现的人有关联",
    ),
    "same_agent_as": ("most of both came through one agent", "多数经同一中介"),
}
_ABOUT_A_KIND: dict[str, Words] = {
    "was": ("was taken for: {}", "此前判断为{}"),
    "taken_for": ("taken for now: {}", "现判断为{}"),
}
_WORDS: dict[str, Words] = {
    "held": (
        "the expected bad share went from {}, but nothing has come to speak against it",
        "预计不良占比由{}，但没有相反证据，标记保留",
    ),
    "held_unchanged": (
        "the expected bad share is {} as before, and nothing has come to speak against it",
        "预计不良占比仍为{}，没有相反证据，标记保留",
    ),
    "part_of": ("part of what was {}", "原属{}"),
    "cleared": ("people cleared: {}", "已澄清{}"),
    "paid_as_agreed": (
        "loans had time to go bad and did not: {} members, nobody late",
        "贷款按期履约：{}名成员，无人逾期",
    ),
    "ties_gone": ("ties gone: {}", "关联消失：{}"),
    "become_a_place": (
        "what tied them is now in so many hands that it ties nobody: {}",
        "共用要素已成公共要素：{}",
    ),
    "too_few_left": ("fewer than three are still tied", "仍有关联者不足三人"),
    "in_flagged": ("its people are in flagged {}", "成员现属被标记的{}"),
    "reasons_gone": ("no longer so: {}", "不再成立：{}"),
    "score": ("expected bad share {}", "预计不良占比由{}"),
    "score_unchanged": ("expected bad share {} as before", "预计不良占比仍为{}"),
    "among": ("its people are in {} now", "成员现属{}"),
}
