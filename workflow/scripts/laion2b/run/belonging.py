"""Whether what is in a working directory belongs to the configuration: no run mixes families or replaces subsets.

It is checked before the first job, while the rules are parsed. So nothing is imported here that Snakemake itself does
not bring.
"""

import json
from collections.abc import Sequence
from pathlib import Path

from laion2b import names
from laion2b.errors import ConfigError, explain
from laion2b.files import read_json
from laion2b.parts import record
from laion2b.subsets.definition import Definition, stated

from .preflight import check_definition


def check_family(folder: Path, part: str, family: str | None) -> None:
    """Raise ConfigError or PartError if the shard or a file of a part is of another family of embeddings.

    Records of earlier versions say no family, and fit each.
    """
    path = folder / names.shard_record(part)
    known = (read_json(path) or {}).get("family")
    if known and family and known != family:
        raise ConfigError(
            explain(
                path,
                found=f"a shard of the family {known}",
                expected=f"one of {family}, as `family` in the configuration says",
                cause="this working directory is that of another family",
                do="use another working directory, with --directory; or correct `family`",
            )
        )
    for file in names.files_of_part(folder / names.PARTS, part):
        record.check_family(file, family)


def check_products(folder: Path, last: int, wanted: Definition, records: Sequence[Path]) -> None:
    """Raise ConfigError if the files of a subset in `folder` are not those of the configuration, but of another one.

    A run would overwrite them. They are of another one if a file of embeddings says so: of this subset, by whatever
    name, because all names share metadata-N.tsv and gold-N.h5. Of a file that says nothing, the `records` of its shards
    are compared, whose files need not exist.
    """
    there = [file for file in sorted(folder.glob(f"*-{last}.h5")) if names.is_product(file.name, last)]
    known = [(file, found) for file in there if (found := stated(file))]
    own = next((file for name in names.products(last, wanted.name) if (file := folder / name).exists()), None)
    if own and not known:
        contents = filter(None, map(read_json, records))
        made_by = [each["definition"] for each in contents if isinstance(each.get("definition"), dict)]
        known = [(own, Definition(shards, wanted.name, wanted.family)) for shards in made_by]
    for file, found in known:
        if keys := wanted.differences(found):
            check_definition(folder, json.dumps(wanted.shards))  # a slip is told first: there is nothing else to do
            named = ", ".join(f"`{key}`" for key in keys)
            raise ConfigError(
                f"{file} was made by another configuration, which differs in {named}. This run would overwrite it, or "
                f"files that belong to it, such as {names.metadata(last)}. What to do: use another working directory, "
                "with --directory. Or undo the change. Or move the files of this subset elsewhere, or delete them, and "
                "run the same command again."
            )
