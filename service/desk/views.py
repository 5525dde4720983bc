"""Routes of saved views: a drawing with what somebody made of it, kept under an id to be sent to others."""

from __future__ import annotations

import secrets
from typing import Any

import orjson
from flask import Blueprint, Response, g, request

from ingestion.identifiers.recognise import scrubbed
from investigations.saved_views import SavedView
from service.desk.requested import moment_of, refuse_raw
from service.http.calls import app_context, json_object
from service.http.routes import looks
from service.http.routes.erased_nodes import refuse_erased
from service.http.schemas.case_bodies import read_body
from service.http.schemas.view_bodies import ViewSaving, composition, packed

bp = Blueprint("desk_views", __name__, url_prefix="/desk")


@bp.post("/views")
def saved() -> tuple[Response, int]:
    """Keep what the body says; raw identifiers in the name are masked, among the nodes they are refused."""
    body, context = read_body(ViewSaving, json_object()), app_context()
    made = composition(body.made)
    nodes = (body.node, *made.nodes())
    for node in nodes:
        refuse_raw(node)
    refuse_erased(nodes)
    view = SavedView(
        view_id=f"V-{secrets.token_hex(8)}",
        name=scrubbed(body.name),
        node=body.node,
        as_of=moment_of(body.as_of, context),
        at=g.arrived,
        by=g.caller.name,
        content=packed(made),
    )
    context.casebook.views.save(view)
    return _answer(_shown(view)), 201


@bp.get("/views")
def views() -> Response:
    """The latest views of `node`, without what they hold."""
    node = request.args.get("node", "")
    refuse_raw(node)
    return _answer([_shown(view) for view in app_context().casebook.views.of_node(node)])


@bp.get("/views/<view_id>")
def view(view_id: str) -> Response:
    """One view with what was made of it."""
    found = app_context().casebook.views.view(view_id)
    looks.note([found.node], found.as_of)
    return _answer(_shown(found) | {"made": orjson.Fragment(found.content)})


@bp.delete("/views/<view_id>")
def removed(view_id: str) -> tuple[str, int]:
    """Take one's own view away."""
    app_context().casebook.views.remove(view_id, g.caller.name)
    return "", 204


def _shown(view: SavedView) -> dict[str, Any]:
    own = view.by == g.caller.name
    about = {"view_id": view.view_id, "name": view.name, "node": view.node, "own": own, "by": view.by}
    return about | {"as_of": view.as_of, "at": view.at}


def _answer(value: Any) -> Response:
    return Response(
        orjson.dumps(value, app_context().responses.time, orjson.OPT_PASSTHROUGH_DATETIME),
        mimetype="application/json",
    )
