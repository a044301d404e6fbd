# The inputs and params of the rules about queries and neighbors.

from types import SimpleNamespace

from laion2b.neighbors import definition as gold

# The definition of a gold standard is a param of the rules, as that of a shard is.
GOLD = gold.Definition.of(settings)


def inside(path):
    """Return a path from a record without a module's prefix: Snakemake adds the prefix to what a function returns."""
    return str(Path(path).relative_to(here())) if Path(path).is_relative_to(here()) else path


def local_or_downloaded(address):
    """Return the path of a file that the configuration names: a path as it is, or the path of its download."""
    if mirrors.is_remote(address):
        return str(gold.downloaded(address))
    return str(or_stop(gold.local, address))


def downloaded_queries(wildcards):
    """Return the mark that the download of a file leaves, after a look at whether the file still exists."""
    mark = logs.mark(RuleName.DOWNLOAD_QUERIES, wildcards.name)
    remove_mark_without_file(mark, names.query_file(wildcards.name))
    return mark


def queries_to_download(wildcards, output):
    """Return the file to download. `output` is its mark, in the same working directory or prefix."""
    return str(Path(output[0]).parents[2] / names.query_file(wildcards.name))


def source_of_queries(wildcards):
    """Return the file that queries are read from, or the two files of the part that they are drawn from."""
    queries, known = settings["queries"], gold.record_of_queries(here(), GOLD)
    if is_main():
        or_stop(gold.check_queries, here(), GOLD, is_forced(RuleName.QUERIES, RuleName.SEARCH))
    if known and all(Path(source).exists() for source in known["source"]):
        return [inside(source) for source in known["source"]]
    if "file" in queries:
        return local_or_downloaded(queries["file"])
    part = SimpleNamespace(part=names.number(queries["part"]))
    return [embeddings_of_part(part), *([metadata_of_part(part)] if forms.needs_metadata(settings) else [])]


def serving(result):
    """Return the record of a result that can serve, or None."""
    return gold.serving(here() / names.record_of_result(result), GOLD)


def definition_of_result(wildcards):
    """Return the definition for the result of a shard: that of an existing result that can serve, so that it stays."""
    known = serving(names.result(wildcards.part))
    return gold.Definition(**known["definition"]).text() if known else GOLD.text()


def rows_kept(wildcards):
    """Return how many rows a search keeps for each query."""
    return gold.kept_in(here() / names.result(wildcards.part), settings)


def rows_of_part(wildcards):
    """Return the file with the rows of a shard: the source of a result that can serve, the shard, or a subset."""
    known = serving(names.result(wildcards.part))
    if known:
        return inside(known["source"])
    if is_main():
        result = here() / names.result(wildcards.part)
        or_stop(gold.check_result, result, GOLD, is_forced(RuleName.SEARCH))
    return shard_or_product(wildcards.part)


def shard_or_product(part):
    """Return the file with the rows of a shard: the shard, or a subset that holds it if the shard was deleted."""
    shard = names.shard_embeddings(part)
    if not (here() / shard).exists() and (here() / names.shard_record(part)).exists():
        for last, product in names.subsets(here(), names.embeddings(name=NAME)).items():
            if settings["first_part"] <= int(part) <= last and settings["layout"] == "contiguous":
                return ancient(inside(product))
    return shard


def rows_of_subset(wildcards):
    """Return the files with the rows of all shards of a subset."""
    known = serving(names.searched_again(wildcards.last))
    if known:
        return [ancient(inside(source)) for source in known["sources"]]
    parts = [Path(file).stem for file in of_subset(names.shard_embeddings())(wildcards)]
    return [ancient(rows_of_part(SimpleNamespace(part=part))) for part in parts]


def definition_of_again(wildcards):
    """Return the definition for the pairs that are searched again."""
    known = serving(names.searched_again(wildcards.last))
    return gold.Definition(**known["definition"]).text() if known else GOLD.text()


def results_of_subset(wildcards):
    """Return the results of all shards of a subset. Refuse a subset that holds the part of the queries."""
    or_stop(gold.check_subset, settings, int(wildcards.last))
    return of_subset(names.result())(wildcards)


def published(wildcards):
    """Return the entry of `published_gold` for a subset."""
    return or_stop(gold.published, settings, int(wildcards.last))


def published_gold(wildcards):
    """Return the published gold standard of a subset."""
    return local_or_downloaded(published(wildcards)["file"])


def published_queries(wildcards):
    """Return the queries of the published gold standard of a subset."""
    return local_or_downloaded(published(wildcards)["queries"]["file"])


def published_md5(wildcards):
    """Return the md5 that the two files must have; - for any."""
    entry = published(wildcards)
    return [entry.get("md5", "-"), entry["queries"].get("md5", "-")]


def our_gold(wildcards):
    """Return our own gold standard of a subset, if it exists."""
    name = names.gold(wildcards.last)
    return [name] if (here() / name).exists() else []


def with_our_gold(wildcards, input):
    """Return the option that compares with our own gold standard."""
    return ["--gold", *input.gold] if input.gold else []
