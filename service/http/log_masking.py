"""No line of a log holds a raw identifier, whoever wrote it: each is masked where the line is made, before any handler sees it."""

from __future__ import annotations

import logging
import traceback
from typing import Any

from ingestion.recognise import without_identifiers


def install() -> None:
    """Mask what every logger of this process writes, tracebacks too. A second call changes nothing."""
    make = logging.getLogRecordFactory()
    if getattr(make, "masks", False):
        return

    def masking(*given: Any, **more: Any) -> logging.LogRecord:
        record = make(*given, **more)
        record.msg, record.args = without_identifiers(record.getMessage()), None
        if record.exc_info and record.exc_info[1] is not None:
            record.exc_text = without_identifiers("".join(traceback.format_exception(record.exc_info[1])).rstrip())
        return record

    masking.masks = True  # type: ignore[attr-defined]
    logging.setLogRecordFactory(masking)
