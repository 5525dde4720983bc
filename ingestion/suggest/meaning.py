"""What each column of a foreign table is: by its name where its values agree, by its values alone where they
can be nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from graph.model.types import IdentifierKind
from ingestion.contract import IDENTIFIERS
from ingestion.suggest.foreign import Foreign
from ingestion.suggest.names import meant
from ingestion.suggest.values import FITS, Fit, fit, identifier_fit, is_unmistakably, time_fit

_CONCEPT_OF = {
    IdentifierKind.PHONE: "phone",
    IdentifierKind.NATIONAL_ID: "national_id",
    IdentifierKind.EMAIL: "email",
    IdentifierKind.IP: "ip",
}
_CONCEPT_OF |= {IdentifierKind.BANK_CARD: "bank_card"}
KINDS = {column.name: column.kind for column in IDENTIFIERS}
_STRICT = frozenset(
    (
        "applied_at",
        "at",
        "known_at",
        "opened_at",
        "disbursed_at",
        "closed_at",
        "rejected_at",
        "written_off_at",
        "clock",
        "amount",
        "term_months",
        "birth_year",
        "face_match",
        "liveness",
    )
)
# of a column of identifiers that is called by its name: masked and mistyped ones come in all the same
_LEAST = 0.3
_SURELY = 0.95  # of a column without a usual name


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """A column and what it is; `why` says it for people."""

    column: str
    concept: str
    fit: Fit
    why: str


@dataclass(kw_only=True)
class Meaning:
    """The columns of a table by concept, the best first, and why the others are none."""

    placed: dict[str, list[Placed]] = field(default_factory=dict)
    unplaced: dict[str, str] = field(default_factory=dict)

    def first(self, *concepts: str) -> Placed | None:
        """The best column of the first of those concepts that there is."""
        return next((self.placed[concept][0] for concept in concepts if self.placed.get(concept)), None)

    def has(self, *concepts: str) -> bool:
        """Whether there is a column of one of those concepts."""
        return self.first(*concepts) is not None


def meaning_of(foreign: Foreign) -> Meaning:
    """What the columns of a table are."""
    result = Meaning()
    for column in foreign.columns:
        placed, why = _place(column, foreign.samples[column])
        if placed is None:
            result.unplaced[column] = why
        else:
            result.placed.setdefault(placed.concept, []).append(placed)
    if not result.has("applied_at", "at") and result.has("amount", "term_months"):
        _only_moment(foreign, result)
    return result


def _only_moment(foreign: Foreign, result: Meaning) -> None:
    """What has an amount or a term was applied for once: the one column of moments says when."""
    fits = {column: time_fit(foreign.samples[column]) for column in result.unplaced}
    dated = {column: seen for column, seen in fits.items() if seen.share >= _SURELY}
    if len(dated) == 1:
        [(column, seen)] = dated.items()
        why = f"the one column of moments; {_share(seen, foreign.samples[column])}"
        result.placed["at"] = [Placed(column=column, concept="at", fit=seen, why=why)]
        del result.unplaced[column]


def _place(column: str, values: list[object]) -> tuple[Placed | None, str]:
    if not values:
        return None, "it is empty"
    doubts = []
    concepts = meant(column)
    for concept in (*concepts, *(("clock",) if {"applied_at", "at"} & {*concepts} else ())):
        seen = fit(concept, values)
        least = FITS if concept in _STRICT else _LEAST if concept in KINDS else 0.0
        if seen.share >= least and seen.share > 0:
            return Placed(
                column=column, concept=concept, fit=seen, why=f"its name; {_share(seen, values)}"
            ), ""
        doubts.append(f"its name says {concept}, and {seen.share:.0%} of its {len(values):,} values are")
    kind = is_unmistakably(values)
    if kind is not None:
        seen = identifier_fit(kind, values)
        return Placed(
            column=column,
            concept=_CONCEPT_OF[kind],
            fit=seen,
            why=f"its values alone; {_share(seen, values)}",
        ), ""
    return None, "; ".join(doubts) or "no usual name, and its values could be anything"


def _share(seen: Fit, values: list[object]) -> str:
    return f"{seen.share:.0%} of {len(values):,} values fit"
