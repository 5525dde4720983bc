"""The production adapter: the graph in Neo4j. All the Cypher there is lives here."""

from graph.stores.neo4j.store import Neo4jStore

__all__ = ["Neo4jStore"]
