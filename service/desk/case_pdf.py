"""A case as one A4 page: drawing, members, evidence, verdicts, sources and moments, with the digest of its
content.

By ReportLab: it draws on the page in points, makes equal bytes of equal content, and its Chinese font needs
no file.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from textwrap import wrap

import networkx as nx
import orjson
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen.canvas import Canvas

from investigations.cases import Case
from service.desk.case_pdf_words import VALUES, WORDS, kind_of, reason_of
from service.desk.drawings import Drawing, DrawnNode
from service.desk.ring_histories import RingHistory

# Helvetica is in every viewer; the Chinese font is the viewer's own, as nothing is embedded
LATIN, CHINESE = "Helvetica", "STSong-Light"
LEFT, RIGHT, TOP, BOTTOM = 40.0, 555.0, 800.0, 46.0  # points
PICTURE = 230.0  # height of the drawing
MOST_LINES = 16  # of members, and of steps
LATIN_LINE, CHINESE_LINE = 115, 62  # characters of one line
_INK, _SOFT, _BAD, _FLAGGED = (colors.HexColor(one) for one in ("#1d2430", "#566170", "#c0322b", "#e07b1f"))


@dataclass(frozen=True, kw_only=True)
class CasePaper:
    """What the page is made of: the case, its people and its drawing as of the case's moment, who asks for it
    and when, the language (0 English, 1 Chinese), and the zone in which times are told.
    """

    case: Case
    past: RingHistory
    drawing: Drawing
    by: str
    at: datetime
    language: int
    zone: tzinfo

    def digest(self) -> str:
        """SHA-256 of all that the page is made of, whoever asks for it and in whatever language."""
        content = {"case": self.case, "past": self.past, "drawing": self.drawing}
        looked = [one for one in self.case.events if one.kind != "looked_at"]
        content["case"] = {
            "id": self.case.case_id,
            "about": self.case.about,
            "steps": looked,
            "verdicts": self.case.verdicts,
        }
        return hashlib.sha256(
            orjson.dumps(content, option=orjson.OPT_SORT_KEYS | orjson.OPT_UTC_Z)
        ).hexdigest()

    def say(self, word: str) -> str:
        """A word of ours in the page's language."""
        return WORDS[word][self.language]

    def time(self, moment: datetime) -> str:
        """A moment on the borrowers' clocks."""
        return moment.astimezone(self.zone).strftime("%Y-%m-%d %H:%M")


def case_pdf(page: CasePaper) -> bytes:
    """The page as a PDF; the same page makes the same bytes."""
    pdfmetrics.registerFont(UnicodeCIDFont(CHINESE))
    made = io.BytesIO()
    canvas = Canvas(made, pagesize=A4, invariant=1)
    canvas.setTitle(page.case.case_id)
    y = _head(canvas, page)
    _drawing(canvas, page.drawing, y - PICTURE)
    y = _lines(canvas, y - PICTURE - 14, page.say("members"), _members(page))
    y = _lines(canvas, y, page.say("evidence"), _evidence(page))
    _lines(canvas, y, page.say("verdicts"), _steps(page))
    _foot(canvas, page)
    canvas.showPage()
    canvas.save()
    return made.getvalue()


def _head(canvas: Canvas, page: CasePaper) -> float:
    case, about = page.case, page.case.about
    _text(canvas, LEFT, TOP, about.ring_id or about.applicant_id or "", 18)
    _text(
        canvas,
        LEFT,
        TOP - 18,
        f"{page.say('title')} {case.case_id} · {kind_of(about.kind, page.language)}",
        10,
    )
    likely = page.say("unscored") if about.probability is None else f"{about.probability:.1%}"
    loss = "–" if about.probability is None else f"{about.expected_loss:,.0f}"
    figures = " · ".join(
        (
            f"{page.say('exposure')} {about.exposure:,.0f}",
            f"{page.say(about.probability_of)} {likely}",
            f"{page.say('expected_loss')} {loss}",
            f"{page.say('opened')} {page.time(case.opened_at)}",
        )
    )
    _text(canvas, LEFT, TOP - 34, figures, 9)
    drawn = (
        f"{page.say('drawn')} {page.time(page.drawing.as_of)} · {page.say('snapshot')} "
        f"{about.snapshot or '–'}"
    )
    _text(canvas, LEFT, TOP - 48, drawn, 9, _SOFT)
    return TOP - 56


