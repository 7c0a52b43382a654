"""The ledger: what core does with a transaction. Pure: no HTTP, no clock, no randomness of its own."""
