"""What people put to a case beside words: due times, links to other cases, and files."""

from __future__ import annotations

import base64
import binascii
from datetime import UTC
from urllib.parse import quote

from flask import Blueprint, Response, g

from graph.model.errors import RecordError, UnknownCaseError
from ingestion.identifiers.recognise import scrubbed
from ingestion.parse import BadRow
from service.assessment import bodies
from service.http.calls import app_context, json_body, json_object
from service.http.routes.case_details import detail
from service.http.schemas.case_bodies import CaseAttachment, CaseDue, CaseLink, read_body

bp = Blueprint("case_papers", __name__)

MOST_BYTES = 2 * 2**20  # of one attachment
# how a file of each type begins; a text has no beginning of its own
_BEGINS = {
    "image/png": b"\x89PNG\r\n\x1a\n",
    "image/jpeg": b"\xff\xd8\xff",
    "application/pdf": b"%PDF-",
    "text/plain": b"",
    "text/csv": b"",
}


@bp.post("/cases/<case_id>/due")
def due(case_id: str) -> Response:
    """Say by when a case should be concluded."""
    body = read_body(CaseDue, json_object())
    moment = body.due_at.astimezone(UTC)
    book = app_context().casebook
    return detail(book.set_due(case_id, moment, body.version, at=g.arrived, by=g.caller.name))


@bp.post("/cases/<case_id>/links")
def linked(case_id: str) -> Response:
    """Link a case to another, or take their link away."""
    body = read_body(CaseLink, json_object())
    book = app_context().casebook
    return detail(book.link(case_id, body.other, body.linked, at=g.arrived, by=g.caller.name))


@bp.post("/cases/<case_id>/attachments")
def attached(case_id: str) -> Response:
    """Put a file to a case."""
    given = bodies.without_controls(bodies.as_object(json_body(app_context().settings.max_batch_bytes)))
    body = read_body(CaseAttachment, given)
    name = scrubbed(body.name.replace("\\", "/").rpartition("/")[2]) or "file"
    content = _content(body)
    book = app_context().casebook
    return detail(book.attach(case_id, name, body.media_type, content, at=g.arrived, by=g.caller.name))


@bp.get("/cases/<case_id>/attachments/<attachment_id>")
def attachment(case_id: str, attachment_id: str) -> Response:
    """A file that was put to a case, to be saved and never shown in place."""
    book = app_context().casebook
    if not (attachment_id.isascii() and attachment_id.isdigit() and len(attachment_id) < 10):
        raise UnknownCaseError(f"case {case_id} has no such attachment")
    listed, content = book.attachment(case_id, int(attachment_id))
    book.look_at(case_id, at=g.arrived, by=g.caller.name, note=listed.name)
    answer = Response(content, mimetype="application/octet-stream")
    answer.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(listed.name)}"
    answer.headers["X-Content-SHA256"] = listed.sha256
    return answer


def _content(body: CaseAttachment) -> bytes:
    """The bytes of an attachment. Raises BadRow where they are too many, not what they are said to be, or a
    text with raw identifiers.
    """
    try:
        content = base64.b64decode(body.content, validate=True)
    except (ValueError, binascii.Error):
        raise _bad("is no base64") from None
    if not content or len(content) > MOST_BYTES:
        raise _bad(f"holds 1 to {MOST_BYTES} bytes")
    if not content.startswith(_BEGINS[body.media_type]):
        raise _bad(f"is no {body.media_type}")
    if body.media_type.startswith("text/"):
        try:
            text = content.decode("utf-8")
        except UnicodeDecodeError:
            raise _bad("is no text in UTF-8") from None
        if scrubbed(text) != text:
            raise _bad("holds raw identifiers: mask them first, nothing raw is kept")
    return content


def _bad(says: str) -> BadRow:
    return BadRow((RecordError("content", "unreadable", says),))
