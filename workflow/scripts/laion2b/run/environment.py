"""What a run passes to its jobs in environment variables."""

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from laion2b.errors import ConfigError, mistake
from laion2b.shards.definition import Definition
from laion2b.subsets.definition import DESCRIBED

from . import parent

SETTINGS = "LAION2B_SETTINGS"
"""Environment variable with the mirrors and limits of downloads, and the definition that they must fit, as JSON."""
DOWNLOADS_AT_ONCE = 4
"""Downloads at a time, if the command line and the profile set no other limit."""


def at_once(downloads: object, cores: int | None) -> int:
    """Return how many downloads can run at a time. Each takes a core. `cores` is None on a cluster.

    `downloads` is the limit that --resources or a profile sets. Raises ConfigError if it allows none.
    """
    if not isinstance(downloads, int) or downloads < 1:
        raise ConfigError(
            mistake(
                "downloads",
                repr(downloads),
                "how many downloads can run at a time, 1 or more",
                f"set a number, as in --resources downloads={DOWNLOADS_AT_ONCE}",
            )
        )
    return min(downloads, cores or downloads)


def job_environment(library: Path, settings: Mapping, downloads: int) -> dict[str, str]:
    """Return the environment in which the rules' `python3 "$LAION2B" COMMAND` works, `downloads` of them at a time.

    `python3` is the interpreter that runs Snakemake, unless a conda environment or a container puts its own before it.
    The mirrors are passed here and not as params. As params, a changed mirror would count as a changed definition, and
    every part would be downloaded again. An address with a signature in it would be logged with the command.
    """
    keys = ("mirrors", "checksums", "modulus", "timeout", "attempts", *Definition.keys_of_configuration())
    handed = {key: settings[key] for key in keys}
    others = (*DESCRIBED, "queries", "metric", "published_gold")
    handed |= {key: settings[key] for key in others if key in settings}
    handed["minimum_speed"] = settings["minimum_speed"] * 1000
    handed["patience"] = settings["patience"] * 3600
    bandwidth = settings["bandwidth"] and settings["bandwidth"] * 1e6 / downloads
    return {
        "LAION2B": str(library),
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]),
        SETTINGS: json.dumps(handed | {"bandwidth": bandwidth}),
    }


def run_of_jobs() -> dict[str, str]:
    """Return the environment variable that tells a job which process runs it: this one."""
    return {parent.RUN: parent.this_process()}


def read_settings() -> dict:
    """Return what `job_environment` has passed; nothing outside a run."""
    return json.loads(os.environ.get(SETTINGS, "{}"))
