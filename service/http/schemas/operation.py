"""One operation of the API as a value, and the problems that every one may answer with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from msgspec import Struct

from service.http.schemas.request_schemas import Schema

EVERYWHERE = ("bad_header", "internal_error", "busy")
KEYED = (
    "no_valid_key",
    "session_ended",
    "scope_missing",
    "csrf_token_missing",
    "no_lender",
    "rate_limited",
    "store_unavailable",
)
BODY = (
    "unreadable_body",
    "body_too_slow",
    "too_large",
    "not_json",
    "invalid_fields",
    "known_with_other_content",
)
SHOWING = frozenset({"risk", "rings", "alerts", "cases", "audit"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One operation. `answer` is a type of an answer, or the content type of what is no JSON; `problems` are
    codes beside EVERYWHERE's. `unready`: a status with which `answer` comes too.

    `open`: no key is needed. `under_v1`: it answers under `/v1` as well.
    """

    method: str
    path: str
    name: str
    tag: str
    summary: str
    answer: Any
    about: str = ""
    path_parameters: dict[str, str] | None = None
    headers: type[Struct] | None = None
    query: type[Struct] | None = None
    body: Schema | None = None
    problems: tuple[str, ...] = ()
    unready: int | None = None
    open: bool = False
    under_v1: bool = True

    @property
    def shows_people(self) -> bool:
        """Whether it is asked for a purpose."""
        return self.tag in SHOWING and self.name not in ("count_verdicts", "list_assignees")

    @property
    def codes(self) -> tuple[str, ...]:
        """Every problem that it may answer with."""
        return (
            *EVERYWHERE,
            *(("bad_query",) if self.method == "get" or "{" in self.path else ()),
            *(() if self.open else KEYED),
            *(BODY if self.body is not None else ()),
            *(("purpose_missing",) if self.shows_people else ()),
            *self.problems,
        )
