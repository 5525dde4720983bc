"""The route of *assess now*: the assessment of `/risk` at stage `monitoring`, asked for at the desk."""

from __future__ import annotations

from flask import Blueprint, Response

from graph.model.errors import InputError
from service.assessment.assess import assess
from service.assessment.request import assessment_request
from service.desk.reasons_shown import with_figures
from service.desk.subgraphs import split
from service.http.calls import app_context, call, json_object
from service.http.routes import looks

bp = Blueprint("desk_assess", __name__, url_prefix="/desk")


@bp.post("/assess")
def assessed() -> Response:
    """Assess the body's `node`, an applicant, as of now; it is recorded like every assessment, under the name
    of whoever asks, and opens no case.
    """
    node = json_object().get("node", "")
    kind, applicant_id = split(node) if isinstance(node, str) else ("", "")
    if kind != "applicant":
        raise InputError("node: only an applicant is assessed at the desk")
    looks.note([node])
    context = app_context()
    request = assessment_request(context, {"stage": "monitoring", "applicant_id": applicant_id}, call())
    return Response(with_figures(assess(context, request).assessment.answer), mimetype="application/json")