def _drawing(canvas: Canvas, drawing: Drawing, bottom: float) -> None:
    """People round, things square, known frauds red; the same every time."""
    graph: nx.Graph[str] = nx.Graph()
    graph.add_nodes_from(node.id for node in drawing.nodes)
    graph.add_edges_from((edge.a, edge.b) for edge in drawing.edges)
    placed = nx.spring_layout(graph, seed=7, iterations=80)
    wide, high = (RIGHT - LEFT) / 2 - 40, PICTURE / 2 - 20
    at = {
        node: ((LEFT + RIGHT) / 2 + float(x) * wide, bottom + PICTURE / 2 + float(y) * high)
        for node, (x, y) in placed.items()
    }
    canvas.setStrokeColor(colors.HexColor("#bcc3cd"))
    for a, b in graph.edges:
        canvas.line(*at[a], *at[b])
    for node in drawing.nodes:
        x, y = at[node.id]
        canvas.setFillColor(_colour(node))
        canvas.setStrokeColor(_FLAGGED if node.ring_flagged else colors.white)
        if node.type == "applicant":
            canvas.circle(x, y, 6, fill=1)
        else:
            canvas.rect(x - 5, y - 5, 10, 10, fill=1)
        _text(canvas, x - 12, y - 14, node.label[:24], 6)


def _colour(node: DrawnNode) -> colors.Color:
    if node.bad:
        return _BAD
    if node.hub:
        return colors.HexColor("#b9b5aa")
    return colors.HexColor("#8593a6" if node.type == "applicant" else "#3f6fb0")


def _members(page: CasePaper) -> list[str]:
    lines = []
    for one in page.past.members[:MOST_LINES]:
        joined = f" · {page.say('joined')} {page.time(one.joined_at)}" if one.joined_at else ""
        did = f"{len(one.applications)} / {one.loans} / {one.defaulted}"
        bad = f" · {page.say('bad')}" if one.bad else ""
        lines.append(f"{one.applicant_id}{joined} · {page.say('did')} {did}{bad}")
    return lines + _more(page, page.past.size - len(lines))


def _evidence(page: CasePaper) -> list[str]:
    about = page.case.about
    codes = "; ".join(f"{reason_of(code, page.language)} ({code})" for code in about.reason_codes) or "–"
    source = f"{page.say('source')} {about.reason}, {about.assessment_id or about.snapshot or '–'}"
    return [codes, source]


def _steps(page: CasePaper) -> list[str]:
    lines = []
    for verdict in page.case.verdicts:
        lines.append(
            f"{page.time(verdict.at)} · {verdict.by} · {VALUES[verdict.value][page.language]} · "
            f"{verdict.note or ''}"
        )
        people = ", ".join(f"{who}: {VALUES[value][page.language]}" for who, value in verdict.people.items())
        lines.append(people)
    return (lines[:MOST_LINES] + _more(page, len(lines) - MOST_LINES)) or [page.say("none")]


def _more(page: CasePaper, left: int) -> list[str]:
    return [page.say("more").format(n=left)] if left > 0 else []


def _lines(canvas: Canvas, y: float, title: str, lines: Sequence[str]) -> float:
    """A titled list; where it ends. What would run into the foot is left away."""
    _text(canvas, LEFT, y, title, 10, _FLAGGED)
    whole = [part for line in lines for part in wrap(line, LATIN_LINE if _is_latin(line) else CHINESE_LINE)]
    for line in whole:
        y -= 12
        if y < BOTTOM + 24:
            break
        _text(canvas, LEFT, y, line, 8)
    return y - 20


def _foot(canvas: Canvas, page: CasePaper) -> None:
    _text(canvas, LEFT, BOTTOM, f"{page.say('made')} {page.by} · {page.time(page.at)} · Ringfence", 8, _SOFT)
    _text(canvas, LEFT, BOTTOM - 12, f"{page.say('digest')} {page.digest()}", 7, _SOFT)


def _text(canvas: Canvas, x: float, y: float, text: str, size: float, colour: colors.Color = _INK) -> None:
    canvas.setFillColor(colour)
    canvas.setFont(LATIN if _is_latin(text) else CHINESE, size)
    canvas.drawString(x, y, text)


def _is_latin(text: str) -> bool:
    try:
        text.encode("cp1252")
    except UnicodeEncodeError:
        return False
    return True
