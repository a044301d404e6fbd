"""Catalogues of known hashes, in the format of `sha256sum`: a SHA-256, two spaces, a file name."""

import logging
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from laion2b.errors import ConfigError, PartError, explain, mistake
from laion2b.files import check_regular
from laion2b.names import EMBEDDINGS_ENDINGS, METADATA_ENDINGS, STEMS, stem_and_part

from . import record

log = logging.getLogger(__name__)


def read(catalogue: Path) -> dict[str, str]:
    """Return the SHA-256 of each file in a catalogue, by its name without folders. Raises ConfigError."""
    known: dict[str, str] = {}
    try:
        check_regular(catalogue)
        lines = catalogue.read_text(encoding="utf-8").splitlines()
    except PartError as error:
        raise ConfigError(f"`checksums`: {error}") from None
    except (OSError, ValueError) as error:
        is_text = not isinstance(error, UnicodeDecodeError)
        reason = getattr(error, "strerror", None) or (str(error) if is_text else "it is not text")
        expected, do = "a SHA256SUMS file", "correct the path, or set `checksums: null` to compare nothing"
        raise ConfigError(mistake("checksums", f"{catalogue}, which can't be read ({reason})", expected, do)) from None
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
                    do="correct the line, or write the catalogue again with `bin/laion2b checksums`",
                )
            )
        known[name] = match[1].lower()
    if not known:
        raise ConfigError(
            explain(
                catalogue,
                found="no SHA-256 of any file",
                expected="a line for each file of a part, because `checksums` names it",
                cause="the catalogue was cut, or its command failed",
                do="write it again with `bin/laion2b checksums`, or set `checksums: null` to compare nothing",
            )
        )
    return known


def of(settings: Mapping) -> dict[str, str]:
    """Return the catalogue that `checksums` in a configuration names, or an empty one."""
    return read(Path(settings["checksums"])) if settings.get("checksums") else {}


def compare(file: Path, found: str, known: dict[str, str], *addresses: str) -> None:
    """Raise PartError if a catalogue has another SHA-256 for `file`, under its name here or on a mirror."""
    names = [file.name, *(re.split("[?#]", address)[0].rpartition("/")[2] for address in addresses)]
    expected = next((known[name] for name in names if name in known), None)
    if known and expected is None:
        log.warning("%s is not in the catalogue that `checksums` names. So it was not compared.", file)
        return
    expected = expected or found
    if found != expected:
        raise PartError(
            explain(
                file,
                found=f"SHA-256 {found}",
                expected=f"{expected}, as the catalogue says",
                cause="the file was damaged on its way or on disk, or the mirror has another version",
                do="delete the file and run again, add another mirror, or correct the catalogue",
            )
        )


def lines(folder: Path) -> Iterator[str]:
    """Yield a line for each part's file in `folder`. Reads all bytes of these files."""
    endings = (*EMBEDDINGS_ENDINGS, *METADATA_ENDINGS)
    for file in sorted(folder.iterdir()):
        if file.suffix in endings and stem_and_part(file)[0] in STEMS:
            yield f"{record.sha256_of(file)}  {file.name}"
