"""Cypher that writes: one statement looks up what is known of a batch, one writes what is new; both are built
from one part a table.
"""

from __future__ import annotations

from graph.stores.neo4j.cypher.parts import (
    APPLICATION,
    DEVICE,
    EDITION,
    EVENT,
    HUB,
    IDENTIFIER,
    LABEL,
    LATEST,
    MERCHANT,
    OUTCOME,
    PLATFORM,
    ROLE_TYPES,
    TALLIED,
    TIE,
    columns,
    micros,
    properties,
    when,
    when_known,
)

# -- what is known: every part looks a short list up by a unique key (NodeUniqueIndexSeek)

# Writers go one at a time: setting a property takes the lock, and the mark is read once it is held.
LOCK = f"MATCH (s:Store {{name: 'ringfence'}}) SET s.locked = true WITH s.mark AS mark, {EDITION} AS edition"

_BY_ID = """CALL () {{ UNWIND $keys_{table} AS key MATCH (f:{label} {{{id}: key}}) WHERE f.mark IS NOT NULL
    RETURN collect({columns}) AS known_{table} }}"""
KNOWN = {
    "applications": _BY_ID.format(
        table="applications", label="Application", id="application_id", columns=columns("f", APPLICATION)
    ),
    "events": _BY_ID.format(table="events", label="Event", id="event_id", columns=columns("f", EVENT)),
    "platforms": _BY_ID.format(
        table="platforms", label="Platform", id="platform_id", columns=columns("f", PLATFORM)
    ),
    "merchants": _BY_ID.format(
        table="merchants", label="Merchant", id="merchant_id", columns=columns("f", MERCHANT)
    ),
    "devices": f"""CALL () {{ UNWIND $keys_devices AS key MATCH (f:Identifier {{node: key}})
        WHERE f.device_mark IS NOT NULL
        RETURN collect({columns("f", DEVICE)}) AS known_devices }}""",
    "outcomes": f"""CALL () {{ UNWIND $keys_outcomes AS key
        MATCH (f:Outcome {{application_id: key[0], status: key[1], at: {when("key[2]")}}})
        RETURN collect({columns("f", OUTCOME)}) AS known_outcomes }}""",
    "labels": f"""CALL () {{ UNWIND $keys_labels AS key
        MATCH (f:Label {{application_id: key[0], applicant_id: key[1], known_at: {when("key[2]")},
            source: key[3], label: key[4]}})
        RETURN collect({columns("f", LABEL)}) AS known_labels }}""",
    # A person lists few phones: their own list is walked, never the phone's.
    "contacts": f"""CALL () {{ UNWIND $keys_contacts AS key
        MATCH (p:Applicant {{applicant_id: key}})-[c:LISTED]->(i:Identifier)
        RETURN collect([p.applicant_id, i.node, {micros("c.at")}, c.relation]) AS known_contacts }}""",
}

# One form for every batch, as is that of what is new: an empty list costs nothing, another form is planned
# for seconds.
ALL_KNOWN = "\n".join(
    [LOCK, *KNOWN.values(), "RETURN mark, edition, " + ", ".join(f"known_{table}" for table in KNOWN)]
)

# -- what is new: rows carry last by how much their mark is beyond `base`, the store's

# One application, as a live one is, is not asked for first: `$unless` is its id, and where it is known, or
# names an identifier otherwise than the store does, nothing is said of it; nor where the store is of another
# edition than who was erased is known of.
BASE = f"""MATCH (s:Store {{name: 'ringfence'}}) SET s.locked = true WITH s, s.mark AS base
WHERE NOT EXISTS {{ MATCH (f:Application {{application_id: $unless}}) WHERE f.mark IS NOT NULL }}
    AND $edition IN [0, {EDITION}]"""
# Whom and what the rows name by their places.
PEOPLE = """CALL () { UNWIND range(0, size($people) - 1) AS n MERGE (p:Applicant {applicant_id: $people[n]})
    REMOVE p:Unknown
    WITH p, n ORDER BY n RETURN collect(p) AS people }"""
# The first fact that names an identifier decides how it is shown; a later one that shows it otherwise is
# corrected.
IDENTIFIERS = f"""CALL () {{ UNWIND range(0, size($identifiers) - 1) AS n WITH n, $identifiers[n] AS row
    MERGE (i:Identifier {{node: row[0]}}) ON CREATE SET i += {properties("row", IDENTIFIER)}, i:$(row[4])
    WITH i, n, row, coalesce(i.linking, true) AS linking ORDER BY n
    RETURN collect(i) AS identifiers,
        collect(CASE WHEN i.masked <> row[2] OR linking <> row[3]
            THEN [i.node, i.masked, linking] END) AS otherwise }}"""


def _company(many: str, label: str, key: str) -> str:
    """Merchants, lenders or agents that the rows name; one nobody has described yet is Unknown."""
    return f"""CALL () {{ UNWIND range(0, size(${many}) - 1) AS n
    MERGE (x:{label} {{{key}: ${many}[n]}}) ON CREATE SET x:Unknown
    WITH x, n ORDER BY n RETURN collect(x) AS {many} }}"""


