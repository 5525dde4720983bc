"""Field selection: `fields` names the parts of an answer to return, `variables` the multi-lending ones; the
audit keeps all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from graph.features.lending.grammar import beyond_standard, is_variable, nearest
from graph.model.errors import RecordError
from graph.model.near_names import near_name
from service.assessment.answers.answer import Assessment

FIELDS = tuple(name for name in Assessment.__annotations__ if name not in Assessment.__optional_keys__)
"""The parts of an answer, in their order."""
ALWAYS = ("request_id", "application_id", "assessment_id", "idempotent_replay", "degraded", "ignored")
"""What tells one answer from another and says how complete it is cannot be left out."""
KEYS = ("fields", "variables")  # in a request
MOST_NAMES = 1_000  # in one of them: what is named is computed and written down with every answer


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldSelection:
    """None: all. Naming variables asks for the part that holds them."""

    fields: frozenset[str] | None = None
    variables: frozenset[str] | None = None

    def of(self, answer: Mapping[str, Any]) -> dict[str, Any]:
        """The parts of `answer` that are wanted, in their order."""
        kept = dict(answer)
        if self.fields is not None:
            requested = self.fields.union(ALWAYS, ("multi_lending",) if self.variables is not None else ())
            kept = {name: value for name, value in answer.items() if name in requested}
        if self.variables is not None:
            summary = kept["multi_lending"]
            kept["multi_lending"] = summary | {
                "variables": {
                    name: value for name, value in summary["variables"].items() if name in self.variables
                }
            }
            if "withheld" in summary:
                kept["multi_lending"]["withheld"] = [
                    name for name in summary["withheld"] if name in self.variables
                ]
        return kept

    @property
    def beyond_standard(self) -> tuple[str, ...]:
        """The variables that are not in every answer, by name."""
        return beyond_standard(sorted(self.variables or ()))

    @property
    def everything(self) -> bool:
        """Whether nothing is left out."""
        return self.fields is None and self.variables is None


EVERYTHING = FieldSelection()


def field_selection(body: Mapping[str, Any]) -> tuple[FieldSelection, tuple[RecordError, ...]]:
    """The field selection of a request's body, and the errors in it."""
    problems: list[RecordError] = []
    fields = _chosen(body, "fields", FIELDS.__contains__, problems)
    variables = _chosen(body, "variables", is_variable, problems)
    return FieldSelection(fields=fields, variables=variables), tuple(problems)


def _chosen(
    body: Mapping[str, Any], key: str, is_known: Callable[[str], bool], problems: list[RecordError]
) -> frozenset[str] | None:
    given = body.get(key)
    if given is None:
        return None
    if not isinstance(given, list) or not all(isinstance(name, str) for name in given):
        problems.append(RecordError(key, "unreadable_list", "must be a list of names"))
        return None
    if len(given) > MOST_NAMES:
        problems.append(RecordError(key, "too_many_names", f"holds at most {MOST_NAMES:,} names"))
        return None
    chosen = frozenset(given)
    if unknown := sorted(name for name in chosen if not is_known(name)):
        message = f"knows no {', '.join(name[:64] for name in unknown[:5])}{_hint(key, unknown)}"
        problems.append(RecordError(key, f"unknown_{key.removesuffix('s')}", message))
    return chosen


def _hint(key: str, unknown: Sequence[str]) -> str:
    """What the first of them may mean."""
    like = nearest(unknown[0]) if key == "variables" else near_name(unknown[0], FIELDS)
    return f"; the nearest to the first is {like}" if like else ""
