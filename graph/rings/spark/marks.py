"""Which files of a stage count: each run writes into a folder of its own, and a mark, written last, names the
run whose files are the stage. So a run that was killed, or works beside another, disturbs nobody.

NAME.done          the mark: the run, and the columns where Spark wrote them
NAME/RUN/          the files of that run
NAME/RUN.files     their names and sizes, by which a file that was lost or cut short is noticed
"""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import asdict, dataclass
from uuid import uuid4

import fsspec
from fsspec.implementations.local import LocalFileSystem


@dataclass(frozen=True)
class Mark:
    """The `run` whose files are the stage, and its `schema` as Spark's JSON, where Spark wrote it."""

    run: str
    schema: str = ""


def place_of(folder: str, name: str, run: str) -> str:
    """The address of the files that a run writes of a stage."""
    return f"{folder}/{name}/{run}"


def marked(folder: str, name: str) -> Mark | None:
    """The mark of a stage in `folder`; None where there is none, or half of one."""
    files, place = fsspec.core.url_to_fs(f"{folder}/{name}.done")
    try:
        return Mark(**json.loads(files.cat_file(place)))
    except (FileNotFoundError, ValueError, TypeError):
        return None


def write_mark(folder: str, name: str, mark: Mark) -> None:
    """The files of that run are the stage from now on."""
    listed = json.dumps(files_in(place_of(folder, name, mark.run)))
    for address, content in (
        (f"{place_of(folder, name, mark.run)}.files", listed),
        (f"{folder}/{name}.done", json.dumps(asdict(mark))),
    ):
        put_whole(address, content.encode())


def is_whole(folder: str, name: str, run: str) -> bool:
    """Whether the files are there that the run wrote, as long as they were, and no others."""
    place = place_of(folder, name, run)
    files, listed = fsspec.core.url_to_fs(f"{place}.files")
    try:
        return bool(json.loads(files.cat_file(listed)) == files_in(place))
    except (FileNotFoundError, ValueError):
        return False


def files_in(address: str) -> dict[str, int]:
    """The files below an address by name, with their sizes in bytes; those that begin with `_` or `.` hold no
    rows.
    """
    files, place = fsspec.core.url_to_fs(address)
    files.invalidate_cache()
    found = files.find(place, detail=True)
    sizes = {path.removeprefix(place).lstrip("/"): int(about["size"]) for path, about in found.items()}
    return {name: sizes[name] for name in sorted(sizes) if name.rpartition("/")[2][:1] not in ("_", ".")}


def put_whole(address: str, content: bytes) -> None:
    """A file, whole or not at all, also where two write it at once."""
    files, place = fsspec.core.url_to_fs(address)
    folder, _, name = place.rpartition("/")
    files.makedirs(folder, exist_ok=True)
    if not isinstance(files, LocalFileSystem):
        files.pipe_file(place, content)  # a bucket shows an object when it is whole
        return
    beside = f"{folder}/.{name}.{uuid4().hex}"
    try:
        files.pipe_file(beside, content)
        files.mv(beside, place)
    except BaseException:
        drop(beside)
        raise


def drop(address: str) -> None:
    """Takes away what lies there, as far as that can be."""
    files, place = fsspec.core.url_to_fs(address)
    with suppress(Exception):
        files.rm(place, recursive=True)
