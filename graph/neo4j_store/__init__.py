"""The production adapter: the graph in Neo4j. All the Cypher there is lives here."""

from graph.neo4j_store.store import Neo4jStore

__all__ = ["Neo4jStore"]
