"""Cypher that erases people: each statement looks what it renames up by its unique key."""

from __future__ import annotations

from graph.stores.neo4j.cypher.parts import TIE
from graph.stores.neo4j.cypher.write import LOCK

STATE = f"{LOCK} RETURN mark, edition"
# Properties that repeat an id first, then the id itself. Lenders' own columns and the words of verdicts go.
PEOPLE = """UNWIND $rows AS row MATCH (p:Applicant {applicant_id: row[0]})
    CALL (p, row) { MATCH (p)-[:APPLIED]->(a) SET a.applicant_id = row[1], a.attributes = null }
    CALL (p, row) { MATCH (p)-[:DID]->(e) SET e.applicant_id = row[1], e.attributes = null }
    CALL (p, row) { MATCH (p)<-[:TOWARDS]-(e) SET e.counterparty_id = row[1] }
    CALL (p, row) { MATCH (p)<-[:ABOUT]-(l) SET l.applicant_id = row[1], l.detail = null }
    SET p.applicant_id = row[1]"""
APPLICATIONS = """UNWIND $rows AS row MATCH (a:Application {application_id: row[0]})
    CALL (a, row) { MATCH (a)-[:CAME_TO]->(o) SET o.application_id = row[1] }
    CALL (a, row) { MATCH (a)<-[:ABOUT]-(l) SET l.application_id = row[1], l.detail = null }
    SET a.application_id = row[1]"""
EVENTS = "UNWIND $rows AS row MATCH (e:Event {event_id: row[0]}) SET e.event_id = row[1]"
IDENTIFIERS = f"""UNWIND $rows AS row MATCH (i:Identifier {{node: row[0]}})
    CALL (i, row) {{ MATCH (i)<-[t:{TIE}]-() WHERE t.crowd IS NOT NULL SET t.crowd = row[1] }}
    SET i.node = row[1], i.masked = row[2], i.crowd = CASE WHEN i.crowd IS NOT NULL THEN row[1] END
    REMOVE i.token"""
# Whoever mentions what is renamed: somebody whom an earlier erasure renamed may hold it too.
HOLDERS = f"""UNWIND $nodes AS node MATCH (:Identifier {{node: node}})<-[:{TIE}]-(p:Applicant)
    RETURN DISTINCT p.applicant_id"""
# Facts hold their mentions in words, complete in themselves.
MENTIONS = {
    "APPLIED": """UNWIND $people AS who MATCH (:Applicant {applicant_id: who})-[:APPLIED]->(a)
        WHERE a.mentions IS NOT NULL RETURN a.application_id, a.mentions""",
    "DID": """UNWIND $people AS who MATCH (:Applicant {applicant_id: who})-[:DID]->(e)
        WHERE e.mentions IS NOT NULL RETURN e.event_id, e.mentions""",
}
# NodeIndexSeekByRange on RingSnapshot(as_of): a store has a snapshot a week. Readers notice that members have
# new names. What became of rings, which names people too, is in the journal: an older release wrote it twice.
SNAPSHOTS = """MATCH (s:RingSnapshot) WHERE s.as_of > datetime({year: 1})
    SET s.edition = $edition REMOVE s.changes"""
ENTRIES = "UNWIND $entries AS row MATCH (j:JournalEntry {mark: row[0]}) SET j.body = row[1]"
PARTS = """UNWIND $parts AS row MATCH (j:JournalPart {key: row[0], number: row[1]}) SET j.body = row[2]"""
# Parts of what is being saved, or was when its process was killed, which now waits for the end of this.
DRAFTS = """MATCH (s:RingSnapshot) WHERE s.key >= '' AND s.mark IS NULL SET s.locked = true WITH s
    MATCH (p:JournalPart) WHERE p.key = s.key AND p.number > 0 DELETE p"""
REFUSED = "UNWIND $rows AS row MERGE (r:Refused {code: row[0]}) SET r.until = row[1]"
EDITION = "MATCH (s:Store {name: 'ringfence'}) SET s.edition = $edition"
READ_REFUSED = "MATCH (r:Refused) WHERE r.code >= '' RETURN r.code, r.until"
