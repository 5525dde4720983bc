"""People who work at the desk, the roles that they have, and the trail of what they did and looked at."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from graph.model.errors import SettingError

_NAME = re.compile(r"[a-z0-9][a-z0-9._@-]{0,63}")


class DeskRole(StrEnum):
    """What a person at the desk may do, the lowest first; which scopes that is stands in
    `service.http.callers.access`. Whoever decides on cases does not read the trail of those who do: of an
    auditor's and a deciding role the deciding one is higher.
    """

    READER = "reader"
    AUDITOR = "auditor"
    INVESTIGATOR = "investigator"
    SENIOR = "senior"
    ADMIN = "admin"


WORKING = frozenset({DeskRole.INVESTIGATOR, DeskRole.SENIOR, DeskRole.ADMIN})
"""The roles of those who may have cases."""


class AuditAction(StrEnum):
    """What the trail tells of."""

    LOOKED = "looked"
    SEARCHED = "searched"
    LOGGED_IN = "logged_in"
    LOGIN_REFUSED = "login_refused"
    LOGGED_OUT = "logged_out"
    USER_ADDED = "user_added"
    ROLE_CHANGED = "role_changed"
    USER_DISABLED = "user_disabled"
    USER_ENABLED = "user_enabled"
    PASSWORD_CHANGED = "password_changed"
    POLICY_USED = "policy_used"
    POLICY_REFUSED = "policy_refused"
    POLICY_DROPPED = "policy_dropped"
    ERASURE_BEGAN = "erasure_began"
    ERASED = "erased"
    ERASURE_GIVEN_UP = "erasure_given_up"
    RINGS_USED = "rings_used"
    RINGS_REFUSED = "rings_refused"


class AuditWay(StrEnum):
    """As whom somebody came: a named user's session, a key, a provider of logins, or a command on the
    machine.
    """

    SESSION = "session"
    KEY = "key"
    PROVIDER = "provider"
    COMMAND = "command"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskUser:
    """A named user. `password` is its hash, None for somebody who logs in through a provider; `subject` is by
    what the provider knows them, None until they came once.
    """

    name: str
    role: DeskRole
    created_at: datetime
    password: str | None = field(default=None, repr=False)
    subject: str | None = None
    disabled: bool = False
    last_login: datetime | None = None

    @property
    def works(self) -> bool:
        """Whether cases may be given to them."""
        return not self.disabled and self.role in WORKING


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """One line of the trail: who, by which way, did what, to whom or what (`applicant:A-1`, `ring:R-1`,
    `case:C-1`, `user:wang`), for which purpose if they said one.

    `as_of` is the moment of the view that was looked at; `detail` says which part, or what came of it.
    """

    at: datetime
    by: str
    way: AuditWay
    action: AuditAction
    subject: str | None = None
    as_of: datetime | None = None
    purpose: str | None = None
    detail: str | None = None
    request_id: str | None = None
    position: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditFilter:
    """Which lines of the trail are wanted."""

    by: str | None = None
    subject: str | None = None
    action: AuditAction | None = None
    since: datetime | None = None
    until: datetime | None = None


def user_name(text: str) -> str:
    """The name in the form in which it is kept. Raises SettingError for one that cannot be a user's."""
    name = text.strip().lower()
    if not _NAME.fullmatch(name):
        raise SettingError(
            "a user's name has 1 to 64 of a-z, 0-9, dot, hyphen, underscore and @, and begins with a letter "
            "or a digit"
        )
    return name
