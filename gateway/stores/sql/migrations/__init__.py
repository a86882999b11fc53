"""Migrations of the ledger, by Alembic: each as it was when it was written, never edited."""
