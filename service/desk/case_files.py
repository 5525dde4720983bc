"""The route of case files: one case as a PDF, whose digest its history keeps."""

from __future__ import annotations

import hashlib

from flask import Blueprint, Response, g

from graph.model.errors import InputError, NotFoundError
from service.desk import ring_histories, subgraphs
from service.desk.case_pdf import CasePaper, case_pdf
from service.desk.case_signatures import signed
from service.desk.drawings import Drawing
from service.desk.ring_histories import RingHistory
from service.http.calls import app_context, json_object
from service.http.routes import looks

bp = Blueprint("case_file", __name__, url_prefix="/desk")
LANGUAGES = ("en", "zh")


@bp.post("/case-file")
def made() -> Response:
    """The case file of the body's `case_id` in its `language`, as of the case's moment. The history of the
    case says who made it and gives the SHA-256 of the file, whose signature tells a copy that was changed.
    """
    body, context = json_object(), app_context()
    case_id, language = body.get("case_id"), body.get("language", "en")
    if not isinstance(case_id, str) or language not in LANGUAGES:
        raise InputError("case_id: the id of a case; language: en or zh")
    case = context.casebook.case(case_id)
    looks.note([f"case:{case_id}"], case.as_of)
    view = context.store.view(case.as_of)
    node = f"ring:{case.about.ring_id}" if case.about.ring_id else f"applicant:{case.about.applicant_id}"
    try:
        drawing = subgraphs.draw(view, node)
        past = ring_histories.history(context.store, view, node)
    except (
        NotFoundError
    ):  # a case that a fact opened which came in late: nothing was known of its subject then
        drawing = Drawing(
            seed=node, as_of=view.as_of, nodes=(), edges=(), left_out=(), truncated=False, hubs=0
        )
        past = RingHistory(node=node, as_of=view.as_of, size=0, members=(), changes=())
    page = CasePaper(
        case=case,
        past=past,
        drawing=drawing,
        by=g.caller.name,
        at=g.arrived,
        language=LANGUAGES.index(language),
        zone=context.zone,
    )
    content = signed(case_pdf(page), context.keyring)
    digest = hashlib.sha256(content).hexdigest()
    context.casebook.look_at(case_id, at=g.arrived, by=g.caller.name, note=f"PDF, sha256 {digest}")
    answer = Response(content, mimetype="application/pdf")
    answer.headers["Content-Disposition"] = f'attachment; filename="{case_id}.pdf"'
    answer.headers["X-Content-SHA256"] = digest
    return answer
