"""From shards to a subset: concatenation, checks, provenance."""
