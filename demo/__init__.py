"""The demo: it builds a subset from a small mirror, and searches it."""
