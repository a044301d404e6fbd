"""Catalogues of known hashes, in the format of `sha256sum`: a SHA-256, two spaces, a file name."""

import logging
import re
from collections.abc import Iterator
from pathlib import Path

from . import record
from .errors import ConfigError, PartError, explain
from .mirrors import EMBEDDINGS_ENDINGS, METADATA_ENDINGS, STEMS

log = logging.getLogger(__name__)


def read(catalogue: Path) -> dict[str, str]:
    """Return the SHA-256 of each file named in a catalogue; folders before the names do not count."""
    known: dict[str, str] = {}
    try:
        lines = catalogue.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not text"
        raise ConfigError(f"{catalogue}, which `checksums` names, can't be read: {reason}.") from None
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.startswith("#"):
            continue
        match = re.fullmatch(r"([0-9a-fA-F]{64}) [ *](.+)", line)
        name = match[2].rpartition("/")[2] if match else ""
        if not match or known.get(name, match[1].lower()) != match[1].lower():
            found = f"another SHA-256 of {name} than before" if match else repr(line[:100])
            raise ConfigError(
                explain(
                    f"{catalogue}, line {number}",
                    found=found,
                    expected="a SHA-256, two spaces and the name of a file, as sha256sum writes them, each name once",
                    cause="it is another kind of file, or was edited",
                    do="mend the line, or write the catalogue anew with the command `checksums`",
                )
            )
        known[name] = match[1].lower()
    return known


def compare(file: Path, found: str, known: dict[str, str], *addresses: str) -> None:
    """Raise PartError if the catalogue knows `file`, by its name here or on a mirror, with another SHA-256."""
    names = [file.name, *(re.split("[?#]", address)[0].rpartition("/")[2] for address in addresses)]
    expected = next((known[name] for name in names if name in known), None)
    if known and expected is None:
        log.warning("%s is not in the catalogue that `checksums` names, and was not compared with it.", file)
        return
    expected = expected or found
    if found != expected:
        raise PartError(
            explain(
                file,
                found=f"SHA-256 {found}",
                expected=f"{expected}, as the catalogue says",
                cause="the file was damaged on its way or on disk, or the mirror has another version",
                do="delete it if it is there and run again, add another mirror, or correct the catalogue",
            )
        )


def catalogue(folder: Path) -> Iterator[str]:
    """Yield a line for each part's file in `folder`, whose bytes are all read."""
    endings = (*EMBEDDINGS_ENDINGS, *METADATA_ENDINGS)
    for file in sorted(folder.iterdir()):
        if file.suffix in endings and file.stem.rpartition("_")[0] in STEMS:
            yield f"{record.sha256_of(file)}  {file.name}"
