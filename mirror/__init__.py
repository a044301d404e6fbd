"""A small LAION-like mirror, made on the spot and served on loopback. The demo, the tests and the benchmarks use it."""
