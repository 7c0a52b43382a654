"""The sandbox network against the Stellar SDKs of others."""
