"""The process in which what is in shadow answers; `serve` keeps it running beside the workers."""

from __future__ import annotations

import os
from contextlib import ExitStack, closing

from service.assessment.repeats.in_shadow import tried
from service.http import logs
from service.jobs.shadows import Shadows
from service.opening import open_casebook, open_keyring, open_store
from service.processes.leaving import leave, wait_until_ended
from service.registered_models import open_models
from service.settings import Settings
from service.threads.periodic_thread import PeriodicThread
from service.wiring import wire

_NICE = 10  # requests go first


def main() -> None:
    """Answer in shadow until whoever started us ends, or ends us. Takes the settings of the environment.

    Until something is in shadow nothing but the registry and the casebook is looked at.
    """
    os.nice(_NICE)
    logs.install()
    logs.to_stderr()
    settings = Settings.from_environment()
    with open_store(settings.store) as store:
        models = open_models(settings, open_keyring(settings, store).keys)
    at_work: list[Shadows] = []
    with ExitStack() as opened:
        casebook = opened.enter_context(open_casebook(settings.casebook, settings.casebook_sync))

        def step() -> bool:
            if not at_work:
                if not tried(models, casebook):
                    return True
                context = wire(settings)
                opened.callback(context.close, frame_s=0)  # as what watches does
                context.views.keeper.wake()
                at_work.append(opened.enter_context(closing(Shadows(context, context.models))))
            return at_work[0].step()

        thread = PeriodicThread(step)
        thread.wake()
        wait_until_ended()
        thread.close()
    leave()


if __name__ == "__main__":
    main()
