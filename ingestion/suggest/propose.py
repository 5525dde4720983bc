"""From the meaning of its columns to the tables of ours that a foreign table feeds."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from graph.model.errors import DeliveryError, RecordError
from ingestion.cells import moment_of
from ingestion.characters import visible
from ingestion.contract import IDENTIFIERS, TABLES
from ingestion.excerpts import names, plain
from ingestion.sources.limits import DEFAULT, DeliveryLimits
from ingestion.suggest.drafts import Draft, Line, Said
from ingestion.suggest.foreign import Foreign, read_database, read_foreign
from ingestion.suggest.meaning import KINDS, Meaning, Placed, meaning_of
from ingestion.suggest.names import unit
from ingestion.suggest.steps import steps_of
from ingestion.suggest.suggestion import ZONE, Suggestion
from ingestion.suggest.values import clock_form, days_alone, either_first, is_unmistakably, no_days, words_of
from ingestion.suggest.words import translated

US = "us"
_LENDERS = 200  # different ones that are written out
_MOMENTS = ("applied_at", "at")
_PEOPLE = re.compile(r"user|cust|client|person|member|applicant|borrower|客户|用户|会员|申请人")
_KINDS = (
    ("device_id", "device_use"),
    ("bank_card", "card_bind"),
    ("counterparty_id", "transfer"),
    ("ip", "login"),
)
_TRANSLATED = {"outcomes": "status", "contacts": "relation", "platforms": "type", "events": "kind"}


def suggest(files: Sequence[Path], now: datetime, limits: DeliveryLimits = DEFAULT) -> Suggestion:
    """A mapping for these files, which lie in one folder. `now`: from when on facts count whose moment
    nothing tells. Raises DeliveryError.
    """
    if len({path.resolve().parent for path in files}) > 1:
        raise DeliveryError("the files must lie in one folder: it is the delivery")
    return _suggested(read_foreign(files, limits), now)


def suggest_of_database(url: str, now: datetime, limits: DeliveryLimits = DEFAULT) -> Suggestion:
    """A mapping for the tables and views of a database. Raises DeliveryError."""
    return _suggested(read_database(url, limits), now)


def _suggested(tables: Sequence[Foreign], now: datetime) -> Suggestion:
    result = Suggestion()
    for foreign in tables:
        _Proposal(foreign, meaning_of(foreign), result, now).make()
    drafted = {draft.table for draft in result.drafts}
    if "applications" in drafted and "platforms" not in drafted:
        rows: Said = {"platform_id": US, "type": "other", "is_own": "true"}
        about = "no column names the lender: it is us. `type` says which kind of lender: " + ", ".join(
            TABLES["platforms"].column("type").words
        )
        result.drafts.append(Draft(table="platforms", rows=[Line("", rows)], about=about))
    return result


def tables_of(has: Meaning, file: str) -> tuple[str, ...]:
    """The tables of ours that columns of such meaning are; none where they are too few."""
    person, dated = has.has("applicant_id"), has.has(*_MOMENTS)
    named = has.has("application_id", "id")
    if person and has.has("relation") and has.has("phone"):
        return ("contacts",)
    if not person and has.has("type") and has.has("platform_id"):
        return ("platforms",)
    if not person and has.has("os", "model", "is_emulator", "is_rooted") and has.has("device_id", "id"):
        return ("devices",)
    if not person and has.has("category", "opened_at") and has.has("merchant_id", "id"):
        return ("merchants",)
    if has.has("status") and has.has("application_id") and dated and not person and not has.has("amount"):
        return ("outcomes",)
    if has.has("label") and not dated and (person or named):
        return ("labels",)
    tied = has.has("device_id", "bank_card", "ip", "event_id") and not has.has("application_id", "amount")
    if person and dated and (has.has("kind", "counterparty_id") or tied):
        return ("events",)
    loan = has.has("application_id", "amount", "term_months", "product", "platform_id")
    if dated and (person or has.has("national_id", "phone")) and (loan or not _PEOPLE.search(file.lower())):
        return ("applications", "labels") if has.has("label") else ("applications",)
    return ()


def lacking(has: Meaning, file: str) -> str:
    """Why columns of such meaning are no table of ours."""
    if (
        has.has("known_at")
        and not has.has("label")
        and has.has("application_id", "applicant_id", "national_id")
    ):
        return "no column says what was concluded: `constants: {label: fraud}` where all of it is fraud"
    if has.has(*_MOMENTS) and _PEOPLE.search(file.lower()):
        return "people, and nothing that they asked for: join them to their loans (of a database by a view)"
    if not has.has("applicant_id"):
        return "no applicant with a moment"
    return "too little" if has.has(*_MOMENTS) else "no moment"


class _Proposal:
    """What is proposed for one foreign table."""

    def __init__(self, foreign: Foreign, meaning: Meaning, result: Suggestion, now: datetime) -> None:
        self.foreign, self.meaning, self.found, self.now = foreign, meaning, result, now
        self.used: set[str] = set()

    def make(self) -> None:
        """Add its drafts, and what could not be placed."""
        tables = tables_of(self.meaning, self.foreign.name)
        steps = steps_of(self.meaning, self.foreign)
        if not tables and not steps:
            known = ", ".join(f"{c} ({p[0].column})" for c, p in self.meaning.placed.items())
            lacks = lacking(self.meaning, self.foreign.name)
            self.found.unplaced.append((self.foreign.name, "", f"{lacks}; found: {known or 'nothing'}"))
        for table in tables:
            draft = self._labels() if table == "labels" else self._table(table)
            self.found.drafts.append(draft)
        for step, columns in steps:
            self.found.drafts.append(step)
            self.used |= columns
        reasons = dict(self.meaning.unplaced)
        for concept, placed in self.meaning.placed.items() if tables or steps else ():
            words = (
                "a default is no fraud: say it as an outcome (dpd90) with its own moment"
                if concept == "default"
                else f"another {concept}"
            )
            reasons.update({one.column: words for one in placed if one.column not in self.used})
        self.found.unplaced += [(self.foreign.name, column, why) for column, why in reasons.items()]

    # -- columns

    def _table(self, table: str) -> Draft:
        draft = Draft(table=table, foreign=self.foreign)
        for column in TABLES[table].columns:
            placed = self._of(column.name, table)
            if placed is None:
                continue
            self.used.add(placed.column)
            draft.columns.append(self._line(column.name, placed, table, draft))
        self._who(draft, table)
        if table in ("applications", "events"):
            self._more_identifiers(draft)
        if table == "applications":
            self._lender(draft)
        if table == "events" and not self.meaning.has("kind"):
            kind = next((kind for concept, kind in _KINDS if self.meaning.has(concept)), "activity")
            draft.constants.append(Line("kind", kind, "no column says what happened"))
        if table == "contacts" and not self.meaning.has(*_MOMENTS):
            draft.constants.append(
                Line("at", self.now.isoformat(timespec="seconds"), "nothing tells when: so from now on")
            )
        return draft

    def _of(self, name: str, table: str) -> Placed | None:
        """The column that feeds ours of that name."""
        if name in _MOMENTS:
            return self.meaning.first(*(_MOMENTS if name == "applied_at" else _MOMENTS[::-1]))
        own = {
            "applications": "application_id",
            "events": "event_id",
            "merchants": "merchant_id",
            "devices": "device_id",
        }.get(table)
        return self.meaning.first(name, "id") if name == own else self.meaning.first(name)

    def _line(self, name: str, placed: Placed, table: str, draft: Draft) -> Line:
        values = self.foreign.samples[placed.column]
        if name in (*_MOMENTS, "known_at", "opened_at"):
            return self._moment(name, placed, draft)
        if _TRANSLATED.get(table) == name:
            return self._word(name, placed)
        says: dict[str, Said] = {"column": placed.column, **placed.fit.says}
        if placed.concept == "id" and name == "event_id":
            # two files of events may count from one, each for itself
            says["prefix"] = f"{self.foreign.name.partition('.')[0]}-"
        if (factor := unit(placed.column)) and name in ("amount", "face_match", "liveness"):
            says["times"] = factor
        if (
            name in ("applicant_id", "counterparty_id", "application_id")
            and (kind := is_unmistakably(values))
            and placed.concept != "application_id"
        ):
            says["kind"] = kind.value
            return Line(
                name, says, f"{placed.why}; raw {kind.value}s: nobody is called by one, but by its pseudonym"
            )
        if name == "applicant_id" and (others := self._instead(placed)):
            none = (
                f"{1 - len(values) / self.foreign.sampled:.0%} of the rows have none: they go by a pseudonym"
            )
            return Line(name, {"first_of": [says, *others]}, f"{placed.why}; {none}")
        return Line(name, says if len(says) > 1 else placed.column, placed.why)

    def _instead(self, placed: Placed) -> list[Said]:
        """By what people are called in rows that leave this column empty."""
        if len(self.foreign.samples[placed.column]) == self.foreign.sampled:
            return []
        return self._pseudonyms()

    def _pseudonyms(self) -> list[Said]:
        known = [p for concept in ("national_id", "phone") if (p := self.meaning.first(concept))]
        return [
            {"column": p.column, "kind": p.concept, **{k: v for k, v in p.fit.says.items() if k == "hashed"}}
            for p in known
        ]

    def _moment(self, name: str, placed: Placed, draft: Draft) -> Line:
        values = self.foreign.samples[placed.column]
        form = placed.fit.says.get("time", "")
        if (sentinels := no_days(values)) and not draft.where:
            draft.where.append(
                Line(
                    "", {"column": placed.column, "not_in": list[Said](sentinels)}, "days that stand for none"
                )
            )
        clock = self.meaning.first("clock")
        if clock is not None and days_alone(values, form):
            self.used.add(clock.column)
            of_day = clock_form(self.foreign.samples[clock.column])
            says: dict[str, Said] = {"columns": [placed.column, clock.column]}
            if form or ":" not in of_day:
                numbered = all(str(value).isdecimal() for value in values)
                says["time"] = f"{form or ('%Y%m%d' if numbered else '%Y-%m-%d')} {of_day}"
            return Line(name, says, f"{placed.why}; {clock.column} is the time of the day")
        why = placed.why + ("; DAY OR MONTH FIRST? the values fit both" if either_first(values, form) else "")
        return Line(name, {"column": placed.column, "time": form} if form else placed.column, why)

    def _words(self, placed: Placed) -> list[str]:
        """Every word of a column: one that the sample lacks would cost its rows."""
        return words_of(self.foreign.values(placed.column))

    def _word(self, name: str, placed: Placed) -> Line:
        meant, strange = translated(name, self._words(placed))
        more = f"; NO WORDS OF OURS: {names(strange)}: translate them" if strange else ""
        if not meant:
            return Line(name, placed.column, placed.why + more)
        return Line(name, {"column": placed.column, "values": dict[str, Said](meant)}, placed.why + more)

    def _who(self, draft: Draft, table: str) -> None:
        """The ids that every row needs, made of what is there where they have no column."""
        fed = {line.name for line in draft.columns}
        if table in ("applications", "events") and "applicant_id" not in fed:
            specs = self._pseudonyms()
            says: Said = {"first_of": specs} if len(specs) > 1 else specs[0]
            draft.columns.append(
                Line(
                    "applicant_id",
                    says,
                    "no column numbers the people: they are called by the pseudonym of this",
                )
            )
        if table == "applications" and "application_id" not in fed:
            who = self.meaning.first("applicant_id", "national_id", "phone")
            when = self.meaning.first(*_MOMENTS)
            assert who is not None, "a table without them is no table of applications"
            assert when is not None, "a table without them is no table of applications"
            if self.meaning.has("applicant_id"):
                parts: Said = {"columns": [who.column, when.column]}
                draft.columns.append(
                    Line("application_id", parts, "no column numbers the applications: who and when make one")
                )
            else:
                draft.columns.append(
                    Line(
                        "application_id",
                        {"column": who.column, "kind": who.concept},
                        "NO NUMBER: one application a person is kept",
                    )
                )

    def _more_identifiers(self, draft: Draft) -> None:
        roles = {column.name: column.role.value for column in IDENTIFIERS}
        for concept, kind in KINDS.items():
            for placed in self.meaning.placed.get(concept, ())[1:]:
                assert kind is not None, "every identifier has a kind"
                self.used.add(placed.column)
                role: dict[str, Said] = {} if roles[concept] == "own" else {"role": roles[concept]}
                draft.identifiers.append(
                    Line(
                        "",
                        {"column": placed.column, "kind": kind.value, **role, **placed.fit.says},
                        placed.why,
                    )
                )

    def _lender(self, draft: Draft) -> None:
        placed = self.meaning.first("platform_id")
        if placed is None:
            draft.constants.append(Line("platform_id", US, "no column names the lender"))
            return
        if any(one.table == "platforms" and one.foreign is not None for one in self.found.drafts):
            return
        lenders = self._words(placed)[:_LENDERS]
        rows = [Line("", {"platform_id": lender, "type": "other"}) for lender in lenders]
        types = ", ".join(TABLES["platforms"].column("type").words)
        about = (
            f"the lenders of {plain(placed.column)}. Say of each which `type` it is ({types}), `is_own: "
            "true` of your own"
        )
        self.found.drafts.append(Draft(table="platforms", rows=rows, about=about))

    # -- labels

    def _labels(self) -> Draft:
        draft = Draft(table="labels", foreign=self.foreign)
        label = self.meaning.first("label")
        assert label is not None, "a table without one has no labels"
        self.used.add(label.column)
        words = self._words(label)
        meant, strange = translated("label", words)
        if strange:
            known: list[Said] = [word for word in words if word not in strange]
            draft.where.append(
                Line(
                    "",
                    {"column": label.column, "in": known},
                    f"the others say nothing of fraud that is known: {names(strange)}",
                )
            )
        says: Said = {"column": label.column, "values": dict[str, Said](meant)} if meant else label.column
        about = self._about(draft)
        draft.columns += [
            about,
            Line("label", says, f"{label.why}; see that it means fraud, and not a default"),
        ]
        self._known_at(draft)
        return draft

    def _about(self, draft: Draft) -> Line:
        """The application, or else the person, that a label is about."""
        loans = next(
            (
                line
                for one in self.found.drafts
                if one.foreign is self.foreign
                for line in one.columns
                if line.name == "application_id"
            ),
            None,
        )
        if loans is not None:
            return loans
        loan, person, bare = (self.meaning.first(name) for name in ("application_id", "applicant_id", "id"))
        if loan is None and person is None and bare is not None:
            loan, person = (None, bare) if _PEOPLE.search(self.foreign.name.lower()) else (bare, None)
        about = loan or person
        assert about is not None, "a label is about somebody"
        self.used.add(about.column)
        return Line("application_id" if loan else "applicant_id", about.column, about.why)

    def _known_at(self, draft: Draft) -> None:
        known = self.meaning.first("known_at")
        if known is not None:
            self.used.add(known.column)
            draft.columns.append(self._moment("known_at", known, draft))
            return
        last = self._last_moment()
        why = (
            "nothing tells when it became known: so when the data ends"
            if last
            else "nothing tells when it became known: so from now on"
        )
        draft.constants.append(
            Line(
                "known_at",
                (last or self.now).isoformat(timespec="seconds"),
                why + "; a model learns nothing from it earlier",
            )
        )

    def _last_moment(self) -> datetime | None:
        """The latest moment of the table."""
        placed = self.meaning.first(*_MOMENTS)
        if placed is None:
            return None
        form, zone, last = placed.fit.says.get("time", ""), ZoneInfo(ZONE), None
        for value in self.foreign.values(placed.column):
            try:
                moment = moment_of(visible(value) if isinstance(value, str) else value, form)
            except (ValueError, OverflowError, TypeError, RecordError):
                continue
            moment = moment if moment.tzinfo else moment.replace(tzinfo=zone)
            if moment < self.now and (last is None or moment > last):
                last = moment
        return last
