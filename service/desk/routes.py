"""Routes of the investigator's desk: one page and its JSON; reads are in subgraphs, dossiers and
ring_dossiers.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import orjson
from flask import Blueprint, Response, g, render_template, request, url_for

from graph.model.errors import InputError, StoreError
from graph.model.moments import read_moment
from graph.model.types import IdentifierKind
from graph.store.port import SEARCH_S, GraphView
from ingestion.recognise import recognised
from service.assessment.context import AppContext
from service.desk import dossiers, finding, ring_dossiers, ring_histories, subgraphs
from service.desk import paths as tied
from service.http import built, calls, sessions

LONGEST_SEARCH = 200  # characters of a search text at most


class MomentError(InputError):
    """The moment asked for cannot be read."""

    problem = "unreadable_moment"


class ComingMomentError(InputError):
    """The moment asked for has not come yet."""

    problem = "moment_in_the_future"


class RawValueError(InputError):
    """An address names a raw value where a token belongs."""

    problem = "raw_value_in_address"


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
    version, context = built.version("desk"), calls.app_context()
    login = url_for("login.page") if _by_name(context) else ""
    page = render_template("desk.html", version=version, zone=context.settings.timezone, login=login)
    return page, 200 if version else 503


@bp.get("/static/<path:name>", endpoint="built")
def static(name: str) -> Response:
    """What npm built: script, style, fonts, icons."""
    return built.sent(name)


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
        return _json(
            finding.find(
                context.store.view(_moment(as_of, context)), context.pseudonymiser, text[:LONGEST_SEARCH]
            )
        )


@bp.get("/subgraph")
def subgraph() -> Response:
    """What to draw for `node`."""
    return _json(subgraphs.draw(_view(), _arguments()))


@bp.get("/expand")
def expand() -> Response:
    """What is next to `node`, to be merged into the drawing."""
    return _json(subgraphs.expand(_view(), _arguments()))


@bp.get("/node")
def node() -> Response:
    """The panel of `node`."""
    view, name = _view(), _arguments()
    kind, value = subgraphs.split(name)
    if kind == "applicant":
        return _json(dossiers.person(view, value))
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
    return _json(tied.between(view, node, other) if other else tied.to_fraud(view, node))


@bp.get("/me")
def me() -> Response:
    """Who asks: the name of the key, or of the user, with the role and the token that changes need; and what
    that opens.
    """
    caller, session = g.caller, sessions.session_id(request, calls.app_context().settings)
    return _json(
        {
            "name": caller.name,
            "scopes": sorted(caller.scopes),
            "role": caller.role or None,
            "csrf": sessions.token_of(session) if caller.session else None,
        }
    )


@bp.get("/assessment")
def assessment() -> Response:
    """The answer that was given for `node` (an applicant or an application) last, up to the moment; null when
    there was none.
    """
    context, (kind, value) = calls.app_context(), subgraphs.split(_arguments())
    until = _moment(request.args.get("as_of", ""), context)
    if kind == "applicant":
        last = context.casebook.latest(applicant_id=value, until=until)
    elif kind == "application":
        last = context.casebook.latest(application_id=value, until=until)
    else:
        raise InputError("node: only an applicant or an application is assessed")
    return Response(last.answer if last else b"null", mimetype="application/json")


def _by_name(context: AppContext) -> bool:
    """Whether people log in by name; where that cannot be said now, a key opens the desk."""
    try:
        return bool(context.settings.oidc_issuer) or context.casebook.users.any()
    except StoreError:
        return False


def _view() -> GraphView:
    context = calls.app_context()
    return context.store.view(_moment(request.args.get("as_of", ""), context))


def _moment(text: str, context: AppContext) -> datetime:
    """The moment asked for: ISO-8601, in the service's time zone where it has no offset; empty is now.

    Raises MomentError, and ComingMomentError for one that has not come yet.
    """
    if not text:
        return context.clock()
    try:
        moment = read_moment(text, context.zone)
    except (ValueError, OverflowError):
        raise MomentError("as_of: give an ISO-8601 time, for example 2026-01-05T10:00:00+08:00") from None
    if moment > context.clock():
        raise ComingMomentError(
            "as_of: lies in the future: what will be known by then is not known, the latest moment is now"
        )
    return moment


def _arguments() -> str:
    name = request.args.get("node", "")
    if not name:
        raise InputError("node: say which, for example ?node=applicant:A-1")
    kind, _, value = name.partition(":")
    if kind in tuple(IdentifierKind) and recognised(value):
        raise RawValueError(
            "node: an identifier is named by its token; a raw value belongs into the search, never into an "
            "address"
        )
    return name


def _json(value: Any) -> Response:
    return Response(
        orjson.dumps(value, calls.app_context().responses.time, orjson.OPT_PASSTHROUGH_DATETIME),
        mimetype="application/json",
    )
