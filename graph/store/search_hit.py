"""What the investigators' search finds."""

from __future__ import annotations

from dataclasses import dataclass

SEARCH_S = 0.5  # how long an investigator's search looks


@dataclass(frozen=True, slots=True)
class SearchHit:
    """A hit of the investigators' search: `node` names it in a subgraph, `type` is applicant, application,
    ring or an identifier kind.
    """

    node: str
    type: str
    label: str
