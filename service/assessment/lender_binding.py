"""Lender binding: for which lenders an API key speaks, and the name space of ids that keeps lenders apart."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

import orjson

from graph.model.errors import RecordError
from ingestion.contract import OWN_IDS, Table, name_space

_TAIL = re.compile(rb"(?<!\*)\*{3}[0-9A-Za-z]+(?=\")")  # the end of a masked key: `device:***7f2a`


@dataclass(frozen=True, slots=True)
class Binding:
    """The lenders that a key is bound to; None: the operator's, which speaks for all and shares the
    deliveries' ids.

    Ids of a bound key are kept behind a prefix of the binding's own (`@L01/`), which no answer shows.
    """

    lenders: tuple[str, ...] | None = None

    @property
    def prefix(self) -> str:
        """What stands before the binding's ids in the store."""
        return "" if self.lenders is None else name_space(*self.lenders)

    @property
    def subjects(self) -> str:
        """How the subjects begin of alerts and messages that are the binding's: those about its own loans."""
        return "" if self.lenders is None else f"application:{self.prefix}"

    def owns(self, kept: str) -> bool:
        """Whether an id of the store is one of the binding's."""
        return kept.startswith(self.prefix)

    def redacted(self, body: bytes) -> bytes:
        """The body of an answer as the binding's callers get it: ids as they gave them, and masks without
        what tells one from another.
        """
        if self.lenders is None:
            return body
        return _TAIL.sub(rb"***", body.replace(orjson.dumps(self.prefix)[1:-1], b""))

    def table(self, table: Table) -> Table:
        """The table as this binding reads it: ids go into its name space."""
        if self.lenders is None:
            return table
        columns = (
            replace(c, prefix=self.prefix + c.prefix) if c.name in OWN_IDS else c for c in table.columns
        )
        return replace(table, columns=tuple(columns))

    def lender(self, given: object) -> object:
        """The lender that a request speaks for: the one given, or the only one that there is. Raises
        RecordError for somebody else.
        """
        if self.lenders is None:
            return given
        if given in (None, "") and len(self.lenders) == 1:
            return self.lenders[0]
        if given not in (None, "") and given not in self.lenders:
            raise RecordError(
                "platform_id", "foreign_lender", f"this key speaks for {' and '.join(self.lenders)} only"
            )
        return given


OPERATOR = Binding()
