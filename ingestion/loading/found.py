"""What lies there of a delivery, found by names alone: nothing but its mapping is opened."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from graph.model.errors import DeliveryError
from graph.model.near_names import perhaps
from ingestion.contract import TABLES
from ingestion.excerpts import plain
from ingestion.mappings.feed import Feed, Mapped, sources
from ingestion.mappings.mapping import FILE_NAME, read_mapping
from ingestion.sources.files import FoundFile, found_files, instead_of, matching
from ingestion.sources.limits import DEFAULT, FOLDERS_DEEP, DeliveryLimits
from ingestion.sources.paths import AnyPath, entries, is_link, is_there, name_within, path_of
from ingestion.sources.readers import SUFFIXES
from ingestion.sources.recoding import Format
from ingestion.sources.remote import RemotePath

REJECTS = "rejects.jsonl"  # what an earlier load may have left here is no table
_MESSAGE = 600  # characters


@dataclass(frozen=True, slots=True)
class FileOfSource:
    """A file of the source of that name, and how its text is written."""

    source: str
    file: FoundFile
    form: Format


@dataclass(frozen=True)
class FoundDelivery:
    """The `files` in the order of their sources' names, each source's in the order of its rows; `left_out`
    the files and folders that nothing reads.
    """

    folder: AnyPath
    mapping: Mapped
    files: tuple[FileOfSource, ...]
    left_out: tuple[str, ...]
    limits: DeliveryLimits = DEFAULT

    @property
    def name(self) -> str:
        """What the delivery is called."""
        return self.folder.name


def find_delivery(
    folder: Path | str, mapping: str | None = None, limits: DeliveryLimits = DEFAULT
) -> FoundDelivery:
    """Find every file that a mapping, or the contract, reads in a folder, which may be an address. Raises
    DeliveryError as `ingestion.loading.delivery.open_delivery`.
    """
    with shown_little(folder):
        return _found(path_of(folder), mapping, limits)


@contextmanager
def shown_little(delivery: Path | str) -> Iterator[None]:
    """What a DeliveryError says of a delivery, without much of what others wrote."""
    try:
        yield
    except DeliveryError as error:
        whole, given = str(error), str(delivery)
        ours = given if whole.startswith(given) else ""  # its caller gave that name
        raise DeliveryError(ours + plain(whole.removeprefix(ours), _MESSAGE)) from error


def _found(folder: AnyPath, mapping: str | None, limits: DeliveryLimits) -> FoundDelivery:
    if isinstance(folder, RemotePath) and not folder.is_there():
        raise DeliveryError(
            f"{folder} is not there: look at its name, and whether these credentials may see it"
        )
    if not folder.is_dir():
        file = ", and this is a file: name the folder in which it lies" if folder.is_file() else ""
        raise DeliveryError(f"{folder} is not a folder: a delivery is a folder of tables{file}")
    beside = folder / FILE_NAME
    there = {p.name: p for p in entries(folder, limits) if not p.name.startswith(".")}
    if mapping is not None:
        mapped = read_mapping(mapping, limits)
    elif is_there(beside):
        mapped = read_mapping(beside, limits)
    else:
        mapped = Mapped(name="contract", feeds=_contract_feeds(folder, there, limits))
    feeds = sources(mapped.feeds)
    named = {name: _files(folder, feed, mapped.name, limits) for name, feed in feeds.items()}
    read = {name for names_read in named.values() for name in names_read}
    files = tuple(
        FileOfSource(name, file, feed.form)
        for name, feed in sorted(feeds.items())
        for file in found_files(folder, name, named[name], limits)
    )
    return FoundDelivery(folder, mapped, files, _left_out(folder, there, read, limits), limits)


def _files(folder: AnyPath, feed: Feed, mapping: str, limits: DeliveryLimits) -> list[str]:
    """The files and folders that a feed reads."""
    results: dict[str, None] = {}
    for pattern in feed.files or (feed.source,):
        there = matching(folder, pattern, limits)
        if not there or not all(is_there(folder / name) for name in there):
            near = plain(perhaps(pattern, [path.name for path in entries(folder, limits)]))
            raise DeliveryError(
                f"{folder}: {plain(pattern)} is missing, the mapping {mapping} reads it{near}"
            )
        results.update(dict.fromkeys(there))
    return list(results)


def _left_out(
    folder: AnyPath, there: Mapping[str, AnyPath], read: Collection[str], limits: DeliveryLimits
) -> tuple[str, ...]:
    """What nothing reads: of the delivery, and of the folders in it of which some files are read."""
    opened = {parent for name in read for parent in PurePosixPath(name).parents} - {PurePosixPath(".")}
    within = {
        f"{parent}/{path.name}": path
        for parent in opened
        for path in entries(folder / str(parent), limits)
        if not path.name.startswith((".", "_"))
    }
    beside = {
        name: path for name, path in (dict(there) | within).items() if PurePosixPath(name) not in opened
    }
    return tuple(
        f"{name}/" if path.is_dir() else name
        for name, path in sorted(beside.items())
        if name not in read and name != FILE_NAME
    )


def _contract_feeds(
    folder: AnyPath, there: Mapping[str, AnyPath], limits: DeliveryLimits
) -> tuple[Feed, ...]:
    results: dict[str, str] = {}
    for name, path in there.items():
        table = _table_in(folder, name, path, limits)
        if table is None:
            continue
        if table in results:
            raise DeliveryError(f"{folder}: {table} is there twice, as {results[table]} and {name}")
        results[table] = name
    if not results:
        raise DeliveryError(
            f"{folder}: there is no table in it ({', '.join(TABLES)} as {', '.join(SUFFIXES)})"
        )
    return tuple(Feed(table=table, source=results[name]) for name, table in TABLES.items() if name in results)


def _table_in(folder: AnyPath, name: str, path: AnyPath, limits: DeliveryLimits) -> str | None:
    """Which table a file or folder of a delivery without a mapping is; None for what bears no table's name.
    Raises DeliveryError for what bears one and cannot be read: whatever looks like a table and is passed over
    would be missed by nobody.
    """
    stem, suffix = (
        name.partition(".")[0],
        next((s for s in sorted(SUFFIXES, key=len, reverse=True) if name.lower().endswith(s)), None),
    )
    if name == REJECTS:
        return None
    if is_link(path) and (suffix or stem.lower() in TABLES):
        raise DeliveryError(
            f"{folder}: {name} is a link, and links in a delivery are not followed: put the file itself there"
        )
    if is_link(path):
        return None
    if path.is_dir() and stem in TABLES:
        return stem
    if not path.is_dir() and not path.is_file() and (suffix or stem.lower() in TABLES):
        raise DeliveryError(f"{folder}: {name} is neither a file nor a folder that can be read")
    if suffix is None and stem.lower() in TABLES:
        what = (
            f"a table in a format that is not read; there are {', '.join(SUFFIXES)}{instead_of(name)}"
            if path.is_file()
            else f"no table: {stem.lower()} is"
        )
        raise DeliveryError(f"{folder}: {name} is {what}")
    if path.is_dir() and suffix is None:
        if within := _named_within(path, FOLDERS_DEEP, limits):
            inner, _, _ = name_within(within, folder).rpartition("/")
            raise DeliveryError(
                f"{folder}: {name_within(within, folder)} bears the name of a table and lies in a folder "
                f"that is not read: if the delivery is {folder / inner}, give that, else move the folder away"
            )
        return None
    table = stem if suffix is None else name[: -len(suffix)]
    if suffix is not None and table not in TABLES:
        raise DeliveryError(
            f"{folder}: {name} is no table of the contract ({', '.join(TABLES)}){perhaps(table, TABLES)}; "
            f"foreign tables need a {FILE_NAME}"
        )
    return None if suffix is None else table


def _named_within(folder: AnyPath, deeper: int, limits: DeliveryLimits) -> AnyPath | None:
    """The first file or folder within that bears the name of a table."""
    there = entries(folder, limits)
    if result := next((path for path in there if path.name.partition(".")[0].lower() in TABLES), None):
        return result
    below = (path for path in there if deeper and path.is_dir() and not is_link(path))
    return next((result for path in below if (result := _named_within(path, deeper - 1, limits))), None)
