"""For what a command shows people: its option, and its line in the audit trail before anything is shown."""

from __future__ import annotations

import argparse

from investigations.users import AuditAction, AuditEntry
from scripts.cli.usual_arguments import PURPOSE
from service.clock import system_clock
from service.login.accounts import by_command
from service.opening import casebook_given, open_casebook
from service.settings import Settings


def purpose_given(settings: Settings, options: argparse.Namespace) -> str | None:
    """For what, as it is kept; None where nobody said. Raises PurposeError where it must be said, and was
    not.
    """
    return settings.purposes_in_force.checked(options.purpose or "", PURPOSE)


def keep_look(settings: Settings, options: argparse.Namespace, shows: str) -> None:
    """Keep that a command shows people where somebody said for what; without it nobody is asked and nothing
    is kept. Raises PurposeError, SettingError where there is no casebook to keep it in.
    """
    purpose = purpose_given(settings, options)
    if purpose is None:
        return
    by, now = by_command(), system_clock()
    line = AuditEntry(at=now, by=by.by, way=by.way, action=AuditAction.LOOKED, purpose=purpose, detail=shows)
    with open_casebook(casebook_given(settings.casebook), settings.casebook_sync) as casebook:
        casebook.audit.add([line])
