"""Charts as inline SVG: bars, columns and histograms with their figures written on them, without script or
network.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

WIDTH = 480  # of every chart, in its own units; the page scales it
INK, SOFT, RULE, BLUE, ORANGE, GREY = "#1d2430", "#5d6878", "#e6e3db", "#3f6fb0", "#e07b1f", "#b9c1cc"


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: what it is, how long, what is written at its end, and its colour."""

    label: str
    value: float
    text: str
    colour: str = BLUE


def bars(rows: Sequence[Bar], label_width: int = 130) -> Markup:
    """Horizontal bars, one a row, longest 100 %; nothing for no rows."""
    if not rows:
        return Markup("")
    most = max(max(row.value for row in rows), 1e-12)
    room, height = WIDTH - label_width - 96, 24
    parts = []
    for n, row in enumerate(rows):
        y = n * height
        length = max(room * row.value / most, 1.5 if row.value else 0)
        parts.append(_text(label_width - 10, y + 16, row.label, "end", INK))
        parts.append(_box(label_width, y + 5, length, height - 10, row.colour))
        parts.append(_text(label_width + length + 7, y + 16, row.text, "start", SOFT))
    return _svg(len(rows) * height, parts)


def columns(rows: Sequence[Bar], height: int = 130, every: int = 1) -> Markup:
    """Vertical columns on a base line, the figure over each and the label under every `every`-th; nothing for
    no rows.
    """
    if not rows:
        return Markup("")
    most = max(max(row.value for row in rows), 1e-12)
    step = WIDTH / len(rows)
    base, parts = height + 16, []
    for n, row in enumerate(rows):
        tall, x = height * row.value / most, n * step
        parts.append(_box(x + step * 0.12, base - tall, step * 0.76, tall, row.colour))
        if row.value:
            parts.append(_text(x + step / 2, base - tall - 5, row.text, "middle", SOFT, 11))
        if n % every == 0:
            parts.append(_text(_inside(x + step / 2, row.label), base + 16, row.label, "middle", SOFT, 11))
    parts.append(Markup('<path d="M0 {y}H{x}" stroke="{c}"/>').format(y=base + 0.5, x=WIDTH, c=RULE))
    return _svg(base + 24, parts)


def histogram(
    values: Sequence[float], edges: Sequence[float], labels: Sequence[str], colour: str = BLUE
) -> Markup:
    """How many values fall between neighbouring `edges` (lower included, the last upper too); `labels` one a
    slot.
    """
    counts = [0] * (len(edges) - 1)
    for value in values:
        inside = min(max(value, edges[0]), edges[-1])
        counts[next((i for i in range(len(counts)) if inside < edges[i + 1]), len(counts) - 1)] += 1
    return columns(
        [Bar(label, count, str(count), colour) for label, count in zip(labels, counts, strict=True)]
    )


def _inside(x: float, label: str) -> float:
    """The middle of a label of small figures as near to x as leaves it whole in the picture."""
    half = len(label) * 3.5
    return max(half, min(x, WIDTH - half))


def _box(x: float, y: float, width: float, height: float, colour: str) -> Markup:
    frame = '<rect x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}" rx="2" fill="{}"/>'
    return Markup(frame).format(x, y, max(width, 0), max(height, 0), colour)


def _text(x: float, y: float, text: str, anchor: str, colour: str, size: int = 12) -> Markup:
    frame = '<text x="{:.1f}" y="{:.1f}" text-anchor="{}" fill="{}" font-size="{}">{}</text>'
    return Markup(frame).format(x, y, anchor, colour, size, escape(text))


def _svg(height: float, parts: Sequence[Markup]) -> Markup:
    frame = '<svg viewBox="0 0 {} {:.0f}" role="img" class="chart">{}</svg>'
    return Markup(frame).format(WIDTH, height, Markup("").join(parts))
