"""Records as the JSON that Horizon shows, one module per kind."""
