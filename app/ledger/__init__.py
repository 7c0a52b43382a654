"""Double entry: every stroop has an owner, and no row of it is ever changed."""
