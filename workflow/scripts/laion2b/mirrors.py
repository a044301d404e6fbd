"""Templates of a mirror: from a part's number to a URL or a local path."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from string import Formatter
from urllib.parse import SplitResult, unquote, urlsplit

from .errors import ConfigError

STEMS = {"img_emb": "embeddings", "metadata": "metadata"}
"""How the names of a part's files begin, and the key of a mirror that says where they are."""
EMBEDDINGS_ENDINGS = (".npy", ".npz", ".h5")
METADATA_ENDINGS = (".parquet",)


def check(template: str) -> None:
    """Raise ConfigError unless `template` gives a fetchable address for every part number."""
    shown = repr(without_secrets(template))
    _check_fields(template)
    scheme, separator, _ = template.partition("://")
    if separator and scheme.lower() not in ("http", "https", "file"):
        raise ConfigError(
            f"mirror {shown}: {scheme}:// can't be fetched from. "
            "Use an http:// or https:// URL, a file:// URL or a local path."
        )
    if not separator and re.match(r"(https?|file):", template, re.IGNORECASE):
        raise ConfigError(f"mirror {shown}: a URL has two slashes after the colon, as in https://...")
    if not separator:
        return
    try:
        parts = urlsplit(template)
    except ValueError as error:
        raise ConfigError(f"mirror {shown}: {error}.") from None
    if "@" in parts.netloc:
        raise ConfigError(
            f"mirror {shown} holds a user name or password. Take it out of the URL, and "
            "put it in ~/.netrc or in the environment variable that the README names under Credentials."
        )
    if scheme.lower() == "file":
        if parts.netloc not in ("", "localhost"):
            raise ConfigError(
                f"mirror {shown}: a file:// URL has three slashes before an absolute path, as in file:///data."
            )
    elif not _is_host(parts):
        raise ConfigError(f"mirror {shown}: the URL names no host, or none that can be one.")


def _is_host(parts: SplitResult) -> bool:
    try:
        port_is_good = parts.port is None or parts.port > 0
    except ValueError:
        return False
    names = (parts.hostname or "").removesuffix(".").split(".")
    is_name = all(re.fullmatch(r"[^\W](?:[\w-]{0,61}\w)?", name) for name in names)
    return port_is_good and (is_name or re.fullmatch(r"[0-9a-f:.]+", parts.hostname or "") is not None)


def _check_fields(template: str) -> None:
    try:
        fields = [
            (name, spec, conversion) for _, name, spec, conversion in Formatter().parse(template) if name is not None
        ]
    except ValueError as error:
        raise ConfigError(f"mirror {without_secrets(template)!r}: {error}.") from None
    if not fields or any(
        name != "part" or conversion or not re.fullmatch(r"(0?\d{1,2})?d?", spec) for name, spec, conversion in fields
    ):
        raise ConfigError(
            f"mirror {without_secrets(template)!r}: the part's number must stand in it as {{part}}, or as {{part:04d}} "
            "where numbers are padded to four digits, and nothing else may stand in braces."
        )


def addresses(mirrors: Sequence[Mapping[str, str]], stem: str, part: int) -> list[str]:
    """Return the URLs or local paths, in the order of the mirrors, of one file of one part."""
    return [mirror[STEMS[stem]].format(part=part) for mirror in mirrors]


def ending(template: str) -> str:
    """Return the ending of the file a template leads to, in lower case, such as `.npy`."""
    path = re.split("[?#]", template)[0] if is_url(template) else template
    return Path(path).suffix.lower()


def is_url(address: str) -> bool:
    """Tell a URL from a local path."""
    return "://" in address


def is_remote(address: str) -> bool:
    """Tell what must be fetched from what can be linked."""
    return address.lower().startswith(("http://", "https://"))


def local_path(address: str) -> Path:
    """Return the absolute path that a local address (a path or a file:// URL) means."""
    path = unquote(urlsplit(address).path) if is_url(address) else address
    return Path(path).expanduser().absolute()


def is_there(address: str) -> bool:
    """Tell whether a local address leads to a file that can be reached."""
    try:
        return local_path(address).is_file()
    except OSError:
        return False


def without_secrets(address: str) -> str:
    """Return an address fit to be logged and recorded: no query string, fragment, user name or password."""
    if not re.match(r"[a-z0-9+.-]+:/", address, re.IGNORECASE):
        return address
    bare = re.split("[?#]", address)[0]
    return re.sub(r"(:/+)[^/]*@", r"\1", bare, count=1)
