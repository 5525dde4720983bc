"""Creates an operator key at the first start where no API key is configured, so that a listening service
always requires one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from graph import private
from graph.model.errors import SettingError
from investigations.casebook import file_of
from service.http.callers.auth import digest_of
from service.opening import sqlite_path
from service.settings import Settings

NAME = "operator"
_ENDING = ".operator.key"


def operators_file(settings: Settings) -> Path:
    """Where the operator's key is kept: beside the embedded store, or beside the embedded casebook of a store
    on a server.

    Raises SettingError where neither is a file.
    """
    beside = (
        sqlite_path(settings.store) if settings.store.startswith("sqlite:") else file_of(settings.casebook)
    )
    if beside is None:
        raise SettingError(
            "no API key is configured, and neither store nor casebook is a file beside which one could be "
            "made: give RINGFENCE_API_KEYS or RINGFENCE_API_KEYS_FILE (docs/settings.md)"
        )
    return beside.with_name(beside.name + _ENDING)


def with_operators_key(settings: Settings, say: Callable[[str], None]) -> Settings:
    """The settings with the digest of the operator's key, which opens everything; a new key is said, once, an
    older one's place.

    Raises SettingError for a file that cannot be used, is open to others, or holds a weak key.
    """
    path = operators_file(settings)
    key, created = private.own_secret(path, "the operator's key")
    try:
        digest = digest_of(NAME, key)
    except SettingError as error:
        raise SettingError(f"{path}: {error}; or delete the file, and the next start makes one") from error
    if created:
        say(
            "no API key is configured: made one for you, who run the service (it opens everything, and is "
            f"shown only now): {key}"
        )
    say(f"the operator's key is in {path}, which only you can read")
    return replace(settings, api_keys=f"{NAME}:sha256${digest.hex()}@*")
