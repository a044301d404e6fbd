# What the rules need to know before they are defined.

import functools
import json
import os
import sys
import threading

from snakemake.settings.types import DeploymentMethod

WORKFLOW = Path(workflow.current_basedir.get_path_or_uri(secret_free=True)).parent
LIBRARY = WORKFLOW / "scripts" / "laion2b"
sys.path.insert(0, str(LIBRARY.parent))

from laion2b import (
    DEFINITION_VERSION,
    configuration,
    environment,
    failures,
    forecast,
    mirrors,
    preflight,
    progress,
    standing,
    status,
)
from laion2b.errors import Laion2bError

try:
    if workflow.is_main_process:
        preflight.check_profile(sys.argv[1:], Path(workflow.rundir), Path(workflow.main_snakefile).parent)
    settings = configuration.load(config, WORKFLOW.parent / "config.yaml", WORKFLOW / "config.schema.yaml")
    configuration.check_folder_of_parts(Path("parts"), settings)
except Laion2bError as error:
    raise WorkflowError(error) from None

# A limit on downloads, unless the command line or a profile says `resources: downloads=N`. Set here, because a limit
# in a profile is lost as soon as the user passes --resources for something else.
if "downloads" not in workflow.global_resources:
    workflow.register_resource("downloads", environment.DOWNLOADS_AT_ONCE)
DOWNLOADS = workflow.global_resources["downloads"].value

# Whether the command line says --sdm apptainer.
IN_CONTAINER = DeploymentMethod.APPTAINER in workflow.deployment_settings.deployment_method

# A job on a cluster has it from the run that submitted it, which alone knows how many downloads share the bandwidth.
if workflow.is_main_process or environment.SETTINGS not in os.environ:
    os.environ.update(environment.job_environment(LIBRARY, settings, DOWNLOADS))

# On a cluster, the parts of a group are filtered one after the other, so a submission asks for the cores and memory of
# one. Elsewhere it means nothing.
workflow.register_resource("in_turn", 1)


resource_scopes:
    in_turn="local",


# What a shard is reaches the rules as a param, so that a change of it rebuilds what it concerns, and nothing else.
DEFINITION = json.dumps(
    {key: settings[key] for key in ("keep", "columns", "dimensions")} | {"version": DEFINITION_VERSION}
)

# A part's embeddings have the ending that they have on the mirrors: .npy, .npz or .h5.
ENDING = mirrors.ending(settings["mirrors"][0]["embeddings"])


def embeddings_of_part(wildcards):
    """Return the embeddings of a part: those that are there, whatever their form, else those of the mirrors."""
    names = [f"parts/img_emb_{wildcards.part}{ending}" for ending in (ENDING, *mirrors.EMBEDDINGS_ENDINGS)]
    return next((name for name in names if Path(name).exists()), names[0])


def temporary_unless(setting, path):
    """Let Snakemake delete a file when nothing in the run needs it any more, unless the configuration keeps it."""
    return path if settings[setting] else temp(path)


def doubled_at_each_retry(amount, per_shard=0):
    """Return the function that tells how much of a resource to ask a cluster for: MB of memory, or minutes."""

    def resource(wildcards, input, attempt):
        return (amount + per_shard * len(input.get("records", ()))) * 2 ** (attempt - 1)

    return resource


def parts_together():
    """Return how many parts a cluster filters in one submission: Snakemake's `--group-components filter=N`."""
    return workflow.group_settings.group_components.get("filter", 1)


def with_neighbours(wildcards):
    """Return the group of a part on a cluster, named after the first part in it.

    Without groups of their own, Snakemake would put any parts together, and start with none of them before nearly all
    are downloaded.
    """
    if parts_together() == 1:
        return None
    part = int(wildcards.part)
    name = f"filter_{part - (part - settings['first_part']) % parts_together():04d}"
    workflow.parent_groupids[name] = "filter"  # under this name Snakemake looks up how large the group may be
    return name


def of_subset(pattern):
    """Return the input function that names a file of each shard of the subset that ends with part `last`, in order."""

    def files(wildcards):
        try:
            numbers = configuration.parts(int(wildcards.last), settings["first_part"])
        except Laion2bError as error:
            raise WorkflowError(error) from None
        return [pattern.format(part=f"{number:04d}") for number in numbers]

    return files


def shards_of_embeddings(wildcards):
    """Return the shards of a subset's embeddings; refuse a virtual product some of whose shards are gone."""
    shards = of_subset("shards/{part}.h5")(wildcards)
    if settings["layout"] == "virtual":
        try:
            preflight.check_view(Path(f"laion2B-{wildcards.last}.h5"), [Path(shard) for shard in shards])
        except Laion2bError as error:
            raise WorkflowError(error) from None
    return shards


def what_stands(wildcards):
    """Return what the report tells of, by absolute paths: to Snakemake these are files that no rule makes."""
    try:
        return [str(file) for file in standing.sources(Path.cwd())]
    except Laion2bError as error:
        raise WorkflowError(error) from None


def shards_of_view(wildcards):
    """Return the shards that a virtual product points to: whoever looks at it looks at them. None of any other product."""
    return [str(shard.absolute()) for shard in preflight.pointed_to(Path(f"laion2B-{wildcards.last}.h5"))]


def that_stands(pattern):
    """Return the input function that names what a check looks at, by absolute paths as well, or refuses if it is gone."""

    def files(wildcards):
        names = of_subset(pattern)(wildcards) if "{part}" in pattern else [pattern.format(last=wildcards.last)]
        try:
            preflight.check_stands([Path(name) for name in names])
        except Laion2bError as error:
            raise WorkflowError(error) from None
        return [str(Path(name).absolute()) for name in names]

    return files


wildcard_constraints:
    stem="|".join(mirrors.STEMS),
    part=r"\d{4}|[1-9]\d{4}\d*",
    ending="|".join(ending[1:] for ending in (*mirrors.EMBEDDINGS_ENDINGS, *mirrors.METADATA_ENDINGS)),
    last=r"0|[1-9]\d*",
