"""Effects: what an operation did to whom, read from what it said, its result and the entries it changed."""
