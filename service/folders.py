"""Checks folders and files that a command shall write."""

from __future__ import annotations

from pathlib import Path

from graph.model.errors import SettingError

_OF_FILES = frozenset(
    (".parquet", ".csv", ".json", ".jsonl", ".html", ".xlsx", ".txt", ".yaml", ".zip", ".gz", ".db")
)


def folder_named(path: Path) -> Path:
    """A path that a command shall make a folder of. Raises SettingError where its name is a file's:
    `--out rings.csv` is no table.
    """
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
