"""What a run hands over to its jobs by environment variables."""

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path

SETTINGS = "LAION2B_DOWNLOADS"
"""Environment variable with the mirrors and limits of downloads, as JSON."""
DOWNLOADS_AT_ONCE = 4
"""Downloads at a time, unless Snakemake is told otherwise."""


def job_environment(library: Path, settings: Mapping, downloads: int) -> dict[str, str]:
    """Return the environment in which the rules' `python3 "$LAION2B" COMMAND` works, `downloads` of them at a time.

    `python3` is the interpreter that runs Snakemake, unless a conda environment or a container puts its own before it.
    The mirrors come by this way, not as params, so that a changed mirror does not count as a changed definition, which
    would fetch every part anew, and so that an address with a signature in it is not logged with the command.
    """
    limits = {key: settings[key] for key in ("mirrors", "checksums", "timeout", "attempts")}
    bandwidth = settings["bandwidth"] and settings["bandwidth"] * 1e6 / downloads
    return {
        "LAION2B": str(library),
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]),
        SETTINGS: json.dumps(limits | {"bandwidth": bandwidth}),
    }


def read_settings() -> dict:
    """Return what `job_environment` handed over; nothing outside a run."""
    return json.loads(os.environ.get(SETTINGS, "{}"))
