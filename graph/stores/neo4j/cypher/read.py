"""Cypher that reads single facts or short lists. Every plan starts at an index, none scans."""

from __future__ import annotations

from graph.model.types import IdentifierKind
from graph.stores.neo4j.cypher.parts import (
    APPLICATION,
    COUNTED,
    DEVICE,
    EDITION,
    EVENT,
    HELD,
    IDENTIFIER,
    LABEL,
    MEMBER,
    MERCHANT,
    OUTCOME,
    PLATFORM,
    ROLE_TYPES,
    TIE,
    TIE_LAST,
    TIE_ROLE,
    TIE_SINCE,
    TIE_VISIBLE,
    columns,
    micros,
    visible,
)

MARK = "MATCH (s:Store {name: 'ringfence'}) RETURN s.mark"  # NodeUniqueIndexSeek
STATE = f"MATCH (s:Store {{name: 'ringfence'}}) RETURN s.mark, {EDITION}"
A, E = columns("a", APPLICATION), columns("e", EVENT)

# -- facts

# NodeUniqueIndexSeek
APPLICATION_BY_ID = f"MATCH (a:Application {{application_id: $id}}) WHERE {visible('a')} RETURN {A}"
# NodeIndexSeekByRange on Application(at), a page at a time; `$after` is the last id at the page's first
# moment.
APPLICATIONS = f"""MATCH (a:Application) WHERE a.at >= $since AND {visible("a")} AND (a.at > $since
    OR a.application_id > $after)
    RETURN {A} ORDER BY a.at, a.application_id LIMIT $limit"""
# NodeUniqueIndexSeek, then the person's own applications.
APPLIED_BY = f"""MATCH (p)-[:APPLIED]->(a:Application) WHERE {visible("a")} WITH a
    ORDER BY a.at DESC, a.application_id LIMIT $limit"""
APPLICATIONS_OF = f"""UNWIND $people AS who MATCH (p:Applicant {{applicant_id: who}})
    CALL (p) {{ {APPLIED_BY} RETURN collect({A}) AS made }} RETURN who, made"""
# NodeIndexSeek on (merchant_id, at) or (agent_id, at), read backwards.
AT_MERCHANT = f"""MATCH (a:Application) WHERE a.merchant_id = $merchant AND {visible("a")}
    WITH a ORDER BY a.merchant_id DESC, a.at DESC, a.application_id LIMIT $limit"""
AT_AGENT = AT_MERCHANT.replace("a.merchant_id", "a.agent_id").replace("$merchant", "$agent")
APPLICATIONS_AT_MERCHANT, APPLICATIONS_BY_AGENT = f"{AT_MERCHANT} RETURN {A}", f"{AT_AGENT} RETURN {A}"

# NodeIndexSeek on (applicant_id, at) or (counterparty_id, at), read backwards; most people never dealt with
# anybody, and they know it.
DONE_BY = f"""MATCH (e:Event) WHERE e.applicant_id = who AND {visible("e")} WITH e
    ORDER BY e.applicant_id DESC, e.at DESC, e.event_id LIMIT $limit"""
EVENTS_OF = (
    f"""UNWIND $people AS who CALL (who) {{ {DONE_BY} RETURN collect({E}) AS done }} RETURN who, done"""
)
DEALT = f"""WITH q WHERE q.deals
    CALL (q) {{
        MATCH (e:Dealing) WHERE e.applicant_id = q.applicant_id AND {visible("e")}
        WITH e ORDER BY e.applicant_id DESC, e.at DESC, e.event_id LIMIT $dealings RETURN e
        UNION
        MATCH (e:Dealing) WHERE e.counterparty_id = q.applicant_id AND {visible("e")}
        WITH e ORDER BY e.counterparty_id DESC, e.at DESC, e.event_id LIMIT $dealings RETURN e
    }}
    WITH e ORDER BY e.at DESC, e.event_id LIMIT $dealings"""
DEALINGS_OF = f"""UNWIND $people AS who MATCH (q:Applicant {{applicant_id: who}})
    CALL (q) {{ {DEALT} RETURN collect({E}) AS dealt }} WITH who, dealt WHERE size(dealt) > 0
        RETURN who, dealt"""

# NodeUniqueIndexSeek, then what became of it.
OUTCOMES_OF = f"""UNWIND $applications AS id MATCH (a:Application {{application_id: id}})
    CALL (a) {{ MATCH (a)-[:CAME_TO]->(o:Outcome) WHERE {visible("o")} RETURN o LIMIT $limit }}
        RETURN {columns("o", OUTCOME)}"""
FIRST_OUTCOMES = f"""UNWIND $applications AS id
    MATCH (:Application {{application_id: id}})-[:CAME_TO]->(o:Outcome) WHERE {visible("o")}
    WITH id, o.status AS status, o ORDER BY o.at
    WITH id, collect(o)[..CASE status WHEN 'disbursed' THEN $parts ELSE 1 END] AS first, status
        UNWIND first AS o RETURN {columns("o", OUTCOME)}"""
