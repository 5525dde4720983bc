"""Status routes: health, readiness, version, metrics, OpenAPI and documentation pages."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Any

import orjson
from flask import Blueprint, Response, redirect, render_template, url_for
from werkzeug.wrappers import Response as WebResponse

from graph.model.errors import RegistryError, StoreError
from graph.product import product_version
from service.assessment.answers.response import models
from service.assessment.repeats.in_shadow import lags
from service.http import metrics, problems, web_assets
from service.http.calls import app_context, handover
from service.http.schemas import openapi
from service.http.schemas.answers import Health, ShadowState, Versions
from service.http.schemas.parameters import ReadinessQuery
from service.http.schemas.queries import query

bp = Blueprint("status", __name__)
log = logging.getLogger("ringfence.app")


@bp.get("/")
def start() -> WebResponse:
    """Where somebody begins who opens the service in a browser: the desk."""
    return redirect(url_for("desk.page"))


@bp.get("/healthz")
def healthz() -> Response:
    """Alive: the process answers."""
    return _json(Health(status="ok"))


@bp.get("/readyz")
def readyz() -> Response:
    """Ready: store, model and audit log can be used, and the service goes on; 503 says what is not so.
    Answers are whole while the frame is filled, and slower: `?behind=N` asks for one that is near the store,
    too. With `?without_store=true` the store may be away.
    """
    wanted = query(ReadinessQuery)
    views = app_context().views
    checks = {
        "store": _checked(app_context().store.revision),
        "casebook": _checked(app_context().casebook.ping),
    }
    checks["model"] = "ok" if app_context().scorer is not None else "no model is loaded"
    checks["service"] = "it ends: ask another machine" if handover().ending else "ok"
    needed = [result for name, result in checks.items() if name != "store" or not wanted.without_store]
    ready = all(result == "ok" for result in needed) and views.is_near(wanted.behind)
    return _json(
        {"status": "ready" if ready else "not ready", "checks": checks, "frame": views.state()},
        200 if ready else 503,
    )


@bp.get("/version")
def versions() -> Response:
    """What runs: the product's version, the policy's, the model's, and those of the models in shadow."""
    model, now = app_context().model, app_context().clock()
    age = (now - datetime.fromisoformat(model.trained_as_of)) / timedelta(days=1) if model else None
    return _json(
        Versions(
            name="ringfence",
            version=product_version(),
            policy_version=app_context().policies.at(now).version,
            models=models(model),
            model_age_days=round(age, 2) if age is not None else None,
            model_alarms=_alarms(),
            shadows=_shadows(),
        )
    )


@bp.get("/metrics")
def exposition() -> Response:
    """Prometheus' text form, all workers together."""
    if (shadows := _shadows()) is not None:
        metrics.SHADOW_LAG.set(max((one["lag_seconds"] for one in shadows), default=0.0))
    return Response(metrics.exposition(), content_type=metrics.CONTENT_TYPE)


@bp.get("/openapi.json")
def described() -> Response:
    """The OpenAPI 3.1 description."""
    return _json(openapi.document(product_version()))


@bp.get("/docs")
def docs() -> tuple[str, int]:
    """The description as a page on which every operation can be tried, without anything from elsewhere."""
    version = web_assets.version("reference")
    return render_template("docs.html", version=version, product=product_version()), 200 if version else 503


@bp.get("/docs/static/<name>")
def docs_built(name: str) -> Response:
    """The page's script and style."""
    return web_assets.sent(name)


@bp.get(problems.PAGE)
def problems_page() -> str:
    """Every problem that this service answers with: the page that a problem's `type` leads to."""
    return render_template("problems.html", problems=problems.PROBLEMS, version=product_version())


def _alarms() -> list[str] | None:
    try:
        lasting = app_context().casebook.monitoring.alarms()
    except StoreError:
        return None
    return sorted({one.alarm.code.value for one in lasting})


def _shadows() -> list[ShadowState] | None:
    """How the models in shadow stand; None where registry or casebook cannot be read."""
    try:
        found = lags(app_context().models, app_context().casebook)
    except (RegistryError, StoreError) as error:
        log.warning("how far behind the shadows are is not known: %s", error)
        return None
    return [ShadowState(version=version, lag_seconds=lag.total_seconds()) for version, lag in found.items()]


def _checked(probe: Any) -> str:
    try:
        probe()
    except StoreError as error:
        return str(error)
    return "ok"


def _json(value: Any, status: int = 200) -> Response:
    return Response(orjson.dumps(value), status=status, mimetype="application/json")
