# What the rules need to know before they are defined.

import json
import os
import sys

WORKFLOW = Path(workflow.current_basedir.get_path_or_uri(secret_free=True)).parent
LIBRARY = WORKFLOW / "scripts" / "laion2b"
sys.path.insert(0, str(LIBRARY.parent))

from laion2b import DEFINITION, cli, configuration, failures, mirrors, space
from laion2b.download import size_on_mirrors
from laion2b.errors import Laion2bError

try:
    settings = configuration.load(config, WORKFLOW.parent / "config.yaml", WORKFLOW / "config.schema.yaml")
except Laion2bError as error:
    raise WorkflowError(error) from None

# At most 4 downloads at a time, unless the command line or a profile says `resources: downloads=N`. Set here, because
# a limit in a profile is lost as soon as the user passes --resources for something else.
if "downloads" not in workflow.global_resources:
    workflow.register_resource("downloads", 4)
DOWNLOADS = workflow.global_resources["downloads"].value

os.environ.update(cli.job_environment(LIBRARY, settings, DOWNLOADS))

# A part's embeddings keep the ending they have on the mirror: .npy, .npz or .h5.
ENDING = mirrors.ending(settings["mirrors"][0]["embeddings"])


def part_file(path):
    """Mark a part's file as temporary if the configuration says that parts are not kept."""
    return path if settings["keep_parts"] else temp(path)


def of_subset(pattern):
    """Return the input function that names a file of each shard of the subset that ends with part `last`, in order."""

    def files(wildcards):
        numbers = configuration.parts(int(wildcards.last), settings["first_part"])
        return [pattern.format(part=f"{number:04d}") for number in numbers]

    return files


wildcard_constraints:
    stem="|".join(mirrors.STEMS),
    part=r"\d{4}|[1-9]\d{4}\d*",
    ending=f"{ENDING[1:]}|parquet",
    last=r"0|[1-9]\d*",
