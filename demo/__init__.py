"""A small LAION-like mirror, made on the spot and served on loopback, and the demo that builds a subset from it."""
