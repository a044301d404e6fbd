"""Loads a configuration as the workflow does."""

from laion2b.run import configuration
from tests.support.harness import REPOSITORY

DEFAULTS = REPOSITORY / "config.yaml"
SCHEMA = REPOSITORY / "workflow" / "config.schema.yaml"


def load(**keys: object) -> dict:
    """Return the defaults with these keys, after all checks."""
    return configuration.load(keys, DEFAULTS, SCHEMA)
