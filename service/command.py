"""How every command ends: its figures as the last line on stdout, or one clear line on stderr and an exit status."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import orjson

from graph import private
from graph.model.errors import InputError, RingfenceError, SettingError

DONE, FAILED, UNUSABLE, INCOMPLETE, INTERRUPTED = 0, 1, 2, 3, 130
_OF_FILES = frozenset((".parquet", ".csv", ".json", ".jsonl", ".html", ".xlsx", ".txt", ".yaml", ".zip", ".gz", ".db"))


def ended(name: str, run: Callable[[], Mapping[str, object]]) -> int:
    """Run it, whatever it writes its owner's alone; exit status 0 done, 1 failed on the way, 2 unusable arguments or input, 130 ended by Ctrl-C."""
    try:
        with private.owner_only():
            figures = run()
    except RingfenceError as error:
        print(f"{name}: {error}", file=sys.stderr)
        return UNUSABLE if isinstance(error, InputError) else FAILED
    except OSError as error:
        print(f"{name}: {error.strerror or error}: {error.filename or 'a file that it needs'}", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        print(f"{name}: interrupted; what was committed so far is kept, the same command goes on", file=sys.stderr)
        return INTERRUPTED
    print(orjson.dumps(figures, option=orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS).decode())
    return DONE


def folder_named(path: Path) -> Path:
    """A path that a command shall make a folder of. Raises SettingError where its name is a file's: `--out rings.csv` is no table."""
    if path.suffix.lower() in _OF_FILES and not path.is_dir():
        raise SettingError(f"{path} names a file, and a folder is written: name a folder")
    return path


def folder_for(path: Path) -> Path:
    """The folder that a command shall write into, made where it is not there. Raises SettingError for one that cannot be, and as `folder_named`."""
    try:
        folder_named(path).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SettingError(f"cannot write into {path} ({error.strerror}): choose another folder") from error
    return path
