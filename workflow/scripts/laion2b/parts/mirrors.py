"""Templates of mirrors: from a part's number to a URL or a local path."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from string import Formatter
from urllib.parse import SplitResult, unquote, urlsplit

from laion2b.errors import ConfigError, mistake
from laion2b.names import ENDINGS, STEMS


def mistakes(mirrors: Sequence[Mapping[str, str]]) -> list[str]:
    """Return what is wrong with `mirrors` in a configuration that its schema allows."""
    found = []
    for template in (template for mirror in mirrors for template in mirror.values()):
        try:
            check_template(template)
        except ConfigError as error:
            found.append(str(error))
    for stem, endings in ENDINGS.items():
        kind = STEMS[stem]
        theirs = sorted({ending(mirror[kind]) for mirror in mirrors if kind in mirror})
        if len(theirs) > 1 or not set(theirs) <= set(endings):
            shown = ", ".join(map(repr, theirs))
            expected = f"one ending for all mirrors, out of {', '.join(endings)}"
            do = "correct the addresses, or leave out the mirrors with another ending"
            found.append(mistake("mirrors", f"{kind} that end in {shown}", expected, do))
    return found


def check_template(template: str) -> None:
    """Raise ConfigError unless `template` gives a usable address for every part number."""
    shown = repr(without_secrets(template))
    if "\0" in template:
        raise _mistake(f"{shown}, which holds a NUL character", "a path or a URL", "take the character out")
    _check_fields(template, shown)
    scheme, separator, _ = template.partition("://")
    if separator and scheme.lower() not in ("http", "https", "file"):
        do = "name a web server that has the parts, or copy them to a local folder and name that"
        raise _mistake(f"{shown}, a {scheme}:// URL", "a URL with http://, https:// or file://, or a local path", do)
    if not separator and re.match(r"(https?|file):", template, re.IGNORECASE):
        raise _mistake(shown, "a URL with two slashes after the colon, as in https://...", "add the second slash")
    if not separator:
        _check_home(template, shown)
        return
    try:
        parts = urlsplit(template)
    except ValueError as error:
        raise _mistake(f"{shown} ({error})", "a URL", "correct it") from None
    if "@" in parts.netloc:
        do = "put them in ~/.netrc, or a token in the environment (docs/mirrors.md, Credentials)"
        raise _mistake(f"{shown} with a user name or password", "a URL without, because it is recorded", do)
    if scheme.lower() == "file":
        if parts.netloc not in ("", "localhost"):
            expected = "three slashes before an absolute path, as in file:///data"
            raise _mistake(shown, expected, "write the path in full")
    elif not _is_host(parts):
        raise _mistake(f"{shown}, which names no host, or none that can be one", "a URL with a host", "correct it")


def _mistake(found: str, expected: str, do: str) -> ConfigError:
    return ConfigError(mistake("mirrors", found, expected, do))


def _check_home(path: str, shown: str) -> None:
    try:
        local_path(path)
    except RuntimeError:
        user = path.partition("/")[0].removeprefix("~") or "that runs this"
        found = f"{shown}, but the user {user} has no home folder on this machine"
        raise _mistake(found, "a path that leads somewhere", "write the path in full, without ~") from None


def _is_host(parts: SplitResult) -> bool:
    try:
        port_is_good = parts.port is None or parts.port > 0
    except ValueError:
        return False
    names = (parts.hostname or "").removesuffix(".").split(".")
    is_name = all(re.fullmatch(r"[^\W](?:[\w-]{0,61}\w)?", name) for name in names)
    return port_is_good and (is_name or re.fullmatch(r"[0-9a-f:.]+", parts.hostname or "") is not None)


def _check_fields(template: str, shown: str) -> None:
    expected = "{part}, or {part:04d} for four digits, where the part's number goes, and nothing else in braces"
    do = "write the address of one part, and put {part} in place of its number"
    try:
        fields = [each for each in Formatter().parse(template) if each[1] is not None]
    except ValueError as error:
        raise _mistake(f"{shown} ({error})", expected, do) from None
    if not fields or not all(_is_number(*each[1:]) for each in fields):
        raise _mistake(shown, expected, do)


def _is_number(name: str | None, spec: str | None, conversion: str | None) -> bool:
    """Return whether a field in braces is the number of a part."""
    return name == "part" and not conversion and re.fullmatch(r"(0?\d{1,2})?d?", spec or "") is not None


def addresses(mirrors: Sequence[Mapping[str, str]], stem: str, part: int) -> list[str]:
    """Return the URLs or local paths of one file of a part, in the order of the mirrors."""
    return [mirror[STEMS[stem]].format(part=part) for mirror in mirrors if STEMS[stem] in mirror]


def is_one_table(mirrors: Sequence[Mapping[str, str]]) -> bool:
    """Tell whether each mirror has one Parquet table per part, with embeddings and metadata in it."""
    return all(mirror["embeddings"] == mirror.get("metadata") for mirror in mirrors)


def file_of_metadata(folder: Path, part: str, *, is_one_table: bool = True) -> Path:
    """Return the file in a folder that holds the metadata of a part, or would hold them.

    That is a file of their own; but if there is none, and `is_one_table`, the table with the embeddings.
    """
    own, table = folder / f"metadata_{part}.parquet", folder / f"img_emb_{part}.parquet"
    return table if is_one_table and table.exists() and not own.exists() else own


def ending(template: str) -> str:
    """Return the ending of the file a template leads to, in lower case, such as `.npy`."""
    path = re.split("[?#]", template)[0] if is_url(template) else template
    return Path(path).suffix.lower()


def is_url(address: str) -> bool:
    """Return whether an address is a URL, not a local path."""
    return "://" in address


def is_remote(address: str) -> bool:
    """Return whether a file must be downloaded. Others can be linked."""
    return address.lower().startswith(("http://", "https://"))


def local_path(address: str) -> Path:
    """Return the absolute path that a local address (a path or a file:// URL) means."""
    path = unquote(urlsplit(address).path) if is_url(address) else address
    return Path(path).expanduser().absolute()


def is_there(address: str) -> bool:
    """Return whether a local address leads to a file."""
    try:
        return local_path(address).is_file()
    except OSError:
        return False


def without_secrets(address: str) -> str:
    """Return an address for logs and records: without query string, fragment, user name and password."""
    if not re.match(r"[a-z0-9+.-]+:/", address, re.IGNORECASE):
        return address
    bare = re.split("[?#]", address)[0]
    return re.sub(r"(:/+)[^/]*@", r"\1", bare, count=1)
