"""Download a file that the configuration names under `queries` or `published_gold`."""

import argparse
from pathlib import Path

from laion2b.errors import ConfigError, DownloadError


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("output", type=Path, help="its name, queries/HASH-NAME, as the rules form it")


def run(options: argparse.Namespace) -> None:
    """Download the file, unless it exists."""
    from laion2b.neighbors.definition import remote_files
    from laion2b.neighbors.queries import check_downloaded
    from laion2b.parts.download import download
    from laion2b.parts.http import Limits
    from laion2b.run.environment import read_settings

    settings = read_settings()
    known = remote_files(settings)
    if options.output not in known:
        raise ConfigError(f"The configuration names no address of {options.output}.")
    entry = known[options.output]

    def check(file: Path, _: str) -> None:
        check_downloaded(file, entry, options.output.suffix)

    try:
        download(options.output, [entry["file"]], check, Limits.of(settings))
    except DownloadError as error:
        if entry != settings["queries"]:
            raise
        raise DownloadError(
            f"{error}\nQueries of your own need no download: `queries: {{part: 0, rows: 10000, seed: 2023}}` draws "
            "them from a part, and `queries: {file: PATH}` names a file that you have."
        ) from None
