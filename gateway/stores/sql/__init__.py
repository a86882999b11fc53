"""The ledger, and the authority beside it, in SQL."""
