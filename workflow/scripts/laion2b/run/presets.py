"""Presets: configurations for families of embeddings, which a line in a configuration selects."""

from pathlib import Path

import yaml

from laion2b.errors import ConfigError, mistake

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The first is ten times as fast. Its errors say less, so it is only for files that users don't write."""


def read(file: Path) -> dict:
    """Return the content of a file of YAML in the repository."""
    return yaml.load(file.read_text(encoding="utf-8"), Loader=LOADER)  # noqa: S506 - both loaders are safe


def keys(name: object, folder: Path) -> dict:
    """Return the keys of a preset; nothing if no name is given. Raises ConfigError if there is no such preset."""
    if name is None:
        return {}
    known = sorted(file.stem for file in folder.glob("*.yaml"))
    if name not in known:
        raise ConfigError(mistake("preset", repr(name), f"one of {', '.join(known)}", "use one of these, or null"))
    return read(folder / f"{name}.yaml")
