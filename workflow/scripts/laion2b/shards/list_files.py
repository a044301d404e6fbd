"""The lists of rows that `drop` and `keep_only` name: what they are, and their SHA-256, which is remembered.

Nothing is imported here that Snakemake itself does not bring, because the Snakefile is read without our packages, too.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from laion2b.errors import ConfigError, mistake
from laion2b.files import read_json, write_json
from laion2b.names import KNOWN_LISTS, NAME, sorted_list

COLUMNS = {"url": ("url",), "md5": ("md5",), "key": ("key",), "hash": ("url", "caption")}
"""What the entries of a list may be, and the columns that they are compared with. A `hash` is LAION's own."""
ENDINGS = (".txt", ".parquet", ".npy")
NUMBERS = ("key", "hash")
"""What an .npy may list."""
LARGE = 1_000_000_000
"""Bytes from which on hashing a list takes so long that the user is told."""


@dataclass(frozen=True)
class Listed:
    """A list, known by its content."""

    by: str
    sha256: str
    name: str = ""
    """How a record names it."""

    @property
    def sorted(self) -> str:
        """The name, in a working directory, of the sorted form in which it is searched."""
        return sorted_list(self.sha256, self.by)

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of metadata that are compared with its entries."""
        return COLUMNS[self.by]


def mistakes(settings: Mapping) -> list[str]:
    """Return what is wrong with `drop` and `keep_only` in a configuration that its schema allows."""
    entries = [(key, entry) for key in ("drop", "keep_only") for entry in settings[key] or ()]
    found = [mistake(key, *wrong) for key, entry in entries if (wrong := _mistake(path_of(entry), entry["by"]))]
    if entries and settings.get("name") == NAME:
        expected = "another name, because rows are left out that the official subsets have"
        found.append(mistake("name", NAME, expected, "name the subsets of your own, as in `name: cleaned`"))
    return found


def _mistake(file: Path, by: str) -> tuple[str, str, str] | None:
    """Return what was found, what was expected, and what to do."""
    if file.suffix.lower() not in ENDINGS:
        return f"{file}", f"a list that ends in {', '.join(ENDINGS)}", "save the list in one of these forms"
    if file.suffix.lower() == ".npy" and by not in NUMBERS:
        return f"{file} by {by}", f"`by` {' or '.join(NUMBERS)}, because an .npy holds numbers", "save it as text"
    if not file.is_file():
        kind = "is no file" if file.exists() else "does not exist"
        return f"{file}, which {kind}", "a file", "correct the path, or mount the disk that it is on"
    return None


def identify(
    entries: Sequence[dict], folder: Path = Path(), say: Callable[[str], object] = lambda _: None
) -> list[Listed]:
    """Return the lists that `drop` or `keep_only` names, in the order given.

    A list is not read again as long as its size and time stay the same. `say` is called before what takes long. Raises
    ConfigError if a list can't be read.
    """
    memory = folder / KNOWN_LISTS
    known = read_json(memory) or {}
    found = []
    for entry in entries:
        file = path_of(entry)
        try:
            stat = (folder / file).stat()
            state = {"size": stat.st_size, "mtime_ns": stat.st_mtime_ns}
            remembered = known.get(entry["file"])
            if not isinstance(remembered, dict) or {key: remembered.get(key) for key in state} != state:
                if stat.st_size >= LARGE:
                    say(f"The list {file} is new or was changed. Its SHA-256 is computed, which takes a while.")
                known[entry["file"]] = state | {"sha256": sha256_of(folder / file)}
                write_json(memory, known)
        except OSError as error:
            raise ConfigError(f"The list {file} can't be read: {error.strerror}.") from None
        found.append(Listed(entry["by"], known[entry["file"]]["sha256"]))
    return found


def path_of(entry: dict) -> Path:
    """Return where a list is that the configuration names."""
    return Path(entry["file"]).expanduser()


def sha256_of(file: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
