"""Searches folders for ids of people who were erased: by the store's codes, so nobody needs to name them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from graph.progress import ProgressBar
from graph.store.erased_codes import ErasedCodes, NameKind
from service.governance.erasure.file_texts import ClosedFileError, texts_in

_SEEN = 1_000_000  # texts that are remembered
_LONGEST = 256  # characters of an id
_ENDS = ".:!?"
_BETWEEN = ":=/@#&?"  # what may stand between an id and what is said of it


@dataclass(frozen=True, slots=True, kw_only=True)
class FileTraces:
    """How many ids of erased people, of their applications and of their events a file holds; `closed` says
    why it could not be searched, or not to its end.
    """

    file: Path
    people: int = 0
    applications: int = 0
    events: int = 0
    closed: str = ""

    @property
    def any(self) -> bool:
        """Whether it holds one."""
        return bool(self.people or self.applications or self.events)


_SEARCHED = (NameKind.APPLICANT, NameKind.APPLICATION, NameKind.EVENT)  # files hold no tokens of devices


@dataclass
class FileSearch:
    """A search by the codes of one store. An id that came back as somebody new's is found too."""

    codes: ErasedCodes
    _known: dict[str, frozenset[tuple[NameKind, str]]] = field(default_factory=dict, repr=False)

    def folder(self, folder: Path, bar: ProgressBar) -> Iterator[FileTraces]:
        """Every file below it; links are not followed."""
        files = [folder] if folder.is_file() else sorted(folder.rglob("*"))
        for path in files:
            if path.is_file() and not path.is_symlink():
                yield self.file(path)
                bar.update()

    def file(self, path: Path) -> FileTraces:
        """What one file holds, its name included."""
        found, closed = set(self._erased(path.name) | self._erased(path.stem)), ""
        try:
            for text in texts_in(path):
                found |= self._erased(text)
        except ClosedFileError as error:
            closed = str(error)
        counts = {kind: sum(one is kind for one, _ in found) for kind in _SEARCHED}
        return FileTraces(
            file=path,
            people=counts[NameKind.APPLICANT],
            applications=counts[NameKind.APPLICATION],
            events=counts[NameKind.EVENT],
            closed=closed,
        )

    def _erased(self, text: str) -> frozenset[tuple[NameKind, str]]:
        known = self._known.get(text)
        if known is None:
            if len(self._known) >= _SEEN:
                self._known.clear()
            known = self._known[text] = frozenset(
                (kind, name) for name in _names(text) for kind in _SEARCHED if self.codes.until(kind, name)
            )
        return known


def _names(text: str) -> set[str]:
    """What in a text may be an id: itself, without a full stop, and its parts (`applicant:C-104`)."""
    names = {text, text.rstrip(_ENDS)}
    for mark in _BETWEEN:
        if mark in text:
            names.update(*(part.split(mark) for part in tuple(names)))
    return {name for name in names if 0 < len(name) <= _LONGEST}
