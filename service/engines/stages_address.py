"""What `--stages` names: an address under which every machine of a cluster finds the same files."""

from __future__ import annotations

import re
import secrets
from pathlib import Path

import fsspec
from fsspec.implementations.memory import MemoryFileSystem

from graph.model.errors import SettingError

# Spark and Sail take these for patterns, and Sail reads `%20` as a space: another folder than ours
_READ_OTHERWISE = re.compile(r"[*?\[\]{}\\]|%[0-9A-Fa-f]{2}")


def stages_address(given: str) -> str:
    """The address of a folder or bucket as Spark, Sail and fsspec read it alike; empty stays empty.

    Raises SettingError for one that they read differently.
    """
    if found := _READ_OTHERWISE.search(given):
        raise SettingError(
            f"--stages {given}: Spark reads {found[0]!r} as a pattern: name a folder without it"
        )
    return given if not given or "://" in given else f"file://{Path(given).absolute()}"


def refuse_unwritable(address: str) -> None:
    """Raises SettingError where this process cannot write at an address, or nobody else could read it."""
    try:
        files, place = fsspec.core.url_to_fs(address)
        if isinstance(files, MemoryFileSystem):
            raise SettingError(f"--stages {address}: no executor reaches the memory of this process")
        probe = f"{place.rstrip('/')}/.{secrets.token_hex(8)}"
        files.makedirs(place, exist_ok=True)
        files.pipe_file(probe, b"")
        files.rm_file(probe)
    except SettingError:
        raise
    except Exception as error:  # each kind of storage has errors of its own
        said = (error.strerror if isinstance(error, OSError) else None) or error
        raise SettingError(f"--stages {address} cannot be used: {said}") from error
