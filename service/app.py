"""The web application: its routes, who may use which, and one frame around every request."""

from __future__ import annotations

import gc
import logging
import math
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from typing import Any

from flask import Flask, Request, Response, g
from flask.testing import FlaskClient
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import Forbidden, TooManyRequests, Unauthorized

from graph.model.errors import SettingError
from service.assessment.context import AppContext
from service.assessment.lender_binding import OPERATOR, Binding
from service.desk import case_files, routes
from service.http import (
    alert_api,
    calls,
    case_api,
    case_papers_api,
    facts_api,
    headers,
    logs,
    metrics,
    problems,
    ring_api,
    risk_api,
    status_api,
)
from service.http.auth import LOCAL, CallerKeyRing, Keys
from service.http.handover import CallerGone
from service.http.miss_rates import MissRates
from service.http.probing import Probing
from service.http.rate_limits import RateLimit
from service.http.slots import Slots
from service.jobs.outbox import Outbox
from service.readiness import warm
from service.settings import Settings, named
from service.wiring import wire

log = logging.getLogger("ringfence.app")

# Routes without a key: health, documentation, and the empty page of the desk.
OPEN = frozenset(
    {
        "status.healthz",
        "status.readyz",
        "status.versions",
        "status.described",
        "status.docs",
        "status.docs_built",
        "status.problems_page",
        "desk.page",
        "desk.built",
        "static",
    }
)
# wrong keys that one address may send: ten at once, then one every five seconds
WRONG_KEYS_S, WRONG_KEYS = 0.2, 10
# in the environ of a request that came over no socket; no header can put it there
_IN_PROCESS = "ringfence.in_process"
CALLER_GONE = 499  # the status in the metrics of what nobody waited for any more
SCOPE_OF = {
    "alerts": "alerts:read",
    "risk": "risk",
    "facts": "facts",
    "rings": "rings",
    "desk": "desk",
    "case_file": "cases:read",
    "status": "metrics",
}
"""By blueprint; of what is done with cases, by endpoint."""
CASE_ROOMS = ("cases", "case_papers")
CASE_SCOPE_OF = {
    "listed": "cases:read",
    "shown": "cases:read",
    "opened": "cases:work",
    "assigned": "cases:work",
    "noted": "cases:work",
    "due": "cases:work",
    "linked": "cases:work",
    "attached": "cases:work",
    "attachment": "cases:read",
    "concluded": "cases:decide",
    "closed": "cases:decide",
}


class NoLender(Forbidden):
    """Nobody can say for whom the key speaks."""

    problem = "no_lender"


class ScopeMissing(Forbidden):
    """The key does not open this."""

    problem = "scope_missing"


