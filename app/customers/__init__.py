"""Who the people are whom money comes from and goes to (SEP-12), by the fields everybody knows (SEP-9)."""
