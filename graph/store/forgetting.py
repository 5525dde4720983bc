"""The part of the store port that forgets people."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import NamedTuple

from graph.model.erasure import Erasure

ERASED_MEANWHILE = "people were erased meanwhile, and some may be named in this: begin it again"


class StoreState(NamedTuple):
    """What a copy of a store is compared with: up to which revision, and which edition of these."""

    revision: int
    edition: int


class Forgetting(ABC):
    """A store that gives erased people surrogates; everything else in it is only ever added to."""

    @abstractmethod
    def edition(self) -> int:
        """The identity, until people are erased: then a number drawn anew with each erasure. A copy of
        another edition holds names that this one has forgotten.
        """

    @abstractmethod
    def state(self) -> StoreState:
        """The revision and the edition, in one read; rows of an earlier edition that this process has at hand
        are dropped.
        """

    @abstractmethod
    def erase(self, erasure: Erasure) -> bool:
        """Give erased people their surrogates everywhere, the journal included, all or nothing; revisions and
        what others are told stay as they are. False, and nothing is done, where facts that came after it was
        planned name one of them, or others were erased since: it is to be planned anew
        (`graph.store.erasing`).

        Raises StoreUnavailableError, for whoever may not write also where it would be False.
        """

    @abstractmethod
    def refused(self) -> Mapping[str, int]:
        """The codes of erased names, with the moment (microseconds) before which facts that name them stay
        out.
        """

    def overwrite_free_space(self) -> bool:
        """Overwrite what deleted rows left in files of the store's own, and say whether nothing of it is left
        there: False where others kept it from doing so, or where the files are a server's. By default there
        are none.
        """
        return True
