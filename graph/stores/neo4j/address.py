"""Where a Neo4j store is: what its URL says, checked."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote, urlsplit

from graph.model.errors import SettingError

SCHEMES = ("neo4j", "neo4j+s", "neo4j+ssc", "bolt", "bolt+s", "bolt+ssc")
FORM = "neo4j://user:password@host:port/database"


@dataclass(frozen=True, slots=True)
class Address:
    """`uri` without the password, for the driver and for messages; `graph` names one of several graphs in a
    database, None the only one.

    Community Edition has one database a server: `?graph=trial` keeps a second graph in it, under labels of
    its own (`Applicant_trial`).
    """

    uri: str
    user: str
    password: str
    database: str | None
    graph: str | None


def address_of(url: str) -> Address:
    """Read a store URL. Raises SettingError, without the password in its message."""
    parts = urlsplit(url)
    try:
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        raise SettingError(
            f"the port of a {parts.scheme}:// store is no number; the form is {FORM}"
        ) from None
    if parts.scheme not in SCHEMES or not parts.hostname:
        raise SettingError(f"a {parts.scheme}:// store URL without a host: the form is {FORM}")
    options = dict(parse_qsl(parts.query))
    graph = options.pop("graph", None)
    if options or (graph is not None and not re.fullmatch(r"[a-z][a-z0-9]{0,30}", graph)):
        raise SettingError(
            "a Neo4j store URL takes one option, ?graph=NAME, with a name of small letters and digits"
        )
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    database = parts.path.strip("/") or None
    return Address(
        f"{parts.scheme}://{host}{port}",
        unquote(parts.username or ""),
        unquote(parts.password or ""),
        database,
        graph,
    )
