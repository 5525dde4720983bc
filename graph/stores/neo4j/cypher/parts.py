"""Building blocks of the Cypher statements: moments, the visibility condition of a view, the columns of each
fact.
"""

from __future__ import annotations

from graph.facts.hubs import COUNT_CAP

# Moments are DateTimes in UTC, so that people read them; they travel as whole microseconds, which is exact
# and ten times as fast to unpack. A year before 1970 needs the detour over year 1, because Cypher divides
# towards zero.
_YEAR_1 = 62_135_596_800
ROLE_TYPES = ("USES", "NAMES_AS_CONTACT", "NAMES_AS_EMPLOYER")  # in the order of graph.model.types.Role
TIE = "|".join(ROLE_TYPES)
# Of the store `s`; 0 before anybody asked for its identity.
EDITION = "coalesce(s.edition, s.identity, 0)"
# an identifier with so many ties is a crowd; part of the schema, and never less than COUNT_CAP, which may
# change with the code
HUB = 1_000
TALLIED = 16  # one with fewer ties than this is counted by walking them; one with more keeps their number
LATEST = 64  # and when the latest so many of them began


def when(micros: str) -> str:
    """The DateTime of a number of microseconds since 1970."""
    shifted = f"({micros} + {_YEAR_1}000000)"
    return f"datetime({{epochSeconds: {shifted} / 1000000 - {_YEAR_1}, microsecond: {shifted} % 1000000}})"


def when_known(micros: str) -> str:
    """The same, null for null."""
    return f"CASE WHEN {micros} IS NULL THEN null ELSE {when(micros)} END"


def micros(moment: str) -> str:
    """The microseconds since 1970 of a DateTime."""
    return f"{moment}.epochSeconds * 1000000 + {moment}.microsecond"


def visible(fact: str) -> str:
    """Whether the view sees a fact with `at` and `mark`."""
    return f"{fact}.at < $as_of AND {fact}.mark <= $mark"


def columns(fact: str, names: tuple[str, ...]) -> str:
    """The properties of a fact as a list, `at` in microseconds."""
    return "[" + ", ".join(_parameter(fact, name) for name in names) + "]"


def properties(row: str, names: tuple[str, ...], first: int = 0, revision: str | None = None) -> str:
    """A map of properties from the columns of a row, the first of which is row[first]; with `revision` the
    column after them says by how much the fact's mark is beyond `base`, the store's.
    """
    rows = [f"{name}: {_value(name, f'{row}[{first + n}]')}" for n, name in enumerate(names)]
    return (
        "{"
        + ", ".join(rows + ([f"{revision}: base + {row}[{first + len(names)}]"] if revision else []))
        + "}"
    )


def _parameter(fact: str, name: str) -> str:
    if name == "linking":
        return f"coalesce({fact}.linking, true)"
    return micros(f"{fact}.{name}") if name in _MOMENTS else f"{fact}.{name}"


def _value(name: str, value: str) -> str:
    if name == "opened_at":
        return when_known(value)
    if name == "linking":
        return f"CASE WHEN {value} THEN null ELSE false END"
    return when(value) if name in _MOMENTS else value


_MOMENTS = ("at", "known_at", "opened_at", "joined_at", "as_of")

APPLICATION = (
    "application_id", "applicant_id", "at", "platform_id", "product", "amount", "term_months", "merchant_id",
    "agent_id", "channel", "face_match", "liveness", "phone_three_element", "birth_year", "city",
    "new_citizen", "mentions", "attributes",
)  # fmt: skip
EVENT = (
    "event_id",
    "applicant_id",
    "at",
    "kind",
    "counterparty_id",
    "merchant_id",
    "amount",
    "mentions",
    "attributes",
)
OUTCOME = ("application_id", "status", "at", "amount")
LABEL = ("application_id", "applicant_id", "known_at", "source", "label", "detail")
PLATFORM = ("platform_id", "type", "is_own")
MERCHANT = ("merchant_id", "category", "city", "opened_at")
DEVICE = ("node", "os", "model", "is_emulator", "is_rooted")
IDENTIFIER = ("node", "kind", "masked", "linking")  # most link: only one that does not says so
MEMBER = ("role", "joined_at", "distance_to_core", "strength")

# A tie holds its first mention (`since`, told with `mark`). One that was mentioned more than once holds the
# latest one as well (`last`), the mark that told of it last (`told_by`), and in `told` every mention,
# |time,mark|time,mark, so that a view of an earlier moment or mark still reads what was known then. It is a
# text because the server takes far longer to unpack a list of numbers than to copy a text.
_TIMES = (
    "[x IN [x IN split(coalesce(t.told, ''), '|')[1..] | split(x, ',')] "
    "WHERE toInteger(x[1]) <= $mark | toInteger(x[0])]"
)
TIE_VISIBLE = f"t.since < $as_of AND (t.mark <= $mark OR any(at IN {_TIMES} WHERE at < $until))"
_FIRST_MENTION = f"reduce(first = null, at IN {_TIMES} | CASE WHEN first <= at THEN first ELSE at END)"
_LAST_MENTION = (
    f"reduce(last = null, at IN {_TIMES} | CASE WHEN at >= $until OR last >= at THEN last ELSE at END)"
)
TIE_SINCE = f"CASE WHEN t.mark <= $mark THEN {micros('t.since')} ELSE {_FIRST_MENTION} END"
TIE_LAST = (
    f"CASE WHEN t.last IS NULL THEN {micros('t.since')} "
    f"WHEN t.last < $as_of AND t.told_by <= $mark THEN {micros('t.last')} ELSE {_LAST_MENTION} END"
)
TIE_ROLE = " ".join(["CASE", *(f"WHEN t:{kind} THEN {code}" for code, kind in enumerate(ROLE_TYPES)), "END"])

# The ties of an identifier `i`, with their people `q`. Those of a crowd are never walked. They are in an
# index by time, so that a view from before it was one finds the few that it sees
# (DirectedRelationshipIndexSeek; a key of null asks nothing).
_IN_HUB = "".join(
    f""" UNION ALL WITH i MATCH (q)-[t:{kind}]->() USING INDEX SEEK t:{kind}(crowd, since)
        WHERE t.crowd = i.crowd AND {TIE_VISIBLE} RETURN q, t"""
    for kind in ROLE_TYPES
)
HELD = (
    f"CALL (i) {{ WITH i WHERE i.crowd IS NULL MATCH (i)<-[t:{TIE}]-(q:Applicant) WHERE {TIE_VISIBLE} "
    f"RETURN q, t{_IN_HUB} }}"
)
# How many they are, counted up to the cap. Few ties are walked. An identifier with more keeps how many it has
# (`ties`) and when the latest of them began (`latest`, the newest first, microseconds): the answer for any
# view of a moment after the first of these, and of a mark not before `told`. A crowd knows since when it has
# been one (`full_since`, `full_mark`).
SURE = f"""CASE WHEN i.latest[-1] < $until AND i.told <= $mark THEN i.ties - size([began IN i.latest
    WHERE began >= $until])
    WHEN i.full_since < $as_of AND i.full_mark <= $mark THEN {COUNT_CAP} END"""
COUNTED = f"""WITH *, {SURE} AS sure
CALL (i, sure) {{
    CALL (i, sure) {{ WITH i WHERE sure IS NULL {HELD} WITH t LIMIT {COUNT_CAP} RETURN t }}
    RETURN count(t) AS found
}}
WITH *, CASE WHEN coalesce(sure, found) > {COUNT_CAP} THEN {COUNT_CAP}
    ELSE coalesce(sure, found) END AS holders"""
