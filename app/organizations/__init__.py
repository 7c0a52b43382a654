"""Who runs what under which home domain: keys, toml, faces, and the anchors they know."""
