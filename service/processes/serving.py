"""Running the service: checks before the first worker starts, then several worker processes behind one
production server.
"""

from __future__ import annotations

import gc
import os
import resource
import socket
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from threading import Event, Thread
from time import monotonic
from typing import NamedTuple

from graph.frame.seals import seal_folder
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
LEAVES_S = 3.0  # how long the end waits for the casebook, and for the frame


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
    ready = _prepare(settings)
    if keyless:
        settings = with_operators_key(settings, _say)
    with metrics_folder(settings.metrics_dir) as folder:
        shared = {"PROMETHEUS_MULTIPROC_DIR": str(folder)}
        os.environ.update(replace(settings, metrics_dir=str(folder)).to_environment() | shared)
        try:
            _serve(settings, ready.by_name)
        finally:
            _leave(settings, folder, ready.frame)


def _serve(settings: Settings, by_name: bool) -> None:
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    _say(f"serving on http://{host}:{settings.port}; workers: {settings.workers}, desk: /desk, docs: /docs")
    if not by_name:
        _say(
            "nobody can log in at the desk by name yet: ringfence users add NAME --role admin makes the first"
        )
    beside = _beside(settings)
    running = server("service.processes.worker:from_environment", settings, beside, _counter(beside))
    logs.install()
    logs.to_stderr()
    gc.collect()
    gc.freeze()  # what is loaded stays, in memory that the workers share
    running.serve()


def _counter(beside: Sequence[str]) -> Callable[[str], None]:
    """Counts who is begun again, from nought on, among the metrics that the workers answer with."""
    # not before: the library looks at its first import for the folder of this run
    from service.http.metrics import BEGUN_AGAIN

    for kind in ("worker", *(module.rpartition(".")[2] for module in beside)):
        BEGUN_AGAIN.labels(kind)
    return lambda kind: BEGUN_AGAIN.labels(kind).inc()


def _beside(settings: Settings) -> list[str]:
    """The processes that run beside the workers; the seals and the monitoring need the first of them even
    where nothing is watched or sent.
    """
    shadows = settings.shadow == ON and bool(settings.registry)
    return ["service.processes.watch", *(["service.processes.shadow"] if shadows else [])]


def _leave(settings: Settings, folder: Path, frame: Path | None) -> None:
    """Other machines let through this one's part of a limit from now on, not only when its lease ends, and
    the frame says what is in it. A casebook that does not answer is not waited for, nor is a slow disk.
    """
    over, until = Event(), monotonic() + LEAVES_S

    def give_back() -> None:
        with suppress(StoreError), open_casebook(settings.casebook, settings.casebook_sync) as casebook:
            Machines(casebook, folder, system_clock).leave()
            over.set()

    giving = Thread(target=give_back, daemon=True)
    giving.start()
    if frame is not None:
        seal_folder(frame, until)  # nobody brings anything in any more
    giving.join(max(0.0, until - monotonic()))
    if not over.is_set():
        _say("the casebook does not answer: other machines count this one for a minute more")


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


class _Ready(NamedTuple):
    """Whether anybody can log in at the desk by name, and in which folder the frame lies."""

    by_name: bool
    frame: Path | None


def _prepare(settings: Settings) -> _Ready:
    """Raise what stops the start."""
    _check_port(settings)
    provider = provider_of(settings)
    endpoints(settings.webhooks)  # what cannot be meant stops the start
    networks(settings.webhook_networks)
    context = wire(settings, listens=True)
    try:
        if context.scorer is None:
            raise no_champion(settings.registry)
        MachineTerms.of(context).refuse_apart(others_now(context.casebook, context.clock()))
        warm(context)  # here, so that the workers find everything compiled and the frame filled
        context.casebook.forget_claims(context.clock() - timedelta(hours=settings.idempotency_hours))
        frame = context.views.frame
        return _Ready(
            provider is not None or context.casebook.users.any(), None if frame is None else frame.folder
        )
    finally:
        context.close(frame_s=LEAVES_S)


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
