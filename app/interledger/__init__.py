"""Interledger: pays over STREAM. A pure protocol library: it knows no tables and keeps nothing. See README.md."""