COMPANIES = "\n".join(
    _company(*of)
    for of in (
        ("lenders", "Platform", "platform_id"),
        ("merchants", "Merchant", "merchant_id"),
        ("agents", "Agent", "agent_id"),
    )
)


def _linked(fact: str, kind: str, company: str) -> str:
    """A link to a company that the fact may name."""
    return (
        f"FOREACH (_ IN CASE WHEN {company} IS NULL THEN [] ELSE [1] END | "
        f"CREATE ({fact})-[:{kind}]->({company}))"
    )


NEW = {
    "applications": f"""CALL (base, people, lenders, merchants, agents) {{ UNWIND $new_applications AS row
        WITH base, row, people[row[19]] AS p, lenders[row[20]] AS lender, merchants[row[21]] AS merchant,
            agents[row[22]] AS agent
        MERGE (a:Application {{application_id: row[0]}})
        SET a += {properties("row", APPLICATION, revision="mark")} REMOVE a:Unknown
        CREATE (p)-[:APPLIED {{at: {when("row[2]")}}}]->(a)
        CREATE (a)-[:TO]->(lender)
        {_linked("a", "AT", "merchant")}
        {_linked("a", "THROUGH", "agent")} }}""",
    "events": f"""CALL (base, people, merchants) {{ UNWIND $new_events AS row
        WITH base, row, people[row[10]] AS p, people[row[11]] AS q, merchants[row[12]] AS merchant
        CREATE (p)-[:DID {{at: {when("row[2]")}}}]->(e:Event {properties("row", EVENT, revision="mark")})
        {_linked("e", "AT", "merchant")}
        WITH e, p, q WHERE q IS NOT NULL
        CREATE (e)-[:TOWARDS {{at: e.at}}]->(q) SET e:Dealing, p.deals = true, q.deals = true }}""",
    "contacts": f"""CALL (base, people, identifiers) {{ UNWIND $new_contacts AS row
        WITH base, row, people[row[5]] AS p, identifiers[row[6]] AS i
        CREATE (p)-[:LISTED {{at: {when("row[2]")}, relation: row[3], mark: base + row[4]}}]->(i) }}""",
    "outcomes": f"""CALL (base) {{ UNWIND $new_outcomes AS row
        MERGE (a:Application {{application_id: row[0]}}) ON CREATE SET a:Unknown
        CREATE (a)-[:CAME_TO {{at: {when("row[2]")}}}]->
            (o:Outcome {properties("row", OUTCOME, revision="mark")}) }}""",
    "labels": f"""CALL (base) {{ UNWIND $new_labels AS row
        CREATE (l:Label {properties("row", LABEL, revision="mark")})
        FOREACH (id IN CASE WHEN row[0] = '' THEN [] ELSE [row[0]] END |
            MERGE (a:Application {{application_id: id}}) ON CREATE SET a:Unknown CREATE (l)-[:ABOUT]->(a))
        FOREACH (id IN CASE WHEN row[1] = '' THEN [] ELSE [row[1]] END |
            MERGE (p:Applicant {{applicant_id: id}}) CREATE (l)-[:ABOUT]->(p)) }}""",
    "platforms": f"""CALL (base) {{ UNWIND $new_platforms AS row MERGE (x:Platform {{platform_id: row[0]}})
        SET x += {properties("row", PLATFORM, revision="mark")} REMOVE x:Unknown }}""",
    "merchants": f"""CALL (base) {{ UNWIND $new_merchants AS row MERGE (x:Merchant {{merchant_id: row[0]}})
        SET x += {properties("row", MERCHANT, revision="mark")} REMOVE x:Unknown }}""",
    "devices": f"""CALL (base, identifiers) {{ UNWIND $new_devices AS row
        WITH base, row, identifiers[row[6]] AS x
        SET x += {properties("row", DEVICE, revision="device_mark")} }}""",
}

# Ties, one role each: (person, [(identifier, first mention, its mark)]); of one that was mentioned more than
# once also (latest mention, highest mark, [(mention, its mark)]). What is new of a tie that stands is put to
# what it has been told. Said back: of each identifier, when its ties that are new or moved began, and since
# when the ones that moved had been thought to stand.
_TIES = """CALL (base, people, identifiers) {{ UNWIND $ties_{role} AS said
    WITH base, identifiers, said, people[said[0]] AS p UNWIND said[1] AS row
        WITH base, row, p, identifiers[row[0]] AS i
    OPTIONAL MATCH (p)-[t:{kind}]->(i)
    FOREACH (_ IN CASE WHEN t IS NULL THEN [1] ELSE [] END |
        CREATE (p)-[:{kind} {{since: {first}, mark: base + row[2], last: {last},
        told_by: base + row[4], told: reduce(told = CASE WHEN row[5] IS NOT NULL
            THEN '' END, x IN row[5] | told + {pair}), crowd: i.crowd}}]->(i))
    WITH base, row, i, t, {since} AS since, {until} AS until
    WITH base, row, i, t, since, row[1] < since AS earlier, coalesce(row[3], row[1]) > coalesce(until,
        since) AS later,
        coalesce(t.told, '|' + since + ',' + t.mark) AS old
    WITH base, row, i, t, since, earlier, later, old,
        reduce(fresh = '', x IN coalesce(row[5], [row[1..3]]) | CASE WHEN old CONTAINS '|' + x[0] + ','
            THEN fresh ELSE fresh + {pair} END) AS fresh
    FOREACH (_ IN CASE WHEN t IS NULL OR fresh = '' THEN [] ELSE [1] END |
        SET t.told = old + fresh, t.told_by = base + coalesce(row[4], row[2]),
        t.last = CASE WHEN later THEN {latest} ELSE coalesce(t.last, t.since) END)
    FOREACH (_ IN CASE WHEN earlier THEN [1] ELSE [] END | SET t.since = {first}, t.mark = base + row[2])
    WITH i, row[1] AS began, since AS moved WHERE t IS NULL OR earlier
    RETURN collect([i, began, moved]) AS changed_{role} }}"""
