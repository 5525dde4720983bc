"""Where the columns of a view are read from: whole tables, or the rows that a range of people leads to."""

from __future__ import annotations

from collections.abc import Mapping

from graph.facts.people_range import PeopleRange


class TableSources:
    """The part of each query behind FROM. With a range every one starts at its people and goes on by
    indexes, so that it costs as much as they have facts.
    """

    def __init__(self, when: Mapping[str, int], within: PeopleRange | None) -> None:
        self._recorded = f"mark <= {when['mark']}"
        self._visible = f"at < {when['as_of']} AND {self._recorded}"
        self._visible_outcome = f"o.at < {when['as_of']} AND o.{self._recorded}"
        self._known = f"known_at < {when['as_of']} AND {self._recorded}"
        self._people = None if within is None else _people(within)
        self._all_places = within is None or within.is_first

    def ties(self) -> str:
        """One row a tie."""
        return f"{self._of('mention')} WHERE {self._visible} GROUP BY applicant, identifier, role"

    def identifiers(self) -> str:
        """Of a range, those of its ties."""
        return self._named("identifier", "key", self._mentioned())

    def applications(self) -> str:
        """By (at, application_id)."""
        return f"{self._of('application')} WHERE {self._visible} ORDER BY at, application_id"

    def events(self) -> str:
        """By key."""
        return f"{self._of('event')} WHERE {self._visible} ORDER BY key"

    def outcomes(self) -> str:
        """Outcomes `o` with their applications `a`, which the view need not see."""
        if self._people is None:
            return (
                f"(SELECT * FROM outcome WHERE {self._visible}) o CROSS JOIN application a "
                "ON a.application_id = o.application_id"
            )
        return (
            f"{self._people} CROSS JOIN application a ON a.applicant = person CROSS JOIN outcome o "
            f"ON o.application_id = a.application_id WHERE {self._visible_outcome}"
        )

    def labels(self) -> str:
        """By (known_at, application_id, applicant_id, source, label); the applications need not be seen."""
        of = "label" if self._people is None else self._labels_of_range()
        return f"{of} WHERE {self._known} ORDER BY known_at, application_id, applicant_id, source, label"

    def people(self) -> str:
        """By id. Of a range, with those whom its events are towards."""
        if self._people is None:
            return "applicant ORDER BY applicant_id"
        towards = f"SELECT counterparty FROM {self._of('event')} WHERE counterparty IS NOT NULL"
        those = f"(SELECT person AS of FROM {self._people} UNION {towards} AND {self._visible})"
        return f"{self._named('applicant', 'key', those)} ORDER BY applicant_id"

    def merchants(self) -> str:
        """By id. Of a range those that its facts name; the first one has all."""
        return f"{self._places('merchant', 'application', 'event')} ORDER BY merchant_id"

    def platforms(self) -> str:
        """Likewise."""
        return f"{self._places('platform', 'application')} ORDER BY platform_id"

    def devices(self) -> str:
        """By identifier."""
        devices = self._named("device", "identifier", self._mentioned())
        return f"{devices} WHERE {self._recorded} ORDER BY identifier"

    def _of(self, table: str) -> str:
        """A table of facts that have an applicant."""
        return table if self._people is None else f"{self._people} CROSS JOIN {table} ON applicant = person"

    def _mentioned(self) -> str:
        return f"(SELECT DISTINCT identifier AS of FROM {self._of('mention')} WHERE {self._visible})"

    def _named(self, table: str, key: str, those: str) -> str:
        """A table of what facts name; of a range, the rows whose keys are `those`, a query of `of`."""
        return table if self._people is None else f"{those} CROSS JOIN {table} ON {table}.{key} = of"

    def _places(self, table: str, *facts: str) -> str:
        column = f"{table}_id"
        if self._all_places:
            return f"{table} WHERE {self._recorded}"
        named = " UNION ".join(
            f"SELECT {column} AS of FROM {self._of(fact)} WHERE {self._visible}" for fact in facts
        )
        return f"{self._named(table, column, f'({named})')} WHERE {self._recorded}"

    def _labels_of_range(self) -> str:
        return (
            f"(SELECT l.* FROM {self._people} CROSS JOIN application a ON a.applicant = person "
            "CROSS JOIN label l ON l.application_id = a.application_id UNION ALL "
            f"SELECT l.* FROM {self._people} CROSS JOIN label l ON l.applicant_id = who "
            "WHERE l.applicant_id <> '' AND l.application_id = '')"
        )


def _people(within: PeopleRange) -> str:
    upto = f" AND applicant_id <= {_text(within.last)}" if within.last else ""
    return (
        "(SELECT key AS person, applicant_id AS who FROM applicant "
        f"WHERE applicant_id > {_text(within.after)}{upto})"
    )


def _text(value: str) -> str:
    """A text as a literal, whatever signs it holds."""
    return f"CAST(X'{value.encode().hex()}' AS TEXT)"
