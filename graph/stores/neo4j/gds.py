"""Connected components computed inside Neo4j by its Graph Data Science plugin."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from neo4j.exceptions import ClientError

from graph.model.errors import SettingError
from graph.stores.neo4j.cypher import TIE, TIE_VISIBLE, visible

VERSION = "RETURN gds.version()"
# Scans, as a projection of everything must: ties but of hubs, shops and agents of applications, and dealings
# between two people.
PROJECT = f"""
CALL () {{
    MATCH (p:Applicant)-[t:{TIE}]->(i:Identifier) WHERE {TIE_VISIBLE} AND NOT i.node IN $hubs RETURN p, i AS other
    UNION ALL
    MATCH (p:Applicant)-[:APPLIED]->(a:Application)-[:AT|THROUGH]->(other) WHERE {visible("a")} RETURN p, other
    UNION ALL
    MATCH (p:Applicant)-[:DID]->(e:Dealing)-[:TOWARDS]->(other:Applicant) WHERE {visible("e")} RETURN p, other
}}
WITH gds.graph.project($name, p, other) AS projected RETURN projected.nodeCount, projected.relationshipCount"""
COMPONENTS = """CALL gds.wcc.stream($name) YIELD nodeId, componentId
    WITH gds.util.asNode(nodeId) AS p, componentId WHERE p:Applicant RETURN p.applicant_id, componentId"""
DROP = "CALL gds.graph.drop($name, false) YIELD graphName RETURN graphName"

Ask = Callable[..., list[list[Any]]]


def components(ask: Ask, hubs: Sequence[str]) -> Mapping[str, int]:
    """The component number of each linked applicant; hubs, given by node name, link nobody.

    Raises SettingError where the server has no Graph Data Science plugin.
    """
    try:
        ask(VERSION)
    except ClientError as error:
        raise SettingError(
            "--engine gds needs the Graph Data Science plugin in the Neo4j server: install it, or use --engine local"
        ) from error
    name = f"ringfence-{secrets.token_hex(6)}"
    try:
        projected = ask(PROJECT, name=name, hubs=list(hubs))
        if not projected or not projected[0][0]:
            return {}  # nothing links anybody, so there is nothing to project
        return {who: int(part) for who, part in ask(COMPONENTS, name=name)}
    finally:
        ask(DROP, name=name)