TIES = {
    role: _TIES.format(
        role=role,
        kind=kind,
        pair="'|' + x[0] + ',' + (base + x[1])",
        first=when("row[1]"),
        last=when_known("row[3]"),
        latest=when("coalesce(row[3], row[1])"),
        since=micros("t.since"),
        until=micros("t.last"),
    )
    for role, kind in zip(("own", "contact", "employer"), ROLE_TYPES, strict=True)
}

# An identifier whose ties are TALLIED keeps their number, when the latest began and the last mark that
# changed one. They are walked only where too few of the latest are left, because old ones turned out to have
# begun earlier; a crowd's never. The degree is read, not counted (GetDegree). With its CROWDth tie it becomes
# a crowd: from then on its ties are in an index, and it keeps no number.
_DEGREE = " + ".join(f"COUNT {{ (i)<-[:{kind}]-() }}" for kind in ROLE_TYPES)
TALLY = f"""CALL (base, changed_own, changed_contact, changed_employer) {{
    UNWIND changed_own + changed_contact + changed_employer AS change
    WITH base, change[0] AS i, collect(change[1]) AS began, collect(change[2]) AS moved
    WITH base, i, began, moved WHERE i.crowd IS NULL
    WITH base, i, began, moved, i.latest AS latest,
        coalesce(CASE WHEN i.latest IS NOT NULL
            THEN i.ties + size(began) - size(moved) END, {_DEGREE}) AS ties WHERE ties >= {TALLIED}
    WITH base, i, began, ties, ties >= {HUB} AS crowd, latest,
        [x IN latest WHERE NOT x IN moved] AS kept, [x IN moved WHERE x >= latest[-1]] AS gone
    WITH base, i, began, ties, crowd, latest, kept, latest IS NULL OR size(kept) < {TALLIED}
        OR size(latest) - size(kept) <> size(gone) AS again
    CALL (i, crowd, again) {{ WITH i WHERE again AND NOT crowd MATCH (i)<-[t:{TIE}]-()
        RETURN collect({micros("t.since")}) AS walked }}
    CALL (began, latest, kept, again, walked) {{
        UNWIND CASE WHEN again THEN walked ELSE kept + [x IN began WHERE x >= latest[-1]] END AS x
        WITH x ORDER BY x DESC LIMIT {LATEST} RETURN collect(x) AS newest
    }}
    FOREACH (_ IN CASE WHEN crowd THEN [] ELSE [1] END |
        SET i.ties = ties, i.latest = newest, i.told = base + $advance)
    WITH i, crowd WHERE crowd
    CALL (i) {{ MATCH (i)<-[t:{TIE}]-() SET t.crowd = i.node
        WITH t ORDER BY t.since LIMIT {HUB} RETURN max(t.since) AS since, max(t.mark) AS told }}
    SET i.crowd = i.node, i.full_since = since, i.full_mark = told, i.ties = null, i.latest = null,
        i.told = null }}"""
AS_SHOWN = "WITH * WHERE $unless = '' OR size(otherwise) = 0"
# The journal: (by how much its mark is beyond `base`, entry).
JOURNAL = "CALL (base) { UNWIND $entries AS row CREATE (:JournalEntry {mark: base + row[0], body: row[1]}) }"
ADVANCE = "SET s.mark = base + $advance"
ALL_NEW = "\n".join(
    [
        BASE,
        PEOPLE,
        COMPANIES,
        IDENTIFIERS,
        AS_SHOWN,
        *NEW.values(),
        *TIES.values(),
        TALLY,
        JOURNAL,
        ADVANCE,
        f"RETURN base, {EDITION}, otherwise",
    ]
)

# Facts that named an identifier in another form than the store's are written again in the store's: their
# mentions, and their entries.
CORRECT_ENTRIES = "UNWIND $entries AS row MATCH (j:JournalEntry {mark: $base + row[0]}) SET j.body = row[1]"
CORRECT = {
    "applications": (
        "UNWIND $rows AS row MATCH (f:Application {application_id: row[0]}) SET f.mentions = row[1]"
    ),
    "events": "UNWIND $rows AS row MATCH (f:Event {event_id: row[0]}) SET f.mentions = row[1]",
}
