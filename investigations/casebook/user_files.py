"""Users of the desk and their sessions in a casebook; each change stands in the audit trail with who made
it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from graph.model.errors import ConflictError, UnknownUserError
from graph.model.moments import micros, moment
from investigations.casebook.audit_trail import write_down
from investigations.casebook.engine import Engines
from investigations.casebook.tables.user_tables import USER_SESSIONS, USERS
from investigations.users import AuditAction, AuditEntry, AuditWay, DeskRole, DeskUser

SEEN_EVERY = timedelta(minutes=1)  # how exactly it is kept when a session was used last


@dataclass(frozen=True, slots=True)
class SessionTerms:
    """How long a session lasts: unused, and at all."""

    idle: timedelta
    most: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Who changes a user, when and by which way."""

    by: str
    at: datetime
    way: AuditWay
    request_id: str | None = None

    def entry(self, action: AuditAction, name: str, detail: str | None = None) -> AuditEntry:
        """The line of the trail."""
        return AuditEntry(
            at=self.at, by=self.by, way=self.way, action=action, subject=f"user:{name}", detail=detail,
            request_id=self.request_id,
        )  # fmt: skip


class UserFiles:
    """The users in a casebook. Every method raises StoreUnavailableError when the database cannot be used,
    and those that change a user UnknownUserError where there is none of that name.
    """

    def __init__(self, engines: Engines) -> None:
        self._engines = engines

    def any(self) -> bool:
        """Whether anybody can log in by name."""
        with self._engines.reading() as connection:
            query = sa.select(USERS.c.name).where(USERS.c.disabled.is_(False)).limit(1)
            return connection.execute(query).first() is not None

    def all(self) -> tuple[DeskUser, ...]:
        """Everybody, by name."""
        with self._engines.reading() as connection:
            return tuple(map(_user, connection.execute(sa.select(USERS).order_by(USERS.c.name)).mappings()))

    def named(self, name: str) -> DeskUser | None:
        """The user of that name."""
        return self._one(USERS.c.name == name)

    def of_subject(self, subject: str) -> DeskUser | None:
        """The user whom a provider of logins knows by that."""
        return self._one(USERS.c.subject == subject)

    def add(self, user: DeskUser, change: Change) -> None:
        """Raises ConflictError where there is one of that name."""
        row = {
            "name": user.name, "role": user.role.value, "created_at": micros(user.created_at),
            "password": user.password, "subject": user.subject, "disabled": user.disabled,
        }  # fmt: skip
        try:
            with self._engines.writing() as connection:
                connection.execute(sa.insert(USERS), row)
                write_down(connection, [change.entry(AuditAction.USER_ADDED, user.name, user.role.value)])
        except sa.exc.IntegrityError:
            raise ConflictError(f"there is a user {user.name} already") from None

    def give_role(self, name: str, role: DeskRole, change: Change) -> None:
        """From now on, in open sessions too."""
        self._change(name, {"role": role.value}, change.entry(AuditAction.ROLE_CHANGED, name, role.value))

    def set_disabled(self, name: str, disabled: bool, change: Change) -> None:
        """Whoever is disabled cannot log in, and is logged out everywhere."""
        action = AuditAction.USER_DISABLED if disabled else AuditAction.USER_ENABLED
        self._change(name, {"disabled": disabled}, change.entry(action, name), end_sessions=disabled)

    def set_password(self, name: str, password: str, change: Change) -> None:
        """Keep another hash; all sessions of the user end."""
        entry = change.entry(AuditAction.PASSWORD_CHANGED, name)
        self._change(name, {"password": password}, entry, end_sessions=True)

    def keep_rehashed(self, name: str, before: str, password: str) -> None:
        """Keep a hash of the same password, made with today's parameters."""
        with self._engines.writing() as connection:
            same = (USERS.c.name == name) & (USERS.c.password == before)
            connection.execute(sa.update(USERS).where(same).values(password=password))

    def bind_subject(self, name: str, subject: str, change: Change) -> None:
        """By what a provider of logins knows the user."""
        entry = change.entry(AuditAction.LOGGED_IN, name, "first login through the provider")
        self._change(name, {"subject": subject}, entry)

    def begin_session(self, digest: str, user: DeskUser, terms: SessionTerms, change: Change) -> bool:
        """The user, as they were read, has logged in; what ended of all sessions is forgotten. False where
        they were disabled, or had another password, meanwhile.
        """
        at = micros(change.at)
        same = sa.update(USERS).where(
            USERS.c.name == user.name,
            USERS.c.password.is_not_distinct_from(user.password),
            USERS.c.disabled.is_(False),
        )
        with self._engines.writing() as connection:
            if connection.execute(same.values(last_login=at)).rowcount == 0:
                return False
            connection.execute(sa.delete(USER_SESSIONS).where(sa.not_(_lasting(change.at, terms))))
            connection.execute(
                sa.insert(USER_SESSIONS),
                {"digest": digest, "name": user.name, "began_at": at, "seen_at": at},
            )
            write_down(connection, [change.entry(AuditAction.LOGGED_IN, user.name)])
        return True

    def in_session(self, digest: str, terms: SessionTerms, now: datetime) -> DeskUser | None:
        """Whose session that is, if it lasts; that it was used is kept."""
        query = (
            sa.select(USERS, USER_SESSIONS.c.seen_at)
            .join(USER_SESSIONS, USER_SESSIONS.c.name == USERS.c.name)
            .where(USER_SESSIONS.c.digest == digest, _lasting(now, terms), USERS.c.disabled.is_(False))
        )
        with self._engines.reading() as connection:
            row = connection.execute(query).mappings().first()
        if row is None:
            return None
        if now - moment(row["seen_at"]) >= SEEN_EVERY:
            with self._engines.writing() as connection:
                used = sa.update(USER_SESSIONS).where(USER_SESSIONS.c.digest == digest)
                connection.execute(used.values(seen_at=micros(now)))
        return _user(row)

    def end_session(self, digest: str, name: str, change: Change) -> None:
        """The user has logged out."""
        with self._engines.writing() as connection:
            connection.execute(sa.delete(USER_SESSIONS).where(USER_SESSIONS.c.digest == digest))
            write_down(connection, [change.entry(AuditAction.LOGGED_OUT, name)])

    def _one(self, which: sa.ColumnElement[bool]) -> DeskUser | None:
        with self._engines.reading() as connection:
            row = connection.execute(sa.select(USERS).where(which)).mappings().first()
        return None if row is None else _user(row)

    def _change(
        self, name: str, values: dict[str, Any], entry: AuditEntry, *, end_sessions: bool = False
    ) -> None:
        with self._engines.writing() as connection:
            done = connection.execute(sa.update(USERS).where(USERS.c.name == name).values(values))
            if done.rowcount == 0:
                raise UnknownUserError(f"there is no user {name}")
            if end_sessions:
                connection.execute(sa.delete(USER_SESSIONS).where(USER_SESSIONS.c.name == name))
            write_down(connection, [entry])


def _lasting(now: datetime, terms: SessionTerms) -> sa.ColumnElement[bool]:
    return (USER_SESSIONS.c.seen_at > micros(now - terms.idle)) & (
        USER_SESSIONS.c.began_at > micros(now - terms.most)
    )


def _user(row: Any) -> DeskUser:
    return DeskUser(
        name=row["name"],
        role=DeskRole(row["role"]),
        created_at=moment(row["created_at"]),
        password=row["password"],
        subject=row["subject"],
        disabled=bool(row["disabled"]),
        last_login=None if row["last_login"] is None else moment(row["last_login"]),
    )
