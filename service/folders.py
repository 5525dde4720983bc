"""Checks folders and files that a command shall write."""

from __future__ import annotations

import re
from pathlib import Path

from graph.model.errors import SettingError

_OF_FILES = frozenset(
    (".parquet", ".csv", ".json", ".jsonl", ".html", ".xlsx", ".txt", ".yaml", ".zip", ".gz", ".db")
)

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:")  # a drive has one letter


def of_this_machine(path: Path) -> Path:
    """A path that a command reads or writes as files. Raises SettingError for an address, `s3://bucket/week`,
    of which a path has lost a slash: it would become a folder `s3:` of this one.
    """
    if path.parts and _SCHEME.fullmatch(path.parts[0]) and not Path(path.parts[0]).exists():
        raise SettingError(
            f"{path} is an address in a storage: name a folder that this machine sees as files"
        )
    return path


def folder_named(path: Path) -> Path:
    """A path that a command shall make a folder of. Raises SettingError where its name is a file's:
    `--out rings.csv` is no table; and as `of_this_machine`.
    """
    of_this_machine(path)
    if path.suffix.lower() in _OF_FILES and not path.is_dir():
        raise SettingError(f"{path} names a file, and a folder is written: name a folder")
    return path


def folder_for(path: Path) -> Path:
    """The folder that a command shall write into, made where it is not there. Raises SettingError for one
    that cannot be, and as `folder_named`.
    """
    try:
        folder_named(path).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SettingError(f"cannot write into {path} ({error.strerror}): choose another folder") from error
    return path
