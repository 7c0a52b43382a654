"""Anything we say to anyone: an outbox row in the commit that gives the reason, sent until it arrives."""
