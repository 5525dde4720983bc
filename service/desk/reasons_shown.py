"""A recorded answer as the desk shows it: as it was given, with the figures of its reasons in words."""

from __future__ import annotations

from typing import Any

import orjson

from investigations.reason_figures import figures


def with_figures(answer: bytes) -> bytes:
    """The answer, each of its reasons with `figures_en` and `figures_zh` beside what was recorded."""
    given: dict[str, Any] = orjson.loads(answer)
    for reason in given.get("reasons", ()):
        reason["figures_en"], reason["figures_zh"] = figures(reason)
    return orjson.dumps(given)
