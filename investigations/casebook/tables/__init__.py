"""The casebook's tables, the same in SQLite and PostgreSQL."""
