"""Running the service: checks before the first worker starts, then several worker processes behind one
production server.
"""

from __future__ import annotations

import os
import resource
import socket
import sys
from contextlib import ExitStack, closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from granian import Granian
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings

from graph.model.errors import SettingError, StoreError
from service.clock import system_clock
from service.http.callers.auth import CallerKeyRing
from service.http.callers.operator_key import NAME as OPERATOR
from service.http.callers.operator_key import operators_file, with_operators_key
from service.jobs.machine_terms import MachineTerms
from service.jobs.machines import Machines, others_now
from service.login.oidc import provider_of
from service.opening import open_casebook
from service.processes.metrics_folder import metrics_folder
from service.processes.supervisor import running_beside
from service.readiness import warm
from service.registered_models import no_champion
from service.settings import ON, Settings
from service.webhooks.endpoints import endpoints, networks
from service.wiring import wire

# workers are the parallelism
_ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")

HEADER_MS = 30_000  # how long the head of a request may take to come, and how long an idle connection is kept
HEADER_BYTES = 65_536  # of a request's head, at most
# of one worker, open at once; each costs a file and a few kilobytes, however little is sent through it
CONNECTIONS = 4_096
BACKLOG = 2_048  # connections that wait to be taken


def serve(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT, then let running requests end.

    Raises SettingError, BundleError or StoreError, all before anything listens.
    """
    _allow_files(2 * CONNECTIONS)
    # before numeric libraries start threads of their own, which would not outlive the fork of a worker
    os.environ.update(_ONE_THREAD)
    keys = CallerKeyRing(settings.api_keys, settings.api_keys_file).keys()
    keyless = not keys
    settings.purposes_in_force.refuse_unknown([one.name for one in keys.callers] or [OPERATOR])
    if keyless:
        operators_file(settings)  # where there can be none, better now than when the model is loaded
    if not (settings.model or settings.registry):
        raise SettingError(
            "no model: give --model DIR, a bundle made by ringfence train, or --registry URL with a champion"
        )
    # Once here, so that a wrong URL, key or bundle stops the start, and the workers do not race to make the
    # tables.
    by_name = _prepare(settings)
    if keyless:
        settings = with_operators_key(settings, _say)
    with metrics_folder(settings.metrics_dir) as folder:
        shared = {"PROMETHEUS_MULTIPROC_DIR": str(folder)}
        os.environ.update(replace(settings, metrics_dir=str(folder)).to_environment() | shared)
        try:
            _serve(settings, by_name)
        finally:
            _leave(settings, folder)


def _serve(settings: Settings, by_name: bool) -> None:
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    _say(f"serving on http://{host}:{settings.port}; workers: {settings.workers}, desk: /desk, docs: /docs")
    if not by_name:
        _say(
            "nobody can log in at the desk by name yet: ringfence users add NAME --role admin makes the first"
        )
    with ExitStack() as beside:
        for module in _beside(settings):
            beside.enter_context(running_beside(module))
        _server(settings).serve()


def _beside(settings: Settings) -> list[str]:
    """The processes that run beside the workers; the seals and the monitoring need the first of them even
    where nothing is watched or sent.
    """
    shadows = settings.shadow == ON and bool(settings.registry)
    return ["service.processes.watch", *(["service.processes.shadow"] if shadows else [])]


def _leave(settings: Settings, folder: Path) -> None:
    """Other machines let through this one's part of a limit from now on, not only when its lease ends."""
    try:
        with open_casebook(settings.casebook, settings.casebook_sync) as casebook:
            Machines(casebook, folder, system_clock).leave()
    except StoreError as error:
        _say(f"other machines count this one for a minute more: {error}")


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _prepare(settings: Settings) -> bool:
    """Raise what stops the start; whether anybody can log in at the desk by name."""
    _check_port(settings)
    provider = provider_of(settings)
    endpoints(settings.webhooks)  # what cannot be meant stops the start
    networks(settings.webhook_networks)
    with closing(wire(settings, listens=True)) as context:
        if context.scorer is None:
            raise no_champion(settings.registry)
        MachineTerms.of(context).refuse_apart(others_now(context.casebook, context.clock()))
        warm(context)  # here, so that the workers find everything compiled and the frame filled
        context.casebook.forget_claims(context.clock() - timedelta(hours=settings.idempotency_hours))
        return provider is not None or context.casebook.users.any()


def _allow_files(wanted: int) -> None:
    """Let this process and its workers have so many files open, as far as the system allows: every connection
    is one.
    """
    usual, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if usual < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(wanted, most) if most >= 0 else wanted, most))


def _check_port(settings: Settings) -> None:
    """Raise SettingError for an address that cannot be listened on."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host.strip("[]"), settings.port))
        except OSError as error:
            raise SettingError(
                f"cannot listen on {settings.host} port {settings.port}: {error.strerror or error}"
            ) from error


def _server(settings: Settings) -> Granian:
    return server(
        "service.processes.worker:from_environment",
        host=settings.host,
        port=settings.port,
        workers=settings.workers,
    )


def server(target: str, *, host: str, port: int, workers: int) -> Granian:
    """The production server around what makes a worker's front."""
    return Granian(
        target,
        factory=True,
        address=host,
        port=port,
        interface=Interfaces.ASGI,
        workers=workers,
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(header_read_timeout=HEADER_MS, max_buffer_size=HEADER_BYTES),
        websockets=False,
        backlog=BACKLOG,
        backpressure=CONNECTIONS,
        respawn_failed_workers=True,
        respawn_interval=0.5,
        workers_kill_timeout=10,
        log_level="warning",
    )
