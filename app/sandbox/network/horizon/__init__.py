"""Horizon's face: what has been ingested from the ledger, shown over HTTP."""
