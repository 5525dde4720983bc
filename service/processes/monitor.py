"""The process of one monitoring, begun by the job: its memory is given back when it ends."""

from __future__ import annotations

import logging
import os
import sys

from graph.model.errors import RingfenceError
from service.clock import clock_of
from service.governance.monitoring.daily import monitor_and_keep
from service.http import logs
from service.opening import open_casebook, open_existing
from service.settings import Settings

_NICE = 15  # requests go first, and the watch
log = logging.getLogger("ringfence.monitoring")


def main() -> int:
    """Monitor once with the settings of the environment; 1 where that could not be done, which is logged."""
    os.nice(_NICE)
    logs.install()
    logs.to_stderr()
    try:
        settings = Settings.from_environment()
        with (
            open_casebook(settings.casebook, settings.casebook_sync) as casebook,
            open_existing(settings.store, zone=settings.timezone) as store,
        ):
            monitor_and_keep(settings, casebook, store, clock_of(casebook)())
    except RingfenceError as error:
        log.warning("%s", error)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
