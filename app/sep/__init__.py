"""The doors wallets and other anchors come through: SEP-1, 10, 12, 31, …

Every door stands in the same frame (frame.py): errors as the SEPs shape them, CORS, rate limits, and the home domain
that was asked. Every route says who may call it (auth.py).
"""
