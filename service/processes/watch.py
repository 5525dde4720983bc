"""The process that watches and sends webhooks; `serve` keeps it running beside the workers."""

from __future__ import annotations

import os
from dataclasses import replace

from service.http import logs
from service.jobs.background import background
from service.processes.leaving import leave, wait_until_ended
from service.settings import Settings
from service.wiring import wire

_NICE = 10  # requests go first


def main() -> None:
    """Watch and send until whoever started us ends, or ends us. Takes the settings of the environment."""
    os.nice(_NICE)
    logs.install()
    logs.to_stderr()
    context = wire(replace(Settings.from_environment(), model="", registry=""))
    context.views.keeper.wake()
    with background(context):
        wait_until_ended()
    context.close(frame_s=0)  # the workers still bring something in: who started us keeps it
    leave()


if __name__ == "__main__":
    main()
