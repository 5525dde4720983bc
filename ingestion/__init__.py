"""Ingestion: anyone's tables to facts of the domain model."""
