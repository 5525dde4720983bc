"""Users as whoever runs the service makes and changes them, on the machine of the casebook."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from graph import private
from investigations.casebook.user_files import Change, UserFiles
from investigations.users import AuditWay, DeskRole, DeskUser, user_name
from service.login.passwords import hashed, refuse_unfit
from service.person_at_work import person_at_work

FIRST = "admin"


def by_command() -> Change:
    """A change that somebody makes by a command now."""
    return Change(by=person_at_work(), at=datetime.now(UTC), way=AuditWay.COMMAND)


def add(users: UserFiles, name: str, role: DeskRole, password: str | None, fewest: int) -> DeskUser:
    """A new user; without a password one who logs in through the provider.

    Raises SettingError, PasswordError or ConflictError.
    """
    change, name = by_command(), user_name(name)
    if password is not None:
        refuse_unfit(password, name, fewest)
    kept = None if password is None else hashed(password)
    user = DeskUser(name=name, role=role, created_at=change.at, password=kept)
    users.add(user, change)
    return user


def first_admin(users: UserFiles, file: Path) -> None:
    """Where nobody can log in yet: the user `admin`, whose password is in a file of its owner's alone."""
    if not users.any():
        password, _ = private.own_secret(file, f"the password of {FIRST}")
        add(users, FIRST, DeskRole.ADMIN, password, len(password))
