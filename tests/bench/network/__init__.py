"""How much a sandbox network carries."""
