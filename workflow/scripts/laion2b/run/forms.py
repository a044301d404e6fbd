"""In which forms the data come, as the configuration says: with or without metadata, and in files that are no parts."""

from collections.abc import Mapping
from pathlib import Path

from laion2b import names
from laion2b.errors import ConfigError, mistake
from laion2b.parts import mirrors


def has_tsv(settings: Mapping) -> bool:
    """Tell whether subsets have a TSV."""
    return bool(settings["columns"])


def needs_metadata(settings: Mapping) -> bool:
    """Tell whether anything of the metadata of parts is written or compared."""
    return any(settings[key] for key in ("columns", "keep", "drop", "keep_only"))


def has_files_of_metadata(settings: Mapping) -> bool:
    """Tell whether the metadata of a part are needed, and in a file of their own."""
    return needs_metadata(settings) and not mirrors.is_one_table(settings["mirrors"])


def files_to_regroup(settings: Mapping) -> list[Path]:
    """Return the files that `regroup` names. Raises ConfigError if it names none, or one that does not exist."""
    if not settings["regroup"] or not settings["modulus"]:
        key = "modulus" if settings["regroup"] else "regroup"
        expected = "how many parts the family has" if settings["regroup"] else "the files of a copy"
        do = "set it in config.yaml, as docs/mirrors.md says under Copies whose files are no parts"
        raise ConfigError(mistake(key, "null", expected, do))
    files = [Path(file).expanduser().absolute() for file in settings["regroup"]["files"]]
    if missing := [file for file in files if not file.is_file()]:
        raise ConfigError(mistake("regroup", f"{missing[0]}, which is no file", "files", "correct the path"))
    return files


def check_tsv(last: int | str, settings: Mapping) -> None:
    """Raise ConfigError if subsets have no TSV."""
    if not has_tsv(settings):
        raise ConfigError(
            f"{names.metadata(last)} can't be made, because `columns` names no column: subsets have no TSV then. What "
            f"to do: ask for {names.embeddings(last, settings['name'])} alone, or name columns in config.yaml."
        )
