"""What is held about one person, as a page that they can read: English and Chinese, no column names."""

from __future__ import annotations

import html
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, tzinfo
from typing import Any

from graph.features.lending.words import describe
from graph.features.signals.catalogue import SIGNALS
from investigations.review.report_words import Words
from service.desk.case_pdf_words import reason_of
from service.governance.person.words import (
    ABOUT,
    NAMES,
    NOT_INCLUDED,
    NOTHING,
    NUMBERS,
    REASONS,
    SECTIONS,
    TITLE,
    VALUES,
)

_STYLE = """body{font:15px/1.5 system-ui,"Noto Sans CJK SC","Microsoft YaHei",sans-serif;max-width:70em;
margin:2em auto;padding:0 1em;color:#222}h2{margin:2.2em 0 .2em;border-bottom:2px solid #345}p{margin:.3em 0}
.zh{color:#456;margin-left:.5em}.one{border:1px solid #bbb;border-radius:6px;padding:.4em .9em;margin:.8em 0;
break-inside:avoid}table{border-collapse:collapse;margin:.4em 0}td,th{border:1px solid #ccc;padding:.2em .6em;
text-align:left;vertical-align:top;font-weight:normal}th{background:#f2f4f7}details{margin:.5em 0}"""
_MOMENTS = frozenset(
    (
        *("answered_at", "applied_at", "as_of", "at", "joined_at", "known_at", "last", "opened_at"),
        *("scored_at", "since"),
    )
)
_SENTENCES = ("reasons", "signals", "multi_lending")  # of an assessment: not rows of its table
_ONE_BY_ONE = ("applications", "assessments", "cases")  # sections whose entries are long


def as_page(held: Mapping[str, Any], zone: tzinfo) -> bytes:
    """The export as one page of HTML that needs nothing else; moments in that time zone."""
    page = _Page(zone)
    who = str(held["applicant_id"])
    at = page.moment(str(held["as_of"]))
    title = tuple(one.format(who=who) for one in TITLE)
    about = tuple(one.format(at=at, zone=zone) for one in ABOUT)
    body = "".join(page.section(name, held[name]) for name in SECTIONS)
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{_plain(" · ".join(title))}</title>'
        f"<style>{_STYLE}</style><h1>{_both(title)}</h1><p>{_plain(about[0])}<p lang=zh>{_plain(about[1])}"
        f"{body}</html>\n"
    ).encode()


class _Page:
    """The parts of a page, with moments as the person's clock shows them."""

    def __init__(self, zone: tzinfo) -> None:
        self._zone = zone

    def moment(self, text: str) -> str:
        """A moment to the minute."""
        return datetime.fromisoformat(text).astimezone(self._zone).strftime("%Y-%m-%d %H:%M")

    def section(self, name: str, value: Any) -> str:
        """One section with its heading and what it is."""
        heading, about = SECTIONS[name]
        said = f"<p>{_both(about)}" if about[0] else ""
        if name in _ONE_BY_ONE:
            shown = "".join(f'<div class="one">{self._one(row)}</div>' for row in value)
        elif name == "not_included":
            shown = _listed(NOT_INCLUDED)
        else:
            shown = self._shown(name, value)
        return f"<h2>{_both(heading)}</h2>{said}{shown or f'<p>{_both(NOTHING)}'}"

    def _one(self, row: Mapping[str, Any]) -> str:
        """One entry as pairs, and the reasons and figures of an assessment as sentences."""
        pairs = {name: value for name, value in row.items() if name not in _SENTENCES}
        reasons = [(r["text_en"], r["text_zh"]) for r in row.get("reasons", ())]
        figures = [*_figures(row.get("signals") or {}), *_lending(row.get("multi_lending") or {})]
        said = f"<p>{_both(REASONS)}{_listed(reasons)}" if reasons else ""
        more = f"<details><summary>{_both(NUMBERS)}</summary>{_listed(figures)}</details>" if figures else ""
        return self._pairs(pairs) + said + more

    def _shown(self, name: str, value: Any) -> str:
        """A value: rows as a table, a mapping as pairs, words in both languages; nothing as nothing."""
        if _is_nothing(value):
            return ""
        if isinstance(value, Mapping):
            return self._pairs(value)
        if isinstance(value, list) and isinstance(value[0], Mapping):
            return self._table(value)
        if isinstance(value, list):
            return f"<ul>{''.join(f'<li>{self._shown(name, one)}' for one in value)}</ul>"
        if name in _MOMENTS:
            return self.moment(str(value))
        return _word(name, value)

    def _pairs(self, pairs: Mapping[str, Any]) -> str:
        shown = {name: self._shown(name, value) for name, value in pairs.items()}
        rows = (f"<tr><th>{_heading(name)}<td>{value}" for name, value in shown.items() if value)
        return f"<table>{''.join(rows)}</table>"

    def _table(self, rows: Sequence[Mapping[str, Any]]) -> str:
        """Rows as a table without the columns in which nothing stands."""
        names = [
            n
            for n in dict.fromkeys(n for row in rows for n in row)
            if any(not _is_nothing(r.get(n)) for r in rows)
        ]
        head = "".join(f"<th>{_heading(name)}" for name in names)
        body = "".join(f"<tr>{''.join(f'<td>{self._shown(n, row.get(n))}' for n in names)}" for row in rows)
        return f"<table><tr>{head}{body}</table>"


def _figures(signals: Mapping[str, float | None]) -> Iterable[Words]:
    """What each signal says in words; of those that are known."""
    for name, value in signals.items():
        if value is not None:
            yield SIGNALS[name].texts(value) if name in SIGNALS else (f"{name}: {value}", f"{name}：{value}")


def _lending(variables: Mapping[str, float | None]) -> Iterable[Words]:
    for name, value in variables.items():
        if value is not None:
            yield describe(name).texts(value)


def _listed(sentences: Iterable[Words]) -> str:
    return f"<ul>{''.join(f'<li>{_both(one)}' for one in sentences)}</ul>"


def _heading(name: str) -> str:
    return _both(NAMES[name]) if name in NAMES else _plain(name.replace("_", " "))


def _word(name: str, value: object) -> str:
    """A value that is no list and no moment: a word in both languages, a figure as people write it."""
    if name == "reason_codes":
        return _both([reason_of(str(value), language) for language in (0, 1)])
    if str(value) in VALUES:
        return _both(VALUES[str(value)])
    if isinstance(value, float):
        return (
            f"{value:,.0f}" if value.is_integer() else f"{value:,.4g}" if abs(value) < 1 else f"{value:,.2f}"
        )
    return _plain(str(value))


def _both(words: Sequence[str]) -> str:
    return f'{_plain(words[0])}<span class="zh" lang="zh">{_plain(words[1])}</span>'


def _plain(text: str) -> str:
    return html.escape(text)


def _is_nothing(value: Any) -> bool:
    return value is None or value in ([], {})
