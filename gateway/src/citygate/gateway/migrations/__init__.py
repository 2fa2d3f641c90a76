"""The journal's schema, one Alembic revision per change; applied when the journal is opened."""
