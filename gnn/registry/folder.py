"""The registry's files, in a folder or a bucket: written once, read whole."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from gnn.scoring.bundle import CARD
from graph.model.errors import RegistryError

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

_HISTORY, _BUNDLES = "history", "bundles"


class RegistryFolder:
    """`history/NUMBER.json` and `bundles/VERSION/` below a URL that fsspec understands (a path, `s3://...`).

    Every method raises RegistryError where the place cannot be used.
    """

    def __init__(self, url: str) -> None:
        import fsspec  # here, because a service without a registry needs none of it

        self.url = url
        try:
            fs, path = fsspec.core.url_to_fs(url)
        except (ImportError, ValueError) as error:
            raise RegistryError(f"the registry {url!r} cannot be used: {error}") from error
        self._fs: AbstractFileSystem = fs
        self._root: str = path.rstrip("/")
        self._local = "file" in ((fs.protocol,) if isinstance(fs.protocol, str) else fs.protocol)

    def entry(self, number: int) -> bytes | None:
        """The history's entry of that number; None where there is none yet."""
        self._fs.invalidate_cache()  # of a bucket's listings: others write too
        try:
            content: bytes = self._fs.cat_file(self._entry(number))
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self._unusable(error) from error
        return content

    def write_entry(self, number: int, content: bytes) -> None:
        """Add an entry, whole or not at all. Raises RegistryError also where somebody else was quicker."""
        path = self._entry(number)
        try:
            self._fs.makedirs(f"{self._root}/{_HISTORY}", exist_ok=True)
            if self._local:
                _link_once(Path(path), content)
            else:
                self._fs.pipe_file(path, content, mode="create")
        except FileExistsError:
            raise RegistryError(
                f"somebody else has just written to the registry {self.url}: look at it and try again"
            ) from None
        except OSError as error:
            raise self._unusable(error) from error

    def add_bundle(self, version: str, folder: Path) -> None:
        """Copy a bundle's files, its card last: a bundle that is there is whole."""
        place = f"{self._root}/{_BUNDLES}/{version}"
        files = sorted((p for p in folder.iterdir() if p.is_file()), key=lambda p: p.name == CARD)
        try:
            self._fs.makedirs(place, exist_ok=True)
            for path in files:
                self._fs.pipe_file(f"{place}/{path.name}", path.read_bytes())
        except OSError as error:
            raise self._unusable(error) from error

    @contextmanager
    def bundle(self, version: str) -> Iterator[Path]:
        """The folder of a bundle on this machine; of a bucket a copy that is gone afterwards."""
        place = f"{self._root}/{_BUNDLES}/{version}"
        if self._local:
            yield Path(place)
            return
        with tempfile.TemporaryDirectory(prefix="ringfence-bundle-") as folder:
            try:
                for name in self._fs.ls(place, detail=False):
                    content = self._fs.cat_file(name)
                    (Path(folder) / name.rpartition("/")[2]).write_bytes(content)
            except OSError as error:
                raise self._unusable(error) from error
            yield Path(folder)

    def _entry(self, number: int) -> str:
        return f"{self._root}/{_HISTORY}/{number:08d}.json"

    def _unusable(self, error: OSError) -> RegistryError:
        return RegistryError(f"the registry {self.url} cannot be used: {error.strerror or error}")


def _link_once(path: Path, content: bytes) -> None:
    """Make the file whole or not at all. Raises FileExistsError where it is there."""
    descriptor, beside = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.link(beside, path)
    finally:
        os.unlink(beside)
