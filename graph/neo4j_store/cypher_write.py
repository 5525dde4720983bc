"""The Cypher that writes: one statement tells what is known of a batch, one writes what is new. Both are put together from parts, a part a table."""

from __future__ import annotations

from graph.neo4j_store.cypher import (
    APPLICATION,
    CROWD,
    DEVICE,
    EVENT,
    IDENTIFIER,
    LABEL,
    MERCHANT,
    OUTCOME,
    PLATFORM,
    ROLE_TYPES,
    TIE,
    columns,
    micros,
    properties,
    when,
)

# -- what is known: every part looks a short list up by a unique key (NodeUniqueIndexSeek) ------------------------------------------------

# Writers go one at a time: setting a property takes the lock, and the mark is read once it is held.
LOCK = "MATCH (s:Store {name: 'ringfence'}) SET s.locked = true WITH s.mark AS mark"

_BY_ID = """CALL () {{ UNWIND $keys_{table} AS key MATCH (f:{label} {{{id}: key}}) WHERE f.mark IS NOT NULL
    RETURN collect({columns}) AS known_{table} }}"""
KNOWN = {
    "applications": _BY_ID.format(table="applications", label="Application", id="application_id", columns=columns("f", APPLICATION)),
    "events": _BY_ID.format(table="events", label="Event", id="event_id", columns=columns("f", EVENT)),
    "platforms": _BY_ID.format(table="platforms", label="Platform", id="platform_id", columns=columns("f", PLATFORM)),
    "merchants": _BY_ID.format(table="merchants", label="Merchant", id="merchant_id", columns=columns("f", MERCHANT)),
    "devices": f"""CALL () {{ UNWIND $keys_devices AS key MATCH (f:Identifier {{node: key}}) WHERE f.device_mark IS NOT NULL
        RETURN collect({columns("f", DEVICE)}) AS known_devices }}""",
    "outcomes": f"""CALL () {{ UNWIND $keys_outcomes AS key
        MATCH (f:Outcome {{application_id: key[0], status: key[1], at: {when("key[2]")}}})
        RETURN collect({columns("f", OUTCOME)}) AS known_outcomes }}""",
    "labels": f"""CALL () {{ UNWIND $keys_labels AS key
        MATCH (f:Label {{application_id: key[0], applicant_id: key[1], known_at: {when("key[2]")}, source: key[3]}})
        RETURN collect({columns("f", LABEL)}) AS known_labels }}""",
    # A person lists few phones: their own list is walked, never the phone's.
    "contacts": f"""CALL () {{ UNWIND $keys_contacts AS key MATCH (p:Applicant {{applicant_id: key}})-[c:LISTED]->(i:Identifier)
        RETURN collect([p.applicant_id, i.node, {micros("c.at")}, c.relation]) AS known_contacts }}""",
}

# -- what is new: rows carry their mark last ---------------------------------------------------------------------------------------------

PEOPLE = "CALL () { UNWIND $people AS id MERGE (p:Applicant {applicant_id: id}) REMOVE p:Unknown }"
# The first to tell of an identifier says how it is shown; who says otherwise is told.
IDENTIFIERS = f"""CALL () {{ UNWIND $identifiers AS row
    MERGE (i:Identifier {{node: row[0]}}) ON CREATE SET i += {properties("row", IDENTIFIER)}, i:$(row[5])
    WITH i, row WHERE i.masked <> row[3] OR i.linking <> row[4]
    RETURN collect([i.node, i.masked, i.linking]) AS otherwise }}"""


def _linked(fact: str, kind: str, label: str, column: tuple[str, str]) -> str:
    """A link to a merchant, lender or agent that the fact may name; one nobody has described yet is Unknown."""
    key, value = column
    return f"""FOREACH (id IN CASE WHEN {value} IS NULL THEN [] ELSE [{value}] END |
        MERGE (x:{label} {{{key}: id}}) ON CREATE SET x:Unknown CREATE ({fact})-[:{kind}]->(x))"""


