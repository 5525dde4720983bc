"""Routes of the investigator's desk: one page and its JSON; reads are in subgraphs, dossiers and
ring_dossiers.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

import orjson
from flask import Blueprint, Response, g, render_template, request, url_for

from graph.model.errors import InputError, StoreError
from graph.store.port import GraphView
from graph.store.search_hit import SEARCH_S
from investigations.casebook import Casebook
from service.assessment.context import AppContext
from service.desk import alerts as watch_alerts
from service.desk import dossiers, finding, hits, ring_dossiers, ring_histories, scores, subgraphs
from service.desk import paths as tied
from service.desk.reasons_shown import with_figures
from service.desk.requested import moment_of, refuse_raw
from service.http import calls, web_assets
from service.http.callers import sessions
from service.http.routes import looks

LONGEST_SEARCH = 200  # characters of a search text at most


bp = Blueprint("desk", __name__, url_prefix="/desk", template_folder="templates")


@bp.after_request
def _guarded(response: Response) -> Response:
    if request.endpoint != "desk.built":
        response.headers["Cache-Control"] = "no-store"
    return response


@bp.get("/")
@bp.get("")
def page() -> tuple[str, int]:
    """The page itself: no data in it, so it needs no key; what it asks for does."""
    version, context = web_assets.version("desk"), calls.app_context()
    login = url_for("login.page") if _by_name(context) else ""
    page = render_template("desk.html", version=version, zone=context.settings.timezone, login=login)
    return page, 200 if version else 503


@bp.get("/static/<path:name>", endpoint="built")
def static(name: str) -> Response:
    """What npm built: script, style, fonts, icons."""
    return web_assets.sent(name)


@bp.get("/overview")
def overview() -> Response:
    """The snapshot in force and its worst rings."""
    return _json(ring_dossiers.overview(_view()))


@bp.post("/search")
def search() -> Response:
    """Hits for the body's `q`, as of its `as_of`. A body, because what is searched may be a raw value, which
    no address may hold.
    """
    body, context = calls.json_object(), calls.app_context()
    text, as_of = body.get("q", ""), body.get("as_of") or ""
    if not isinstance(text, str) or not isinstance(as_of, str):
        raise InputError("q and as_of: texts")
    with context.store.within(2 * SEARCH_S):
        text, view = text[:LONGEST_SEARCH], context.store.view(_moment(as_of, context))
        known = _hits(view, text)
    looks.note(hit.node for hit in known)
    return _json(known)


@bp.get("/subgraph")
def subgraph() -> Response:
    """What to draw for `node`."""
    return _json(scores.in_drawing(_casebook(), subgraphs.draw(_view(), _arguments())))


@bp.get("/expand")
def expand() -> Response:
    """What is next to `node`, to be merged into the drawing."""
    return _json(scores.in_drawing(_casebook(), subgraphs.expand(_view(), _arguments())))


@bp.get("/node")
def node() -> Response:
    """The panel of `node`."""
    view, name = _view(), _arguments()
    kind, value = subgraphs.split(name)
    if kind == "applicant":
        return _json(scores.in_panel(_casebook(), dossiers.person(view, value), view.as_of))
    if kind == "application":
        return _json(dossiers.application(view, value))
    if kind == "ring":
        return _json(ring_dossiers.ring(view, value))
    if kind in ("merchant", "agent"):
        return _json(dossiers.shop(view, kind, value))
    return _json(dossiers.identifier(view, name))


@bp.get("/history")
def history() -> Response:
    """What the people of `node` (a ring or an applicant) did and when."""
    return _json(ring_histories.history(calls.app_context().store, _view(), _arguments()))


@bp.get("/alerts")
def alerts() -> Response:
    """What the watch found about `node`, an applicant or a ring."""
    found = watch_alerts.about(_casebook(), _view(), _arguments())
    return _json([watch_alerts.drawable(one, calls.app_context().responses.time) for one in found])


@bp.post("/paths")
def paths() -> Response:
    """The shortest paths from the body's `node` to its `to`, or to the nearest known frauds where that is
    left out. A body, because somebody may type a raw value, which no address may hold.
    """
    body, context = calls.json_object(), calls.app_context()
    node, other, as_of = (body.get(name) or "" for name in ("node", "to", "as_of"))
    if not all(isinstance(one, str) for one in (node, other, as_of)):
        raise InputError("node, to and as_of: texts")
    view = context.store.view(_moment(as_of, context))
    found = tied.between(view, node, other) if other else tied.to_fraud(view, node)
    looks.note([found.a, *([found.b] if found.b else []), *(path[-1] for path in found.paths)])
    return _json(replace(found, drawing=scores.in_drawing(_casebook(), found.drawing)))


@bp.get("/me")
def me() -> Response:
    """Who asks: the name of the key, or of the user, with the role and the token that changes need; what
    that opens; and the purposes of which one must be given, null where none must.
    """
    purposes = calls.app_context().settings.purposes_in_force
    caller, session = g.caller, sessions.session_id(request, calls.app_context().settings)
    return _json(
        {
            "name": caller.name,
            "scopes": sorted(caller.scopes),
            "role": caller.role or None,
            "csrf": sessions.token_of(session) if caller.session else None,
            "purposes": list(purposes.known) if purposes.required else None,
        }
    )


@bp.get("/assessment")
def assessment() -> Response:
    """The answer that was given for `node` (an applicant or an application) last, up to the moment; null when
    there was none.
    """
    context, (kind, value) = calls.app_context(), subgraphs.split(_arguments())
    until = moment_of(request.args.get("as_of", ""), context)
    if kind == "applicant":
        last = context.casebook.latest(applicant_id=value, until=until)
    elif kind == "application":
        last = context.casebook.latest(application_id=value, until=until)
    else:
        raise InputError("node: only an applicant or an application is assessed")
    return Response(with_figures(last.answer) if last else b"null", mimetype="application/json")


def _by_name(context: AppContext) -> bool:
    """Whether people log in by name; where that cannot be said now, a key opens the desk."""
    try:
        return bool(context.settings.oidc_issuer) or context.casebook.users.any()
    except StoreError:
        return False


def _casebook() -> Casebook:
    return calls.app_context().casebook


def _view() -> GraphView:
    context = calls.app_context()
    return context.store.view(_moment(request.args.get("as_of", ""), context))


def _moment(text: str, context: AppContext) -> datetime:
    """The moment asked for, which the trail of looks keeps."""
    moment = moment_of(text, context)
    looks.at(moment)
    return moment


def _hits(view: GraphView, text: str) -> tuple[hits.KnownHit, ...]:
    context = calls.app_context()
    if "cases:read" in g.caller.scopes and (case := hits.case_named(context.casebook, text)):
        return case
    found = (*hits.places_named(view, text), *finding.find(view, context.pseudonymiser, text))
    return hits.with_knowledge(view, found)


def _arguments() -> str:
    name = request.args.get("node", "")
    if not name:
        raise InputError("node: say which, for example ?node=applicant:A-1")
    refuse_raw(name)
    return name


def _json(value: Any) -> Response:
    return Response(
        orjson.dumps(value, calls.app_context().responses.time, orjson.OPT_PASSTHROUGH_DATETIME),
        mimetype="application/json",
    )
