"""A sandbox Stellar network: a ledger that answers as the real one would, with Horizon and RPC faces. See README.md."""
