# The inputs and params of the rules about exports.

from laion2b.exports import folder
from laion2b.exports import names as export_names
from laion2b.parts import record

HAS_CAPTIONS = export_names.CAPTION in settings["columns"]

# The params of exports that hold a gold standard.
WITH_GOLD = {**FIRST_PART, "definition": DEFINITION, "searched": GOLD.text()}


def rows_of_export(wildcards):
    """Return for each part of a subset the file with its rows."""
    return [shard_or_product(Path(file).stem) for file in of_subset(names.shard_record())(wildcards)]


def records_up_to(wildcards):
    """Return the records of the shards of all parts up to one: they say which id its first row has."""
    return of_subset(names.shard_record())(SimpleNamespace(last=wildcards.part))


def metadata_of_export(wildcards):
    """Return the metadata of a part: those in parts/ if they are there, or will be; else those that are fetched again.

    Parts are deleted with `keep_parts: false`. Fetched into parts/, they would be newer than the shard, and Snakemake would
    make the shard again. So they are fetched to another folder.
    """
    name = metadata_of_part(wildcards)
    exists = (here() / name).exists()
    if settings["keep_parts"] and (exists or not (here() / names.shard_record(wildcards.part)).exists()):
        return name
    if exists and not record.is_downloaded(here() / name):  # the user's own, which is never deleted
        return name
    return export_names.metadata_again(wildcards.part)


def vecs_of_first():
    """Return the outputs of the export of first rows: captions only if `columns` names them."""
    base, queries, neighbors, strings = export_names.vecs(name=NAME)
    return {"matrices": [base, queries, neighbors], **({"strings": strings} if HAS_CAPTIONS else {})}


def with_strings(wildcards, input, output):
    """Return the options about captions."""
    return ["--strings", input.metadata, output.strings] if HAS_CAPTIONS else []


def metadata_of_shards(wildcards):
    """Return the metadata of all shards of a subset; refuse them if `columns` names none."""
    or_stop(forms.check_tsv, wildcards.last, settings)
    return of_subset(export_names.metadata_of_part())(wildcards)


def mark_of_folder(wildcards):
    """Return the mark of a folder that an export fills; refuse a folder that is not whole."""
    filling = f"export_{wildcards.kind}"
    name = export_names.folder(wildcards.kind, wildcards.last)
    if is_main():
        or_stop(folder.check, here() / name, is_forced(filling), filling)
    mark = logs.mark(filling, wildcards.last)
    remove_mark_without_file(mark, name)
    return mark


def folder_to_fill(kind):
    """Return the param that names the folder of an export; `output` is its mark."""
    return lambda wildcards, output: str(Path(output[0]).parents[2] / export_names.folder(kind, wildcards.last))


def shards_to_write_out(wildcards):
    """Return the shards that a virtual product points to, which can't be a link in another folder. Else there are none."""
    return of_subset(names.shard_embeddings())(wildcards) if settings["layout"] == "virtual" else []


def exported(wildcards):
    """Return what a description is about: a file, or the mark of a folder."""
    kind, _, last = wildcards.export.rpartition("-")
    if kind in export_names.FOLDERS:
        return mark_of_folder(SimpleNamespace(kind=kind, last=last))
    return export_names.path(wildcards.export)


def last_of_export(wildcards):
    """Return the number of the last part of an export, as the wildcard that other input functions look at."""
    return SimpleNamespace(last=export_names.last_of(wildcards.export))


def records_of_export(wildcards):
    """Return the records of the shards of an export."""
    return of_subset(names.shard_record())(last_of_export(wildcards))


def gold_of_export(wildcards):
    """Return the gold standard in an export, and its queries; none if it holds only rows or metadata."""
    if not export_names.holds_gold(wildcards.export):
        return []
    return [names.gold(last_of_export(wildcards).last), names.QUERIES]


def with_gold(wildcards, input):
    """Return the options about the gold standard in an export."""
    if not input.gold:
        return []
    return ["--gold", input.gold[0], "--queries", input.gold[1], "--searched", GOLD.text()]


def path_of_export(wildcards, output):
    """Return the path of an export; `output` is its description, which is next to it."""
    return str(Path(output[0]).with_suffix(""))