_APPLICATION_ROW = {name: f"row[{n}]" for n, name in enumerate(APPLICATION)}
_EVENT_ROW = {name: f"row[{n}]" for n, name in enumerate(EVENT)}
NEW = {
    "applications": f"""CALL () {{ UNWIND $new_applications AS row
        MATCH (p:Applicant {{applicant_id: row[1]}})
        MERGE (a:Application {{application_id: row[0]}})
        SET a += {properties("row", APPLICATION, mark="mark")} REMOVE a:Unknown
        CREATE (p)-[:APPLIED {{at: {when("row[2]")}}}]->(a)
        {_linked("a", "TO", "Platform", ("platform_id", _APPLICATION_ROW["platform_id"]))}
        {_linked("a", "AT", "Merchant", ("merchant_id", _APPLICATION_ROW["merchant_id"]))}
        {_linked("a", "THROUGH", "Agent", ("agent_id", _APPLICATION_ROW["agent_id"]))} }}""",
    "events": f"""CALL () {{ UNWIND $new_events AS row
        MATCH (p:Applicant {{applicant_id: row[1]}})
        CREATE (p)-[:DID {{at: {when("row[2]")}}}]->(e:Event {properties("row", EVENT, mark="mark")})
        {_linked("e", "AT", "Merchant", ("merchant_id", _EVENT_ROW["merchant_id"]))}
        WITH e, p, row WHERE {_EVENT_ROW["counterparty_id"]} IS NOT NULL
        MATCH (q:Applicant {{applicant_id: {_EVENT_ROW["counterparty_id"]}}})
        CREATE (e)-[:TOWARDS {{at: e.at}}]->(q) SET e:Dealing, p.deals = true, q.deals = true }}""",
    "contacts": f"""CALL () {{ UNWIND $new_contacts AS row
        MATCH (p:Applicant {{applicant_id: row[0]}}) MATCH (i:Identifier {{node: row[1]}})
        CREATE (p)-[:LISTED {{at: {when("row[2]")}, relation: row[3], mark: row[4]}}]->(i) }}""",
    "outcomes": f"""CALL () {{ UNWIND $new_outcomes AS row
        MERGE (a:Application {{application_id: row[0]}}) ON CREATE SET a:Unknown
        CREATE (a)-[:CAME_TO {{at: {when("row[2]")}}}]->(o:Outcome {properties("row", OUTCOME, mark="mark")}) }}""",
    "labels": f"""CALL () {{ UNWIND $new_labels AS row
        CREATE (l:Label {properties("row", LABEL, mark="mark")})
        FOREACH (id IN CASE WHEN row[0] = '' THEN [] ELSE [row[0]] END |
            MERGE (a:Application {{application_id: id}}) ON CREATE SET a:Unknown CREATE (l)-[:ABOUT]->(a))
        FOREACH (id IN CASE WHEN row[1] = '' THEN [] ELSE [row[1]] END |
            MERGE (p:Applicant {{applicant_id: id}}) CREATE (l)-[:ABOUT]->(p)) }}""",
    "platforms": f"""CALL () {{ UNWIND $new_platforms AS row MERGE (x:Platform {{platform_id: row[0]}})
        SET x += {properties("row", PLATFORM, mark="mark")} REMOVE x:Unknown }}""",
    "merchants": f"""CALL () {{ UNWIND $new_merchants AS row MERGE (x:Merchant {{merchant_id: row[0]}})
        SET x += {properties("row", MERCHANT, mark="mark")} REMOVE x:Unknown }}""",
    "devices": f"""CALL () {{ UNWIND $new_devices AS row MATCH (x:Identifier {{node: row[0]}})
        SET x += {properties("row", DEVICE, mark="device_mark")} }}""",
}

# Ties, one role each: (applicant, node, times ascending, their marks). What is new of a tie that stands is put to what it has been told.
_TIES = """CALL () {{ UNWIND $ties_{role} AS row
    MATCH (p:Applicant {{applicant_id: row[0]}}) MATCH (i:Identifier {{node: row[1]}})
    OPTIONAL MATCH (p)-[t:{kind}]->(i)
    WITH p, i, t, row[2] AS times, row[3] AS marks, coalesce(t.times, [{since}]) AS old, coalesce(t.marks, [t.mark]) AS told
    WITH p, i, t, old, told, [n IN range(0, size(times) - 1) WHERE t IS NULL OR NOT times[n] IN old | [times[n], marks[n]]] AS fresh
    WITH p, i, t, old, told, fresh, fresh[0] AS first, fresh[-1] AS final WHERE final IS NOT NULL
    FOREACH (_ IN CASE WHEN t IS NULL THEN [1] ELSE [] END |
        CREATE (p)-[:{kind} {{since: {first}, mark: first[1], last: {final}, last_mark: final[1],
            times: CASE WHEN size(fresh) > 1 THEN [x IN fresh | x[0]] END, marks: CASE WHEN size(fresh) > 1 THEN [x IN fresh | x[1]] END,
            crowd: i.crowd}}]->(i))
    WITH t, old, told, fresh, first, final, first[0] < {since} AS earlier, final[0] > {last} AS later WHERE t IS NOT NULL
    SET t += {{times: old + [x IN fresh | x[0]], marks: told + [x IN fresh | x[1]],
        since: CASE WHEN earlier THEN {first} ELSE t.since END, mark: CASE WHEN earlier THEN first[1] ELSE t.mark END,
        last: CASE WHEN later THEN {final} ELSE t.last END, last_mark: CASE WHEN later THEN final[1] ELSE t.last_mark END}} }}"""
TIES = {
    role: _TIES.format(role=role, kind=kind, since=micros("t.since"), last=micros("t.last"), first=when("first[0]"), final=when("final[0]"))
    for role, kind in zip(("own", "contact", "employer"), ROLE_TYPES, strict=True)
}

# Every identifier that got a tie keeps how many it has, an upper bound of when its newest began, and the last mark that told of one. The degree is
# read, not counted (GetDegree). With its CROWDth tie it becomes a crowd: from then on its ties are in an index.
_DEGREE = " + ".join(f"COUNT {{ (i)<-[:{kind}]-() }}" for kind in ROLE_TYPES)
TALLY = f"""CALL () {{ UNWIND $touched AS row MATCH (i:Identifier {{node: row[0]}})
    SET i.ties = {_DEGREE}, i.newest = CASE WHEN i.newest > row[1] THEN i.newest ELSE row[1] END, i.told = row[2]
    WITH i WHERE i.ties >= {CROWD} AND i.crowd IS NULL
    CALL (i) {{ MATCH (i)<-[t:{TIE}]-() SET t.crowd = i.node
        WITH t ORDER BY t.since LIMIT {CROWD} RETURN max(t.since) AS since, max(t.mark) AS told }}
    SET i.crowd = i.node, i.full_since = since, i.full_mark = told }}"""
ADVANCE = "CALL () { MATCH (s:Store {name: 'ringfence'}) SET s.mark = $upto }"

# The mentions of facts that named an identifier in another form than the store's, written again in the store's.
CORRECT = {
    "applications": "UNWIND $rows AS row MATCH (f:Application {application_id: row[0]}) SET f.mentions = row[1]",
    "events": "UNWIND $rows AS row MATCH (f:Event {event_id: row[0]}) SET f.mentions = row[1]",
}
