"""Queries and their exact nearest neighbors; docs/exactness.md has the proof."""
