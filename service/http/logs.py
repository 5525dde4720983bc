"""Log records: raw identifiers are masked, and each record names its request."""

from __future__ import annotations

import logging
import traceback
from typing import Any

from flask import g, has_request_context

from ingestion.identifiers.recognise import without_identifiers

FORM = "%(asctime)s %(levelname)s %(name)s request=%(request_id)s %(message)s"


def install() -> None:
    """Mask what every logger of this process writes, tracebacks too, before any handler sees it. A second
    call changes nothing.
    """
    make = logging.getLogRecordFactory()
    if getattr(make, "masks", False):
        return

    def masking(*given: Any, **more: Any) -> logging.LogRecord:
        record = make(*given, **more)
        record.msg, record.args = without_identifiers(record.getMessage()), None
        if record.exc_info and record.exc_info[1] is not None:
            record.exc_text = without_identifiers(
                "".join(traceback.format_exception(record.exc_info[1])).rstrip()
            )
        record.request_id = g.get("request_id", "-") if has_request_context() else "-"
        return record

    masking.masks = True  # type: ignore[attr-defined]
    logging.setLogRecordFactory(masking)


def to_stderr() -> None:
    """Write this process's lines to stderr, warnings of everybody and what our own loggers tell."""
    logging.basicConfig(format=FORM, level=logging.WARNING)
    logging.getLogger("ringfence").setLevel(logging.INFO)
