"""What somebody does by force, although a group of people would be worse off, and the reason that stays."""

from __future__ import annotations

import argparse
from datetime import datetime
from typing import NamedTuple

import orjson

from graph.model.errors import SettingError
from investigations.users import AuditAction, AuditEntry, AuditWay
from service.person_at_work import person_at_work


class Deliberate(NamedTuple):
    """Who does it, why (None: they gave no reason), and whether by force."""

    by: str
    reason: str | None
    force: bool

    def entry(self, action: AuditAction, subject: str, at: datetime, found: object) -> AuditEntry:
        """The line of the audit trail, with what was `found`."""
        return AuditEntry(
            at=at,
            by=self.by,
            way=AuditWay.COMMAND,
            action=action,
            subject=subject,
            purpose=self.reason,
            detail=orjson.dumps(found).decode(),
        )


def add_force(parser: argparse.ArgumentParser, what: str, reasoned: str = "") -> None:
    """The options for it; `what` stands before their help, and `reasoned` before that of the reason where
    more than these have one.
    """
    parser.add_argument("--reason", help=f"{reasoned or what}why, for the audit trail; --force needs one")
    parser.add_argument(
        "--force", action="store_true", help=f"{what}although a group of people would be worse off"
    )


def deliberate(options: argparse.Namespace) -> Deliberate:
    """What the options say. Raises SettingError for force without a reason."""
    reason = (options.reason or "").strip()
    if options.force and not reason:
        raise SettingError("--force needs a --reason: it stands in the audit trail")
    return Deliberate(options.by or person_at_work(), reason or None, options.force)
