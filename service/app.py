"""The web application: its routes, who may use which, and one frame around every request."""

from __future__ import annotations

import gc
import logging
from pathlib import Path
from time import perf_counter
from typing import Any

from flask import Flask, Response
from flask.testing import FlaskClient

from graph.model.errors import SettingError
from service.assessment.context import AppContext
from service.assessment.lender_binding import OPERATOR
from service.desk import assessing, case_files, model_watch, routes, views
from service.http import calls, headers, logs, metrics, problems
from service.http.callers.access import require_declared
from service.http.callers.admission import IN_PROCESS, admit
from service.http.callers.auth import CallerKeyRing
from service.http.handover import CallerGone
from service.http.limits.miss_rates import MissRates
from service.http.limits.probing import Probing
from service.http.limits.rate_limits import RateLimit
from service.http.limits.slots import Slots
from service.http.routes import (
    alerts,
    assignees,
    audit,
    case_hands,
    case_papers,
    cases,
    facts,
    looks,
    rings,
    risk,
    status,
    verdicts,
)
from service.http.schemas import queries
from service.jobs.champion import ChampionFollower
from service.jobs.machine_terms import MachineTerms
from service.jobs.machines import EVERY_S, Machines
from service.jobs.outbox import Outbox
from service.jobs.policies import PolicyFollower
from service.login import routes as login
from service.login.oidc import provider_of
from service.readiness import warm
from service.settings import Settings, named
from service.threads.periodic_thread import PeriodicThread
from service.wiring import wire

log = logging.getLogger("ringfence.app")

# the rooms of the API, which answer under /v1 as well
API = (
    risk,
    facts,
    rings,
    cases,
    case_hands,
    case_papers,
    assignees,
    alerts,
    audit,
    verdicts,
)

# wrong keys that one address may send: ten at once, then one every five seconds
WRONG_KEYS_S, WRONG_KEYS = 0.2, 10
CALLER_GONE = 499  # the status in the metrics of what nobody waited for any more


class InProcess(FlaskClient):
    """A client in the application's own process: it needs no key unless keys are configured."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.environ_base[IN_PROCESS] = "yes"


def create_app(context: AppContext) -> Flask:
    """The application around what was plugged together. Over a socket it answers nobody without a key,
    whatever server it is put behind.
    """
    logs.install()
    app = Flask("service.http", static_folder=None)
    app.test_client_class = InProcess
    app.extensions["ringfence"] = context
    # metrics are of a worker, not of what starts it
    metrics.note_model(context.model)
    context.views.check.count = lambda result: metrics.SELF_CHECKS.labels(result).inc()
    _count_alarms(context)
    context.views.on_fall_back = lambda why: metrics.PAST_FRAME.labels(why).inc()
    app.config["MAX_CONTENT_LENGTH"] = context.settings.max_batch_bytes
    folder = Path(shared) if (shared := context.settings.metrics_dir) else None
    app.extensions["ringfence.batches"] = Slots(context.settings.batches_per_key, folder)
    machines = app.extensions["ringfence.machines"] = Machines(
        context.casebook, folder, context.clock, MachineTerms.of(context)
    )
    problems.install(app)
    headers.install(app)
    app.extensions["ringfence.limit"] = RateLimit(
        context.settings.rate_limit,
        context.settings.rate_burst,
        _shared(folder, "limits"),
        machines=lambda: machines.count,
    )
    app.extensions["ringfence.probing"] = Probing(_shared(folder, "guesses"), machines=lambda: machines.count)
    app.extensions["ringfence.strangers"] = MissRates(_shared(folder, "strangers"))
    app.extensions["ringfence.login"] = login.desk_for(
        folder, provider_of(context.settings), lambda: machines.count
    )
    ring = CallerKeyRing(context.settings.api_keys, context.settings.api_keys_file)
    app.extensions[assignees.KEYS] = ring
    _frame(
        app,
        ring,
        RateLimit(WRONG_KEYS_S, WRONG_KEYS, _shared(folder, "wrong-keys"), machines=lambda: machines.count),
    )
    app.register_error_handler(CallerGone, lambda _: Response(status=CALLER_GONE))
    for blueprint in (module.bp for module in API):
        app.register_blueprint(blueprint)
        app.register_blueprint(blueprint, url_prefix="/v1", name=f"v1_{blueprint.name}")
    app.register_blueprint(status.bp)
    app.register_blueprint(routes.bp)
    app.register_blueprint(case_files.bp)
    app.register_blueprint(login.bp)
    app.register_blueprint(views.bp)
    app.register_blueprint(assessing.bp)
    app.register_blueprint(model_watch.bp)
    looks.install(app)
    require_declared(app)
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
            "no API key is configured: start by ringfence serve, which makes one, or give RINGFENCE_API_KEYS"
        )
    context = wire(settings, listens=True)
    warm(context)
    investigators = named(settings.investigators)
    Outbox(context.store, context.casebook, investigators=investigators, clock=context.clock).start()
    context.views.keeper.wake()
    app = create_app(context)
    PeriodicThread(app.extensions["ringfence.machines"].step, EVERY_S).wake()
    follow_champion(app)
    follow_policies(app)
    gc.collect()
    gc.freeze()  # what is loaded stays: walking through it again and again would only make some answers slow,
    # and so would frequent scans of cached facts, of which none is ever freed
    gc.set_threshold(25_000, 20, 40)
    return app


def follow_champion(app: Flask) -> PeriodicThread | None:
    """Take over the registry's champions from here on, in a thread of its own: it loads and warms a model,
    and requests that begin afterwards are answered by it. None where there is no registry.
    """
    context: AppContext = app.extensions["ringfence"]
    if context.models is None:
        return None

    def take(now: AppContext) -> None:
        metrics.note_model(now.model, app.extensions["ringfence"].model)
        metrics.MODELS_TAKEN.labels("taken").inc()
        _count_alarms(now)
        app.extensions["ringfence"] = now

    follower = ChampionFollower(
        context.models,
        lambda: app.extensions["ringfence"],
        take,
        lambda: metrics.MODELS_TAKEN.labels("failed").inc(),
    )
    thread = PeriodicThread(follower.step, context.settings.registry_seconds)
    thread.wake()
    return thread


def follow_policies(app: Flask) -> PeriodicThread:
    """Decide by the policy files that are put in force from here on; a request keeps the policy that it
    found.
    """
    context: AppContext = app.extensions["ringfence"]
    follower = PolicyFollower(
        context.policies.files,
        lambda: metrics.POLICIES_TAKEN.labels("taken").inc(),
        lambda: metrics.POLICIES_TAKEN.labels("failed").inc(),
    )
    thread = PeriodicThread(follower.step, context.settings.registry_seconds)
    thread.wake()
    return thread


def _count_alarms(context: AppContext) -> None:
    """Count when the thresholds of this context's model find too many or too few in review."""
    if (following := context.policies.following) is not None:
        following.alarm = lambda side: metrics.REVIEW_SHARE.labels(side.value).inc()


def _shared(folder: Path | None, name: str) -> Path | None:
    """The file by which the workers of this machine share a limit; None for a service of one process."""
    return folder / f"{name}.buckets" if folder else None


def _frame(app: Flask, ring: CallerKeyRing, wrong: RateLimit) -> None:
    ring.keys()  # what cannot be read stops the start

    @app.before_request
    def arrive() -> None:
        calls.begin()
        if (refused := calls.handover().refused) is not None:
            raise refused
        admit(calls.current_request(), ring.keys(), wrong)
        queries.check(calls.current_request())

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
