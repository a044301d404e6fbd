"""What is checked before the first job of a run, because Snakemake deletes what a job will write before it starts."""

import argparse
from collections.abc import Callable, Mapping, Sequence, Set
from pathlib import Path

from . import keep, record
from .download import size_on_mirrors
from .errors import ConfigError, PartError, ShardError, explain
from .metadata import open_metadata
from .mirrors import is_remote, is_there
from .shard import Definition

PROFILES = Path(__file__).resolve().parents[3] / "profiles"
"""The profiles that this workflow brings."""
SAMPLE = 3
"""Parts whose metadata are compared with the definition; one of them may be odd, not all."""


def check_profile(arguments: Sequence[str], started_in: Path, snakefile_folder: Path) -> None:
    """Raise ConfigError if the command line names a profile of the workflow that Snakemake does not find.

    It then goes on without any: on this machine alone, and with none of the settings of the default profile.
    """
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--workflow-profile", default="none")
    name = parser.parse_known_args(arguments)[0].workflow_profile
    places = [started_in / name, started_in / "profiles" / name, snakefile_folder / "profiles" / name]
    if name != "none" and not any(place.exists() for place in places):
        known = sorted(profile.name for profile in PROFILES.iterdir())
        raise ConfigError(
            f"--workflow-profile {name}: there is no such profile. Likely cause: a misspelt name, or a path "
            f"that starts from another folder. What to do: name one of {', '.join(known)}; from a Snakefile of your "
            f"own, give the path, such as {PROFILES / 'slurm'}."
        )


def check_definition(metadata: Sequence[Path], definition: Mapping) -> None:
    """Raise ConfigError if `keep` or `columns` fit none of the first parts that are there.

    Else a mistyped column would cost all shards before the first part is looked at. One part alone may be odd itself.
    """
    definition, errors = Definition(**definition), []
    there = [file for file in metadata if file.exists()][:SAMPLE]
    for file in there:
        try:
            with open_metadata(file) as table:
                table.check_columns(definition.needed_columns())
                keep.check(table, definition.keep)
        except PartError as error:
            errors.append(error)
    if len(errors) == len(there) > 1:
        raise ConfigError(
            "`keep` or `columns` in config.yaml, or another key, does not fit the parts; nothing was started, and no "
            f"shard was touched. {errors[0]}"
        )


def refuse_to_delete(files: Sequence[Path]) -> None:
    """Raise ConfigError if some of these files, which `keep_parts: false` would delete, were put there by the user."""
    own = [file for file in files if file.is_file() and not file.is_symlink() and not record.is_downloaded(file)]
    if own:
        raise ConfigError(
            f"`keep_parts: false` deletes parts, but {len(own)} of them, such as {own[0]}, were not downloaded by this "
            f"workflow but put there by you. Move them to another folder and name it under `mirrors`, which links "
            "them and deletes only the links, or set `keep_parts: true`."
        )


def check_stands(files: Sequence[Path]) -> None:
    """Raise ConfigError if one of the files that a check is about is not there; a check builds nothing."""
    gone = [str(file) for file in files if not file.exists()]
    if gone:
        raise ConfigError(
            f"{gone[0]} is not there" + (f", nor are {len(gone) - 1} other files" if gone[1:] else "") + ". A check "
            "looks at what was built, and builds nothing itself. Build the subset first, both its laion2B-N.h5 and its "
            "metadata-N.tsv."
        )


def check_view(view: Path, shards: Sequence[Path]) -> None:
    """Raise ShardError if a virtual product stands, but not all the shards that it points to do."""
    gone = [shard for shard in shards if not shard.exists()] if view.exists() else []
    if gone and pointed_to(view):
        raise ShardError(
            explain(
                view,
                found=f"{len(gone)} of its shards gone, such as {gone[0]}",
                expected="all of them, because `layout: virtual` makes it no more than a view of them",
                cause="they were deleted or moved",
                do=f"put them back; or delete {view} and run the same command again, which makes the shards anew",
            )
        )


def give_up_views(products: Sequence[Path], planned: Set[Path], shards: Set[Path]) -> None:
    """Delete virtual products that point to shards which this run deletes or makes anew, if it makes them anew, too.

    Until then they would show other rows than their TSVs, or none. Raises ConfigError, before anything is deleted, if
    there is one that the run does not make anew.
    """
    views = [product for product in products if shards.intersection(pointed_to(product))]
    if left := [view for view in views if view not in planned]:
        raise ConfigError(
            f"{left[0]} is a view of shards (`layout: virtual`) which this run would delete or make anew, and the run "
            f"does not include it. Ask for {left[0]} as well, which makes it anew, or delete it."
        )
    for view in views:
        view.unlink()


def pointed_to(product: Path) -> list[Path]:
    """Return the shards that a virtual product points to; none of any other file, or of none."""
    from .hdf5 import sources  # takes longer to import than all else that a run without work does here

    return sources(product)


def is_linked(addresses: Sequence[str]) -> bool:
    """Tell whether a file will be linked, not fetched: a local mirror has it, and no remote one comes first."""
    for address in addresses:
        if is_remote(address):
            return False
        if is_there(address):
            return True
    return False


def asker(addresses: Mapping[Path, Sequence[str]], warn: Callable[[str], None]) -> Callable[[str], int | None]:
    """Return a function that learns the size of the first planned file of a kind from the mirrors.

    `kind` is how the file's name begins. If no mirror tells, the user is warned: the night may be for nothing.
    """

    def ask(kind: str) -> int | None:
        for file, urls in addresses.items():
            if file.name.startswith(kind):
                size = size_on_mirrors(urls)
                if size is None:
                    warn(f"No mirror says how large {file.name} is. The run tries to download it all the same.")
                return size
        return None

    return ask
