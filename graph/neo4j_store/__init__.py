"""The production adapter: the graph in Neo4j. All the Cypher there is lives here."""
