"""Running the service: checks before the first worker starts, then several worker processes behind one
production server.
"""

from __future__ import annotations

import gc
import os
import resource
import socket
import sys
from contextlib import closing, suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from threading import Event, Thread

from graph.model.errors import SettingError, StoreError
from service.clock import system_clock
from service.http import logs
from service.http.callers.auth import CallerKeyRing
from service.http.callers.operator_key import NAME as OPERATOR
from service.http.callers.operator_key import operators_file, with_operators_key
from service.jobs.machine_terms import MachineTerms
from service.jobs.machines import Machines, others_now
from service.login.oidc import provider_of
from service.opening import open_casebook
from service.processes.metrics_folder import metrics_folder
from service.processes.server import CONNECTIONS, server
from service.readiness import warm
from service.registered_models import no_champion
from service.settings import ON, Settings
from service.webhooks.endpoints import endpoints, networks
from service.wiring import wire

# workers are the parallelism
_ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
LEAVES_S = 3.0  # how long the end waits for the casebook


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
    running = server("service.processes.worker:from_environment", settings, _beside(settings))
    logs.install()
    logs.to_stderr()
    gc.collect()
    gc.freeze()  # what is loaded stays, in memory that the workers share
    running.serve()


def _beside(settings: Settings) -> list[str]:
    """The processes that run beside the workers; the seals and the monitoring need the first of them even
    where nothing is watched or sent.
    """
    shadows = settings.shadow == ON and bool(settings.registry)
    return ["service.processes.watch", *(["service.processes.shadow"] if shadows else [])]


def _leave(settings: Settings, folder: Path) -> None:
    """Other machines let through this one's part of a limit from now on, not only when its lease ends. A
    casebook that does not answer is not waited for.
    """
    over = Event()

    def give_back() -> None:
        with suppress(StoreError), open_casebook(settings.casebook, settings.casebook_sync) as casebook:
            Machines(casebook, folder, system_clock).leave()
            over.set()

    giving = Thread(target=give_back, daemon=True)
    giving.start()
    giving.join(LEAVES_S)
    if not over.is_set():
        _say("the casebook does not answer: other machines count this one for a minute more")


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
