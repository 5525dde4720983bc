"""Files and folders at an address that fsspec reads (`s3://bucket/week`), as far as a delivery asks of
a path.

Each machine asks by what its own fsspec knows (environment, configuration): no credentials are in an address,
and none travel with one.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

import fsspec

from graph.model.errors import DeliveryError
from ingestion.excerpts import plain

_AT_ONCE = 1 << 20  # bytes of a range that is fetched
_FOLDER, _FILE = "directory", "file"
# what kinds of storage call the version of a file, the surest first
_VERSIONS = (
    "ETag", "etag", "md5Hash", "mtime", "LastModified", "last_modified", "updated", "modify", "modified",
    "created",
)  # fmt: skip
_CREDENTIALS = "credentials come from the environment or fsspec's own configuration, on every machine"


def is_address(given: object) -> bool:
    """Whether a delivery is at an address of a storage that fsspec knows, and no path and no database."""
    if not isinstance(given, str) or "://" not in given:
        return False
    return _scheme(given) in fsspec.available_protocols() or _scheme(given) in fsspec.registry


@dataclass(frozen=True, slots=True)
class Listed:
    """What a storage says of a name: its `kind`, its size in bytes, and a number for its version."""

    kind: str
    size: int
    version: int


@dataclass(frozen=True, slots=True)
class RemotePath:
    """A file, a folder or nothing at an address without a slash at its end. `listed` is what its folder said
    of it; else it is asked for, each time.

    Raises DeliveryError, which says what to do, where the storage cannot be asked.
    """

    url: str
    listed: Listed | None = field(default=None, compare=False)

    @classmethod
    def of(cls, given: str) -> RemotePath:
        """The address that somebody gave; what was listed there before is forgotten. Raises DeliveryError for
        one with a password or a query in it.
        """
        start = given.partition("://")[2].partition("/")[0]
        if ":" in start.rpartition("@")[0]:
            raise DeliveryError(f"{_scheme(given)}://...: an address has no password in it: {_CREDENTIALS}")
        if "::" in given or "?" in given or "#" in given:
            raise DeliveryError(
                f"{_scheme(given)}://...: the address of a delivery is a folder's, without `::`, `?` or `#`"
            )
        with _answering(given):
            fsspec.core.url_to_fs(given)[0].invalidate_cache()
        return cls(given.rstrip("/"))

    def __str__(self) -> str:
        return self.url

    def __truediv__(self, name: str) -> RemotePath:
        return RemotePath(f"{self.url}/{name}") if name else self

    @property
    def name(self) -> str:
        """The last part of the address."""
        return self.url.rpartition("/")[2]

    @property
    def stem(self) -> str:
        """The name without its ending."""
        return PurePosixPath(self.name).stem

    def relative_to(self, folder: RemotePath) -> str:
        """Its name within that folder."""
        return self.url.removeprefix(f"{folder.url}/")

    def is_dir(self) -> bool:
        """Whether it is a folder."""
        return self._seen().kind == _FOLDER

    def is_file(self) -> bool:
        """Whether it is a file."""
        return self._seen().kind == _FILE

    def is_there(self) -> bool:
        """Whether it is anything."""
        return bool(self._seen().kind)

    def looked_at(self) -> RemotePath:
        """The same, with what is said of it now."""
        return RemotePath(self.url, self._seen())

    @property
    def size(self) -> int:
        """Bytes."""
        return self._seen().size

    @property
    def state(self) -> tuple[int, ...]:
        """Its size and version; empty where nothing is there."""
        there = self._seen()
        return (there.size, there.version) if there.kind else ()

    def entries(self) -> Iterator[RemotePath]:
        """What lies in the folder, asked for once. Raises DeliveryError where it cannot be listed."""
        with _answering(self.url):
            files, place = fsspec.core.url_to_fs(self.url)
            for about in files.ls(place, detail=True):
                path = about["name"].rstrip("/")
                if path.strip("/") != place.strip("/"):  # a storage of objects may keep one for the folder
                    yield RemotePath(f"{self.url}/{path.rpartition('/')[2]}", _listed(about))

    def anew(self) -> RemotePath:
        """The same, of which nothing is known."""
        with _answering(self.url):
            fsspec.core.url_to_fs(self.url)[0].invalidate_cache()
        return RemotePath(self.url)

    @contextmanager
    def opened(self) -> Iterator[io.BufferedReader[Any]]:
        """The file, read by ranges. Raises OSError for what cannot be read."""
        with _as_os_error():
            files, place = fsspec.core.url_to_fs(self.url)
            files.invalidate_cache()
            size = int(files.info(place)["size"] or 0)
        with _Ranges(files, place, size) as ranges, io.BufferedReader(ranges, _AT_ONCE) as file:
            yield file

    def _seen(self) -> Listed:
        if self.listed is not None:
            return self.listed
        with _answering(self.url):
            files, place = fsspec.core.url_to_fs(self.url)
            try:
                return _listed(files.info(place))
            except FileNotFoundError:
                return Listed("", 0, 0)


class _Ranges(io.RawIOBase):
    """A file of a storage, of which only what is asked for is fetched."""

    def __init__(self, files: Any, place: str, size: int) -> None:
        self._files, self._place, self._size, self._at = files, place, size, 0

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        end = min(self._at + len(buffer), self._size)
        if end <= self._at:
            return 0
        with _as_os_error():
            found = self._files.cat_file(self._place, start=self._at, end=end)
        buffer[: len(found)] = found
        self._at += len(found)
        return len(found)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._at = offset + (0, self._at, self._size)[whence]
        return self._at

    def tell(self) -> int:
        return self._at

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True


def _listed(about: Mapping[str, Any]) -> Listed:
    said = next((str(about[name]) for name in _VERSIONS if about.get(name)), "")
    version = int.from_bytes(hashlib.sha256(said.encode()).digest()[:8], "big")
    return Listed(str(about["type"]), int(about["size"] or 0), version)


def _scheme(given: str) -> str:
    return given.partition("://")[0].lower()


@contextmanager
def _answering(url: str) -> Iterator[None]:
    """Whatever a storage raises becomes a DeliveryError that says what to do."""
    try:
        yield
    except DeliveryError:
        raise
    except Exception as error:  # each kind of storage has errors of its own
        raise DeliveryError(f"{url} {_said(error)}") from error


def _said(error: Exception) -> str:
    what = plain(str(error), 200) or type(error).__name__
    if isinstance(error, ImportError):
        return f"cannot be read ({what}): install that package here and for the executors' Python"
    if isinstance(error, FileNotFoundError):
        return f"is not there ({what}): look at the name, and whether these credentials may see it"
    if isinstance(error, PermissionError):
        return f"may not be listed and read ({what}): grant that, or give other credentials; {_CREDENTIALS}"
    return f"cannot be reached ({type(error).__name__}: {what}); {_CREDENTIALS}"


@contextmanager
def _as_os_error() -> Iterator[None]:
    """What reads files knows errors of this kind."""
    try:
        yield
    except OSError:
        raise
    except Exception as error:
        raise OSError(f"{type(error).__name__}: {error}") from error