KNOWN = "l.known_at < $as_of AND l.mark <= $mark"
ABOUT = f"""CALL (p) {{
        MATCH (p)<-[:ABOUT]-(l:Label) WHERE {KNOWN} RETURN l
        UNION ALL
        MATCH (p)-[:APPLIED]->(a:Application)<-[:ABOUT]-(l:Label) WHERE {visible("a")} AND {KNOWN} RETURN l
    }}"""
LABELS_OF = f"""UNWIND $people AS who MATCH (p:Applicant {{applicant_id: who}})
    CALL (p) {{ {ABOUT} RETURN l LIMIT $limit }} RETURN who, {columns("l", LABEL)}"""
# `graph.facts.decisive`, for who has more labels than are read as they are.
DECIDING_LABELS = f"""UNWIND $people AS who MATCH (p:Applicant {{applicant_id: who}}) {ABOUT}
    WITH who, l.application_id AS matter, collect(l) AS said,
        max(CASE l.label WHEN 'fraud' THEN l.known_at END) AS fraud_at, max(CASE l.label WHEN 'good'
            THEN l.known_at END) AS good_at
    WITH *, CASE WHEN fraud_at IS NULL OR good_at > fraud_at THEN good_at ELSE fraud_at END AS last_at,
        reduce(first = null, l IN said | CASE WHEN l.label = 'fraud' AND (good_at IS NULL
            OR l.known_at > good_at)
            AND (first IS NULL OR l.known_at < first) THEN l.known_at ELSE first END) AS held_from
    ORDER BY matter <> '', fraud_at IS NULL OR fraud_at < last_at, last_at DESC, matter
    WITH who, collect([said, fraud_at, good_at, held_from])[..$matters] AS matters
    UNWIND matters AS m UNWIND m[0] AS l
    WITH who, m, l WHERE (l.label = 'good' AND l.known_at = m[2]) OR (l.label = 'fraud' AND (l.known_at = m[1]
        OR l.known_at = m[3]))
    WITH who, l ORDER BY l.source
    WITH who, l.application_id AS matter, l.label AS word, l.known_at AS at, collect(l)[..$sources] AS kept
    UNWIND kept AS l RETURN who, {columns("l", LABEL)}"""

# -- ties

I = columns("i", IDENTIFIER)
TIE_ROWS = f"[{TIE_ROLE}, {TIE_SINCE}, {TIE_LAST}]"
TIES_OF = f"""UNWIND $people AS who MATCH (p:Applicant {{applicant_id: who}})-[t:{TIE}]->(i:Identifier)
    WHERE {TIE_VISIBLE}
    RETURN who, collect([{I}, {TIE_ROWS}]) AS ties"""
HOLDER_COUNTS = f"UNWIND $nodes AS node MATCH (i:Identifier {{node: node}}) {COUNTED} RETURN node, holders"
# Asked of identifiers that are no hubs for the view: it sees fewer ties of each than the guard.
HOLDERS = f"""UNWIND $nodes AS node MATCH (i:Identifier {{node: node}})
    CALL (i) {{ {HELD} RETURN collect([q.applicant_id, {TIE_ROWS}]) AS ties }} RETURN node, ties"""
# The latest ties of anything, a crowd too: a few of each kind, read backwards from the index that a crowd's
# ties are in.
_NEWEST = f"WHERE {{}}{TIE_VISIBLE} RETURN q, t ORDER BY {{}}t.since DESC, q.applicant_id LIMIT $limit"
_NEWEST_IN_HUB = "".join(
    f" UNION ALL WITH i MATCH (q)-[t:{kind}]->() USING INDEX SEEK t:{kind}(crowd, since) "
    + _NEWEST.format("t.crowd = i.crowd AND ", "t.crowd DESC, ")
    for kind in ROLE_TYPES
)
LATEST_HOLDERS = f"""MATCH (i:Identifier {{node: $node}})
    CALL (i) {{ WITH i WHERE i.crowd IS NULL
        MATCH (i)<-[t:{TIE}]-(q:Applicant) {_NEWEST.format("", "")}{_NEWEST_IN_HUB} }}
    RETURN q.applicant_id, {TIE_ROWS}"""

# -- reference data

DEVICES_OF = (
    f"UNWIND $nodes AS node MATCH (i:Identifier {{node: node}}) WHERE i.device_mark <= $mark "
    f"RETURN {columns('i', DEVICE)}"
)
PLATFORMS = (
    "MATCH (l:Platform) WHERE l.platform_id >= '' AND l.mark <= $mark "
    f"RETURN {columns('l', PLATFORM)} ORDER BY l.platform_id"
)
MERCHANTS_OF = (
    f"UNWIND $ids AS id MATCH (m:Merchant {{merchant_id: id}}) WHERE m.mark <= $mark "
    f"RETURN {columns('m', MERCHANT)}"
)
IDENTIFIER_BY_NODE = f"MATCH (i:Identifier {{node: $node}}) RETURN {I}"

