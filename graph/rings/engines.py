"""Connected components of the ring batch, computed in this process or in the database; the resulting rings
are the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol, runtime_checkable

import numpy as np

from graph.model.errors import SettingError, StoreError
from graph.model.types import IdentifierKind
from graph.rings.incidence import MERCHANT, Incidence
from graph.rings.projection import ApplicantLinks
from graph.store.port import GraphView
from graph.store.tables import KINDS, Column, Tables

Parts = Callable[[Tables, Incidence, ApplicantLinks], Column]


@runtime_checkable
class ComponentSource(Protocol):
    """A view whose database has graph algorithms of its own."""

    def components(self, hubs: Sequence[str]) -> Mapping[str, int]:
        """The component of each applicant whom anything but a hub links; `hubs` are names of identifiers'
        nodes.
        """
        ...


def engine(name: str, view: GraphView) -> Parts | None:
    """How the parts of the view's graph are found; None for the local engine, whose cut needs no parts.
    Raises SettingError.
    """
    if name == "local":
        return None
    if name != "gds":
        raise SettingError(f"--engine {name} is not built into this version: use --engine local or gds")
    if not isinstance(view, ComponentSource):
        raise SettingError("--engine gds needs a store in Neo4j (--store neo4j://...): use --engine local")
    return _InDatabase(view).parts


class _InDatabase:
    """Parts found in the database, held to the links that this process knows."""

    def __init__(self, view: ComponentSource) -> None:
        self._view = view

    def parts(self, tables: Tables, sharing: Incidence, links: ApplicantLinks) -> Column:
        """The part of each applicant (A,), numbered by its smallest applicant. Raises StoreError where a link
        crosses two parts.
        """
        result = self._view.components(_hubs(tables, sharing))
        alone = -1 - np.arange(len(tables.applicant_ids))
        part = np.array(
            [result.get(who, alone[n]) for n, who in enumerate(tables.applicant_ids.tolist())], np.int64
        )
        if (part[links.a] != part[links.b]).any():
            raise StoreError(
                "the database links other people than the batch does: facts were changed by hand, or another program projects into it"
            )
        _, first, number = np.unique(part, return_index=True, return_inverse=True)
        rank = np.empty(len(first), np.int64)
        rank[np.argsort(first, kind="stable")] = np.arange(len(first))
        return rank[number]


def _hubs(tables: Tables, sharing: Incidence) -> list[str]:
    """The nodes of the identifiers that link nobody."""
    hub = sharing.source[(sharing.hub != 0) & (sharing.kind < MERCHANT)]
    kinds, tokens = tables.identifiers["kind"][hub].tolist(), tables.identifiers["token"][hub].tolist()
    return [f"{IdentifierKind(KINDS[kind]).value}:{token}" for kind, token in zip(kinds, tokens, strict=True)]
