"""The two large reads of an assessment: everything a walk of two steps may ask for, and the facts of the people it found. One record each."""

from __future__ import annotations

from graph.facts.deciding import LABELS, OUTCOMES
from graph.facts.hubs import GUARD
from graph.neo4j_store.cypher import (
    APPLICATION,
    COUNTED_NEARBY,
    DEVICE,
    HELD_NEARBY,
    LABEL,
    MERCHANT,
    OUTCOME,
    PLATFORM,
    TIE,
    TIE_SEEN,
    columns,
    seen,
)
from graph.neo4j_store.cypher_read import ABOUT, AT_AGENT, AT_MERCHANT, DEALT, DONE_BY, IN_FORCE, KNOWN, MEMBERSHIP, TOLD, E, I, M

_GUARD = "CASE i.kind " + " ".join(f"WHEN '{kind.value}' THEN {guard}" for kind, guard in GUARD.items()) + " END"
_FOLLOWED = f"coalesce(i.linking, true) AND holders > known AND holders <= {_GUARD}"
AHEAD = 48  # identifiers of the second step whose holders are read ahead, the rarest first: more than the bound lets a usual walk follow

# Plan: NodeUniqueIndexSeek for the seed and for each identifier that it mentions, then only ties of people within the bound and of identifiers
# under their guard. A hub is counted to the cap at most, a crowd not at all.
NEIGHBOURHOOD = f"""
CALL () {{
    OPTIONAL MATCH (p:Applicant {{applicant_id: $seed}})
    CALL (p) {{ MATCH (p)-[t:{TIE}]->(i:Identifier) WHERE {TIE_SEEN} RETURN collect([i, {TOLD}]) AS told }}
    RETURN p AS seed, CASE WHEN size(told) <= $ties THEN told ELSE [] END AS held, size(told) <= $ties AS whole
}}
CALL () {{ UNWIND $mentioned AS node MATCH (i:Identifier {{node: node}}) RETURN collect(i) AS named }}
CALL (held, named) {{
    UNWIND held + [i IN named | [i]] AS told WITH told[0] AS i, count(told[1]) > 0 AS tied
    {COUNTED_NEARBY}
    WITH i, holders, CASE WHEN tied THEN 1 ELSE 0 END AS known
    CALL (i, holders, known) {{
        WITH i WHERE {_FOLLOWED}
        {HELD_NEARBY} RETURN collect([q, q.applicant_id, {TOLD}]) AS ties
    }}
    WITH i, holders, ties ORDER BY holders, i.node
    RETURN collect(i) AS first, collect([{I}, holders, [t IN ties | [t[1], t[2]]]]) AS counted, collect(ties) AS reached
}}
CALL (seed) {{ WITH seed AS q {DEALT} RETURN collect({E}) AS dealt }}
CALL (seed, reached, dealt) {{
    UNWIND range(0, size(reached)) AS n
    CALL (reached, n) {{ UNWIND reached[n] AS t WITH t ORDER BY t[2][1] DESC, t[1] RETURN collect(t[0]) AS people }}
    WITH seed, collect(people) AS groups, dealt
    CALL (dealt) {{
        UNWIND dealt AS e UNWIND [e[1], e[4]] AS id MATCH (q:Applicant {{applicant_id: id}}) RETURN collect(q) AS others
    }}
    WITH seed, reduce(all = [], g IN groups | all + g) + others AS people
    UNWIND people AS q WITH DISTINCT q, seed WHERE seed IS NULL OR q <> seed WITH q LIMIT $bound
    RETURN collect(q) AS frontier
}}
CALL (frontier) {{
    UNWIND frontier AS q
    CALL (q) {{ MATCH (q)-[t:{TIE}]->(i:Identifier) WHERE {TIE_SEEN} RETURN collect([i, {TOLD}]) AS told }}
    CALL (q) {{ {DEALT} RETURN collect({E}) AS deals }}
    WITH q, CASE WHEN size(told) <= $ties THEN told END AS told, deals
    RETURN collect([q.applicant_id, [t IN told | [t[0].node, t[1]]], deals]) AS people, collect([q, told]) AS tied
}}
CALL (first, frontier, tied) {{
    UNWIND tied AS one UNWIND one[1] AS t WITH DISTINCT first, frontier, one[0] AS q, t[0] AS i
    WITH first, frontier, i, count(q) AS known WHERE NOT i IN first
    {COUNTED_NEARBY}
    WITH frontier, i, holders, known, {_FOLLOWED} AND size(frontier) < $bound AS followed ORDER BY holders, i.node
    WITH frontier, collect([i, holders, followed]) AS counted
    WITH counted, [c IN counted WHERE c[2] | c[0]][..{AHEAD}] AS ahead
    UNWIND counted AS c WITH c[0] AS i, c[1] AS holders, c[0] IN ahead AS followed
    CALL (i, followed) {{
        WITH i WHERE followed
        {HELD_NEARBY} RETURN collect([q.applicant_id, {TOLD}]) AS ties
    }}
    RETURN collect([{I}, holders, CASE WHEN followed THEN ties END]) AS beyond
}}
RETURN whole, [h IN held | [h[0].node, h[1]]] AS held, counted, dealt, people, beyond"""