class InProcess(FlaskClient):
    """A client in the application's own process: it needs no key unless keys are configured."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.environ_base[_IN_PROCESS] = "yes"


def create_app(context: AppContext) -> Flask:
    """The application around what was plugged together. Over a socket it answers nobody without a key,
    whatever server it is put behind.
    """
    logs.install()
    app = Flask("service.http", static_folder=None)
    app.test_client_class = InProcess
    app.extensions["ringfence"] = context
    # metrics are of a worker, not of what starts it
    context.views.check.count = lambda result: metrics.SELF_CHECKS.labels(result).inc()
    context.views.on_fall_back = lambda why: metrics.PAST_FRAME.labels(why).inc()
    app.config["MAX_CONTENT_LENGTH"] = context.settings.max_batch_bytes
    app.extensions["ringfence.batches"] = Slots(
        context.settings.batches_per_key, Path(shared) if (shared := context.settings.metrics_dir) else None
    )
    problems.install(app)
    headers.install(app)
    app.extensions["ringfence.limit"] = RateLimit(
        context.settings.rate_limit, context.settings.rate_burst, _shared(context.settings, "limits")
    )
    app.extensions["ringfence.probing"] = Probing(_shared(context.settings, "guesses"))
    app.extensions["ringfence.strangers"] = MissRates(_shared(context.settings, "strangers"))
    _frame(
        app,
        CallerKeyRing(context.settings.api_keys, context.settings.api_keys_file),
        RateLimit(WRONG_KEYS_S, WRONG_KEYS, _shared(context.settings, "wrong-keys")),
    )
    app.register_error_handler(CallerGone, lambda _: Response(status=CALLER_GONE))
    blueprints = (risk_api, facts_api, ring_api, case_api, case_papers_api, alert_api)
    for blueprint in (module.bp for module in blueprints):
        app.register_blueprint(blueprint)
        app.register_blueprint(blueprint, url_prefix="/v1", name=f"v1_{blueprint.name}")
    app.register_blueprint(status_api.bp)
    app.register_blueprint(routes.bp)
    app.register_blueprint(case_files.bp)
    return app


def from_environment() -> Flask:
    """The application of one worker process, from the settings in the environment. Raises SettingError where
    these name no caller's key.
    """
    logs.install()
    logs.to_stderr()
    settings = Settings.from_environment()
    if not CallerKeyRing(settings.api_keys, settings.api_keys_file).keys():
        raise SettingError(
            "no API key is configured: start by scripts/serve.py, which makes one, or give RINGFENCE_API_KEYS"
        )
    context = wire(settings, listens=True)
    warm(context)
    Outbox(context.store, context.casebook, investigators=named(settings.investigators)).start()
    context.views.keeper.wake()
    app = create_app(context)
    gc.collect()
    gc.freeze()  # what is loaded stays: walking through it again and again would only make some answers slow,
    # and so would frequent scans of cached facts, of which none is ever freed
    gc.set_threshold(25_000, 20, 40)
    return app


def _shared(settings: Settings, name: str) -> Path | None:
    """The file by which the workers of this machine share a limit; None for a service of one process."""
    return Path(settings.metrics_dir) / f"{name}.buckets" if settings.metrics_dir else None


def _frame(app: Flask, ring: CallerKeyRing, wrong: RateLimit) -> None:
    ring.keys()  # what cannot be read stops the start

    @app.before_request
    def arrive() -> None:
        calls.begin()
        if (refused := calls.handover().refused) is not None:
            raise refused
        _admit(calls.current_request(), ring.keys(), wrong)

    @app.after_request
    def leave(response: Response) -> Response:
        asked, about, headers = calls.current_request(), calls.current_globals(), response.headers
        if "caller" in about and about.caller.binding != OPERATOR:
            response.set_data(about.caller.binding.redacted(response.get_data()))
        headers["X-Request-Id"] = about.get("request_id", "")
        headers.setdefault("Cache-Control", "no-store")
        route = asked.url_rule.rule if asked.url_rule else "none"
        seconds = perf_counter() - calls.handover().arrived
        # from the socket on, the audit row included
        headers["Server-Timing"] = f"total;dur={seconds * 1000:.1f}"
        labels = route, metrics.method_label(asked.method), str(response.status_code)
        metrics.labelled(metrics.REQUESTS, *labels).inc()
        metrics.labelled(metrics.SECONDS, route).observe(seconds)
        return response


def _admit(request: Request, keys: Keys, wrong: RateLimit) -> None:
    """Note who calls, or refuse: 401 without a valid key, 403 for what the key does not open, 429 for too
    much.
    """
    if request.endpoint is None or request.endpoint in OPEN:
        return
    caller = (
        keys.caller(request.headers.get("Authorization", ""))
        if keys or _IN_PROCESS not in request.environ
        else LOCAL
    )
    if caller is None:
        if request.headers.get("Authorization"):
            metrics.REFUSED_KEYS.inc()
            _slow_down(wrong.wait(request.remote_addr or ""), "too many wrong keys came from this address")
        raise Unauthorized(
            "send Authorization: Bearer and a valid key",
            www_authenticate=WWWAuthenticate("bearer", {"realm": "ringfence"}),
        )
    room, _, endpoint = request.endpoint.removeprefix("v1_").partition(".")
    scope = CASE_SCOPE_OF[endpoint] if room in CASE_ROOMS else SCOPE_OF[room]
    if scope not in caller.scopes:
        raise ScopeMissing(f"this key does not open {scope}")
    _slow_down(calls.limit().wait(caller.name), "this key's rate limit is reached")
    g.caller = caller if caller.binding is not None else replace(caller, binding=_own_lenders())


def _slow_down(wait: float, why: str) -> None:
    if wait > 0:
        raise TooManyRequests(why, retry_after=math.ceil(wait))


def _own_lenders() -> Binding:
    """Whom a key speaks for that names nobody: the lender that runs the service. Raises NoLender where the
    store knows none.
    """
    own = calls.app_context().lenders.own()
    if not own:
        raise NoLender(
            "this key speaks for the lender that runs the service, and the store knows no lender with is_own"
        )
    return Binding(own)
