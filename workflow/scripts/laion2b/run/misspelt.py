"""Targets that are nearly right, and what was meant."""

import re

from laion2b import names
from laion2b.errors import ConfigError

_ENDINGS = r"\.(h5|hdf5?|tsv|json)"


def _alike(name: str) -> str:
    """Return the pattern of what is taken for the name of a subset: the default in any spelling, and `name`."""
    return rf"(?:laion[-_]?2b|{re.escape(name.lower())})"


def pattern(name: str = names.NAME) -> str:
    """Return the pattern of what is nearly a target: another case, no ending or another one, zeros before the number.

    It has no groups of its own, because Snakemake makes it a part of a larger pattern. It is narrow, because a workflow
    that uses this one as a module has files of its own. `name` is how the names of subsets begin.
    """
    own = rf"{re.escape(name)}-(0|[1-9]\d*)\.(h5|json)"
    targets = rf"{own}|metadata-(0|[1-9]\d*)\.tsv|(verify|jld2)-(0|[1-9]\d*)\.json"
    nearly = rf"({_alike(name)}[-_]?\d+({_ENDINGS})?|metadata-\d+(\.tsv)?|(verify|jld2)-\d+(\.json)?)"
    return re.sub(r"\((?!\?)", "(?:", rf"(?!({targets})$)(?i:{nearly})")


def refuse(misspelt: str, name: str = names.NAME) -> None:
    """Raise ConfigError, with the target that was meant, for a target that matches `pattern`."""
    parsed = re.fullmatch(rf"({_alike(name)}|metadata|verify|jld2)[-_]?(\d+)(\.\w+)?", misspelt.lower())
    if not parsed:  # the rule that calls this takes no such name
        raise ConfigError(f"There is no target {misspelt}.")
    kind, number, ending = parsed.groups()
    last = int(number)
    others = {"metadata": names.metadata, "verify": names.verified, "jld2": names.jld2}
    if ending == ".tsv":
        meant = names.metadata(last)
    elif kind in others:
        meant = others[kind](last)
    elif ending:
        meant = (names.provenance if ending == ".json" else names.embeddings)(last, name)
    else:
        meant = " ".join(names.products(last, name))
    raise ConfigError(f"There is no target {misspelt}. Did you mean {meant}?")
