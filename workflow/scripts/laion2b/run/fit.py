"""Check whether the files of parts fit the definition of a shard, as soon as the first ones are downloaded.

Each download notes in its file's record whether the file fits. The next download reads these notes before it requests
a byte.
"""

import hashlib
import json
import logging
from collections.abc import Iterator, Mapping
from pathlib import Path

from laion2b.errors import ConfigError, PartError
from laion2b.files import read_json
from laion2b.names import RECORD, STEMS, stem_and_part
from laion2b.parts import record
from laion2b.shards.definition import Definition

log = logging.getLogger(__name__)

ENOUGH = 2
"""If this many files of a kind don't fit, and none fits, the definition is wrong. One file alone may be odd itself."""


def note(file: Path, definition: Definition, *, is_one_table: bool = False) -> None:
    """Note in the record of a file of a part whether it fits; warn if it does not."""
    try:
        _check(file, definition, is_one_table)
        misfit = None
    except PartError as error:
        misfit = str(error)
        log.warning("%s", misfit)
    record.add(file, fit={"definition": _digest(definition), "misfit": misfit})


def _check(file: Path, definition: Definition, is_one_table: bool) -> None:
    is_embeddings = STEMS[stem_and_part(file)[0]] == "embeddings"
    if is_embeddings:
        from laion2b.formats.embeddings import open_embeddings

        with open_embeddings(file, array=definition.array) as matrix:
            matrix.check_dimensions(definition.dimensions)
    if not is_embeddings or (is_one_table and definition.needed_columns()):
        from laion2b.formats.metadata import open_metadata
        from laion2b.shards import keep

        with open_metadata(file, definition.aliases) as table:
            keep.check_table(table, definition)


def refuse_more(folder: Path, definition: Definition) -> None:
    """Raise ConfigError if several files of parts in `folder` were checked, and none of them fits."""
    for stem in STEMS:
        misfits: list[str] = []
        for misfit in _notes(folder, stem, _digest(definition)):
            if misfit is None:
                misfits = []
                break
            misfits.append(misfit)
        if len(misfits) >= ENOUGH:
            raise ConfigError(
                "The downloads stop, because no part that was downloaded fits `keep`, `columns` or `dimensions` in "
                f"config.yaml. Correct them. What is downloaded stays. The first part: {misfits[0]}"
            )


def _notes(folder: Path, stem: str, digest: str) -> Iterator[str | None]:
    """Yield the note about each file of a kind that still exists: why it does not fit, or None."""
    for path in sorted(folder.glob(f"{stem}_*{RECORD}")):
        if path.with_suffix("").exists():
            noted = (read_json(path) or {}).get("fit")
            if isinstance(noted, Mapping) and noted.get("definition") == digest:
                yield noted.get("misfit")


def _digest(definition: Definition) -> str:
    wanted = {key: value for key, value in definition.content().items() if key != "version"}
    return hashlib.sha256(json.dumps(wanted).encode()).hexdigest()
