# What the rules need to know before they are defined.

import functools
import json
import os
import sys
from pathlib import Path

REPOSITORY = repository()
LIBRARY = REPOSITORY / "workflow" / "scripts" / "laion2b"
if str(LIBRARY.parent) not in sys.path:
    sys.path.insert(0, str(LIBRARY.parent))

from laion2b import logs, names
from laion2b.errors import ConfigError, Laion2bError
from laion2b.logs import RuleName
from laion2b.parts import mirrors
from laion2b.parts.numbers import parts_up_to
from laion2b.run import belonging, configuration, environment, forms, preflight
from laion2b.shards import list_files
from laion2b.shards.definition import Definition
from laion2b.subsets import definition as subsets


def or_stop(check, *arguments):
    """Call a function of the library. If it raises an error for the user, end the run with that sentence alone."""
    try:
        return check(*arguments)
    except Laion2bError as error:
        logger.error(str(error))
        sys.exit(1)


or_stop(configuration.check_folders, *map(Path, (names.PARTS, names.SHARDS, names.LOGS)))
if or_stop(configuration.read_own, Path("config.yaml")):  # of the working directory; the defaults are added below

    configfile: "config.yaml"


if is_main():
    or_stop(preflight.check_profile, sys.argv[1:], Path(os.environ.get("PWD", ".")), Path(workflow.basedir))
settings = or_stop(
    configuration.load, config, REPOSITORY / "config.yaml", REPOSITORY / "workflow" / "config.schema.yaml"
)
# A list is known by its content from here on: a change of its name or its time alone changes nothing.
LISTS = {key: or_stop(list_files.identify, settings[key] or (), Path(), logger.info) for key in ("drop", "keep_only")}
FILES_OF_LISTS = {
    listed.sorted: list_files.path_of(entry).absolute()
    for key, found in LISTS.items()
    for listed, entry in zip(found, settings[key] or ())
}
settings |= {key: [[listed.by, listed.sha256] for listed in found] or None for key, found in LISTS.items()}
DOWNLOADS = or_stop(environment.at_once, downloads_at_once(environment.DOWNLOADS_AT_ONCE), cores())

# On a cluster, a job inherits these variables from the run that submitted it. Only that run knows how many downloads
# share the bandwidth.
if is_main() or environment.SETTINGS not in os.environ:
    os.environ.update(environment.job_environment(LIBRARY, settings, DOWNLOADS))
os.environ.update(environment.run_of_jobs())

NAME = settings["name"]

# The definition of a shard is a param of the rules, so that a change of it rebuilds what depends on it, and no more.
DEFINITION = Definition.of(settings).text()

# The first part decides which shards a product is built from. It is a param only where it is not the default, so that
# products of earlier versions stay up to date. (Snakemake does not compare inputs, see profiles/default.)
FIRST_PART = {} if settings["first_part"] == 1 else {"first_part": settings["first_part"]}

# What a description says of the embeddings, besides what it looks at.
DESCRIBED = json.dumps({key: settings[key] for key in subsets.DESCRIBED})


# `in_turn=1` runs the jobs of a group one after another, so that a group requests the cores and memory of one job. The
# profiles of clusters set its limit. It has no effect on a local run.
resource_scopes:
    in_turn="local",


wildcard_constraints:
    stem="|".join(names.STEMS),
    part=r"\d{4}|[1-9]\d{4}\d*",
    ending="|".join(ending[1:] for endings in names.ENDINGS.values() for ending in endings),
    last=r"0|[1-9]\d*",
    rows=r"[1-9]\d*",
    sha256="[0-9a-f]{64}",
    by="|".join(list_files.COLUMNS),
