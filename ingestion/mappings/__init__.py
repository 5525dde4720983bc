"""Mappings shipped with the product, one YAML file each (docs/records.md)."""
