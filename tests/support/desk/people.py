"""People at the desk: users in a service's casebook, and clients that have logged in by name."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient

from graph.model.types import RingSnapshot
from investigations.casebook.user_files import Change, UserFiles
from investigations.users import AuditWay, DeskRole, DeskUser
from service.assessment.context import AppContext
from service.login import passwords
from tests.support.desk.worlds import dormitory_and_ring, ring_of
from tests.support.small_service import service
from tests.support.small_worlds import day

PASSWORD = "rain on a quiet harbour"
_HASH: list[str] = []
_MACHINES = count()
FULL_COST = passwords._hasher
# hashing at its full cost takes a tenth of a second of both cores, and tests log in by the hundred
passwords._hasher = cache(lambda: PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


def by_command(at: datetime | None = None) -> Change:
    """A change that whoever runs the service makes."""
    return Change(by="root", at=at or datetime.now(UTC), way=AuditWay.COMMAND)


def add_user(users: UserFiles, name: str, role: DeskRole, **more: Any) -> DeskUser:
    """Somebody with PASSWORD."""
    if not _HASH:
        _HASH.append(passwords.hashed(PASSWORD))
    change = by_command()
    user = DeskUser(name=name, role=role, created_at=change.at, **({"password": _HASH[0]} | more))
    users.add(user, change)
    return user


def form(client: FlaskClient, path: str = "/login", **headers: str) -> str:
    """The token of a form that somebody has opened."""
    found = re.search(r'name="token" value="(\w+)"', client.get(path, headers=headers).get_data(as_text=True))
    assert found is not None
    return found[1]


def log_in(client: FlaskClient, name: str, password: str = PASSWORD, **more: Any) -> Any:
    """The answer to the login page's form."""
    token = form(client)
    return client.post("/login", data={"token": token, "name": name, "password": password, **more})


def desk_of(app: Flask, name: str) -> FlaskClient:
    """A browser in which somebody has logged in; what it sends carries the token, as the page does."""
    client = app.test_client()
    machine = next(_MACHINES)
    client.environ_base["REMOTE_ADDR"] = f"10.1.{machine // 250}.{machine % 250}"
    assert log_in(client, name).status_code == 303
    token = client.get("/desk/me").get_json()["csrf"]
    client.environ_base["HTTP_X_CSRF_TOKEN"] = token
    return client


def staffed(folder: Path, api_keys: str, **changes: Any) -> AppContext:
    """A service over a dormitory and a flagged ring, with a user of each role, who is named as the role;
    `changes` are settings.
    """
    opened = service(folder, dormitory_and_ring(), api_keys=api_keys, **changes)
    rings = (ring_of("ann", "bo", "cy", "di", "ed"),)
    opened.store.save_rings(RingSnapshot(name="W12", as_of=day(69), rings=rings, changes=()))
    for role in DeskRole:
        add_user(opened.casebook.users, role.value, role)
    return opened
