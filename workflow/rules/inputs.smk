# The inputs and resources of the rules. An input function also refuses in dry runs and in modules.

from laion2b.run.misspelt import pattern, refuse
from laion2b.report.inputs import report_inputs

# A part's embeddings have the ending that they have on the mirrors: .npy, .npz, .h5 or .parquet.
ENDING = mirrors.ending(settings["mirrors"][0]["embeddings"])


def here():
    """Return the folder of all files: the working directory, or the `prefix` of a module in it."""
    return Path(rules.part.output[0]).parent.parent


@functools.cache
def check_once(check, *arguments):
    """Check once for all jobs, and only in the run itself, not in its jobs on a cluster."""
    if is_main():
        or_stop(check, *arguments)


def remove_mark_without_file(mark, file):
    """Remove the mark of a job whose file or folder was deleted since, so that it is brought again."""
    if (here() / mark).exists() and not (here() / file).exists():
        (here() / mark).unlink(missing_ok=True)


def downloaded(wildcards):
    """Return the mark that the download of a file of a part leaves, after a look at whether the file still exists."""
    file = names.part_path().format(**wildcards)
    mark = logs.mark(RuleName.DOWNLOAD, Path(file).name)
    remove_mark_without_file(mark, file)
    return mark


def part_to_download(wildcards, output):
    """Return the file to download. `output` is its mark, in the same working directory or prefix."""
    return str(Path(output[0]).parents[2] / names.part_path().format(**wildcards))


def embeddings_of_part(wildcards):
    """Return the embeddings of a part: those that exist, in any form, else those on the mirrors."""
    check_once(configuration.check_folder_of_parts, here() / names.PARTS, settings["keep_parts"])
    if is_main():
        or_stop(belonging.check_family, here(), wildcards.part, settings["family"])
        or_stop(preflight.check_shard, here(), wildcards.part, DEFINITION, settings["keep_shards"])
    endings = (ENDING, *names.EMBEDDINGS_ENDINGS)
    files = [names.part_path(names.EMBEDDINGS_STEM, wildcards.part, ending) for ending in endings]
    return next((file for file in files if (here() / file).exists()), files[0])


def metadata_of_part(wildcards):
    """Return the metadata of a part: a file of their own, or the table that holds the embeddings, too; none if unused."""
    if not forms.needs_metadata(settings):
        return []
    own = names.metadata_of_part(wildcards.part)
    if forms.has_files_of_metadata(settings) or (here() / own).exists():
        return own
    return embeddings_of_part(wildcards)


def file_of_list(wildcards):
    """Return the list that is sorted."""
    return str(FILES_OF_LISTS[names.sorted_list(wildcards.sha256, wildcards.by)])


def files_to_regroup(wildcards):
    """Return the files of a copy; refuse a configuration that names none, or has no modulus."""
    return [str(file) for file in or_stop(forms.files_to_regroup, settings)]


def temporary_unless_kept(path):
    """Let Snakemake delete a shard's file when no job of the run needs it any more, unless `keep_shards` keeps it."""
    return path if settings["keep_shards"] else temp(path)


# If `columns` names none, shards have no TSV.
SHARD_METADATA = [temporary_unless_kept(names.shard_metadata())] if forms.has_tsv(settings) else []


def parts_of(last):
    """Return the numbers of the parts of the subset that ends with part `last`."""
    return or_stop(parts_up_to, int(last), settings)


def of_subset(pattern):
    """Return the input function that names a file of each shard of the subset that ends with part `last`, in order."""
    return lambda wildcards: [pattern.format(part=names.number(number)) for number in parts_of(wildcards.last)]


def deleted_parts(wildcards):
    """Return the marks of parts that are deleted; none if parts are kept."""
    if settings["keep_parts"]:
        return []
    return of_subset(logs.mark(RuleName.DELETE_PARTS, "{part}"))(wildcards)


def shards_of_embeddings(wildcards):
    """Return the shards of a subset's embeddings. Refuse a virtual product if some of its shards are missing."""
    shards = of_subset(names.shard_embeddings())(wildcards)
    check_once(check_products, int(wildcards.last))
    if settings["layout"] == "virtual":
        or_stop(
            preflight.check_virtual,
            here() / names.embeddings(wildcards.last, NAME),
            [here() / shard for shard in shards],
        )
    return shards


def shards_of_metadata(wildcards):
    """Return the shards of a subset's metadata; refuse them if `columns` names none."""
    or_stop(forms.check_tsv, wildcards.last, settings)
    check_once(check_products, int(wildcards.last))
    return of_subset(names.shard_metadata())(wildcards)


def check_products(last):
    """Raise ConfigError if this run would overwrite a subset that another configuration made.

    A run that only reads overwrites none.
    """
    if is_asked_only_for(names.verified(), names.jld2(), names.verified_gold(), names.REPORT):
        return
    records = [here() / names.shard_record(names.number(number)) for number in parts_up_to(last, settings)]
    belonging.check_products(here(), last, subsets.Definition.of(settings, last), records)


def definition_of_product(wildcards):
    """Return what the embeddings of a subset are made by; see `for_product`."""
    shards = [here() / shard for shard in of_subset(names.shard_embeddings())(wildcards)]
    product = here() / names.embeddings(wildcards.last, NAME)
    return subsets.for_product(product, shards, settings, int(wildcards.last)).text()


def definition_of_rows(wildcards):
    """Return what the metadata of a subset are made by: the definition of the shards, and holes if there are some."""
    return subsets.Definition.of(settings, int(wildcards.last)).rows()


def files_of_report(wildcards):
    """Return the files that the report reads."""
    return [str(file.relative_to(here())) for file in or_stop(report_inputs, here(), NAME)]


def shards_of_virtual(wildcards):
    """Return the shards of a virtual product, because checking it reads them. A contiguous product has none."""
    shards = preflight.pointed_to(here() / names.embeddings(wildcards.last, NAME))
    return [names.shard_embeddings(shard.stem) for shard in shards]


def that_exists(pattern):
    """Return an input function that lists the files a check reads, and that refuses if one is missing."""

    def files(wildcards):
        found = of_subset(pattern)(wildcards) if "{part}" in pattern else [pattern.format(last=wildcards.last)]
        or_stop(preflight.check_exist, [here() / file for file in found])
        return found

    return files


def misspelt(wildcards):
    """Refuse a misspelt target, and name the one that was meant."""
    return or_stop(refuse, wildcards.target, NAME)


def doubled_at_each_retry(amount, per_shard=0):
    """Return the function that computes how much of a resource to request from a cluster: MB of memory, or minutes."""

    def resource(wildcards, input, attempt):
        return (amount + per_shard * len(input.get("records", ()))) * 2 ** (attempt - 1)

    return resource


def earlier_parts_first(wildcards):
    """Return the priority of a download. In the order of parts, pairs and small subsets are complete early."""
    return max(1, 9999 - int(wildcards.part))


def with_neighbours(wildcards):
    """Return the group in which a part is filtered on a cluster, named after the first part in it.

    In one group for all, Snakemake would put any parts together. It would start none of them before nearly all are
    downloaded. The profiles of clusters list these groups. Snakemake splits a group that they don't list.
    """
    part, together = int(wildcards.part), settings["parts_together"]
    if together == 1:
        return None
    return f"filter_{part - (part - settings['first_part']) % together:04d}"