# Plan: NodeUniqueIndexSeek for each person, NodeIndexSeek for events, shop and agent; then only what hangs on these.
FACTS = f"""
CALL () {{
    UNWIND $people AS who MATCH (p:Applicant {{applicant_id: who}})
    CALL (p) {{ MATCH (p)-[:APPLIED]->(a:Application) WHERE {seen("a")} WITH a ORDER BY a.at DESC, a.application_id RETURN collect(a) AS made }}
    CALL (who, p, made) {{
        CALL (p, made) {{
            UNWIND made AS a MATCH (a)<-[:ABOUT]-(l:Label) WHERE {KNOWN} RETURN l UNION ALL MATCH (p)<-[:ABOUT]-(l:Label) WHERE {KNOWN} RETURN l
        }}
        WITH who, l LIMIT {LABELS + 1}
        RETURN collect([who, {columns("l", LABEL)}]) AS said
    }}
    RETURN collect([who, [a IN made[..$limit] | a.application_id]]) AS of_each, collect(made[..$limit]) AS theirs, collect(said) AS said
}}
CALL () {{ {AT_MERCHANT} RETURN collect(a) AS at_merchant }}
CALL () {{ {AT_AGENT} RETURN collect(a) AS at_agent }}
WITH of_each, said, at_merchant, at_agent, reduce(all = at_merchant + at_agent, made IN theirs | all + made) AS made
CALL (made) {{
    UNWIND made AS a WITH DISTINCT a
    CALL (a) {{ MATCH (a)-[:CAME_TO]->(o:Outcome) WHERE {seen("o")} WITH o LIMIT {OUTCOMES + 1} RETURN collect({columns("o", OUTCOME)}) AS outcomes }}
    RETURN collect([{columns("a", APPLICATION)}, outcomes]) AS applications
}}
CALL (at_merchant, at_agent) {{
    UNWIND [a IN at_merchant + at_agent | a.applicant_id] AS who WITH DISTINCT who WHERE NOT who IN $people
    MATCH (p:Applicant {{applicant_id: who}})
    CALL (p) {{ {ABOUT} RETURN l LIMIT {LABELS + 1} }}
    RETURN collect([who, {columns("l", LABEL)}]) AS others
}}
CALL () {{ {IN_FORCE} UNWIND $people AS who {MEMBERSHIP} RETURN collect([who, s.name, r.ring_id, r.body, r.size, {M}]) AS memberships }}
CALL () {{ WITH $seed AS who {DONE_BY.replace("$limit", "$events")} RETURN collect({E}) AS events }}
CALL () {{ OPTIONAL MATCH (q:Applicant {{applicant_id: $seed}}) {DEALT} RETURN collect({E}) AS dealings }}
CALL () {{ UNWIND $devices AS node MATCH (i:Identifier {{node: node}}) WHERE i.device_mark <= $mark
    RETURN collect({columns("i", DEVICE)}) AS devices }}
CALL () {{ MATCH (m:Merchant {{merchant_id: $merchant}}) WHERE m.mark <= $mark RETURN collect({columns("m", MERCHANT)}) AS merchants }}
CALL () {{ MATCH (l:Platform) WHERE l.platform_id >= '' AND l.mark <= $mark RETURN collect({columns("l", PLATFORM)}) AS platforms }}
RETURN of_each, applications, reduce(all = others, each IN said | all + each) AS labels, memberships, events, dealings, devices, merchants, platforms,
    [a IN at_merchant | a.application_id] AS at_merchant, [a IN at_agent | a.application_id] AS at_agent"""