# -- rings

# NodeIndexSeekByRange on RingSnapshot(as_of): a store has a snapshot a week.
IN_FORCE = (
    "MATCH (s:RingSnapshot) WHERE s.as_of <= $as_of AND s.mark <= $mark "
    "WITH s ORDER BY s.as_of DESC, s.mark DESC LIMIT 1"
)
SNAPSHOT = f"{IN_FORCE} RETURN s.key, s.name, {micros('s.as_of')}, s.mark, s.edition"
M = columns("m", MEMBER)
RINGS = f"""MATCH (r:Ring) WHERE r.snapshot = $key AND r.ring_id > $after
    WITH r ORDER BY r.ring_id LIMIT $limit
    CALL (r) {{ MATCH (r)<-[m:MEMBER_OF]-(p:Applicant) RETURN collect([p.applicant_id, {M}]) AS members }}
        RETURN r.ring_id, r.body, members"""
RING = f"""{IN_FORCE} MATCH (r:Ring {{snapshot: s.key, ring_id: $id}})
    CALL (r) {{ MATCH (r)<-[m:MEMBER_OF]-(p:Applicant) RETURN collect([p.applicant_id, {M}]) AS members }}
        RETURN r.ring_id, r.body, members"""
MEMBERSHIP = "MATCH (p:Applicant {applicant_id: who})-[m:MEMBER_OF]->(r:Ring) WHERE r.snapshot = s.key"
MEMBERSHIPS_OF = (
    f"{IN_FORCE} UNWIND $people AS who {MEMBERSHIP} RETURN who, s.name, r.ring_id, r.body, r.size, {M}"
)

# -- search: each a range of an index

_TIE_FROM = f"EXISTS {{ (p)-[t:{TIE}]->() WHERE {TIE_VISIBLE} }}"
SEARCH_APPLICANTS = f"""MATCH (p:Applicant) WHERE p.applicant_id STARTS WITH $text
    AND (EXISTS {{ (p)-[:APPLIED]->(a) WHERE {visible("a")} }} OR EXISTS {{ (p)-[:DID]->(e)
        WHERE {visible("e")} }} OR {_TIE_FROM})
    RETURN p.applicant_id ORDER BY p.applicant_id LIMIT $limit"""
SEARCH_APPLICATIONS = f"""MATCH (a:Application) WHERE a.application_id STARTS WITH $text AND {visible("a")}
    RETURN a.application_id ORDER BY a.application_id LIMIT $limit"""
SEARCH_RINGS = f"""{IN_FORCE} MATCH (r:Ring) WHERE r.snapshot = s.key AND r.ring_id STARTS WITH $text
    RETURN r.ring_id ORDER BY r.ring_id LIMIT $limit"""
_MENTIONED = f"EXISTS {{ (i)<-[t:{TIE}]-() WHERE {TIE_VISIBLE} }}"
_KIND_CODE = " ".join(
    ["CASE i.kind", *(f"WHEN '{kind.value}' THEN {code}" for code, kind in enumerate(IdentifierKind)), "END"]
)
# A token is the rest of a node's name after its kind's: a range of the unique key for each kind.
SEARCH_IDENTIFIERS = f"""CALL () {{ MATCH (i:Identifier) WHERE i.masked = $text AND {_MENTIONED} RETURN i
        UNION UNWIND $named AS beginning MATCH (i:Identifier)
            WHERE i.node STARTS WITH beginning AND {_MENTIONED} RETURN i }}
    RETURN i.kind, i.node, i.masked ORDER BY i.masked, {_KIND_CODE}, i.node LIMIT $limit"""

# Ids that the store knows nobody under: looked up by their unique keys, each until the first application or
# event. `Unknown` are nodes that other facts only named. In a store without any application people are known
# by their events.
STRANGERS = """CALL () { MATCH ()-[r:APPLIED]->() RETURN count(r) > 0 AS applied }
    CALL () { UNWIND $loans AS id WITH id WHERE NOT EXISTS { MATCH (a:Application {application_id: id})
        WHERE a.mark IS NOT NULL }
        RETURN collect(id) AS loans }
    CALL (applied) { UNWIND $people AS id WITH applied, id WHERE NOT CASE WHEN applied
            THEN EXISTS { MATCH (:Applicant {applicant_id: id})-[:APPLIED]->() } ELSE EXISTS {
                MATCH (:Applicant {applicant_id: id})-[:DID]->() } END
        RETURN collect(id) AS people }
    RETURN loans, people"""
