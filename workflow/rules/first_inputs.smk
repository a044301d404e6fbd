# The inputs and params of the rules about the first rows of a subset.

from laion2b.parts.numbers import parts_of_first

FIRST_ROWS = names.first_rows()


def of_first(pattern):
    """Return the input function that names a file of each part that the first rows may be in, in order."""
    return lambda wildcards: [
        pattern.format(part=names.number(number)) for number in or_stop(parts_of_first, int(wildcards.rows), settings)
    ]


def check_first(rows):
    """Raise ConfigError if this run would overwrite first rows that another configuration made."""
    parts = parts_of_first(rows, settings)
    records = [here() / names.shard_record(names.number(number)) for number in parts]
    belonging.check_products(here(), names.first_rows(rows), subsets.Definition.of(settings, parts[-1]), records)


def shards_of_first(pattern):
    """Return the input function that names the shards of first rows; refuse to overwrite those of others."""

    def shards(wildcards):
        if pattern == names.shard_metadata():
            or_stop(forms.check_tsv, names.first_rows(wildcards.rows), settings)
        check_once(check_first, int(wildcards.rows))
        return of_first(pattern)(wildcards)

    return shards


def metadata_of_first(wildcards):
    """Return the shards of the metadata of first rows; refuse them if `columns` names none."""
    or_stop(forms.check_tsv, names.first_rows(wildcards.rows), settings)
    return shards_of_first(names.shard_metadata())(wildcards)


def definition_of_first(wildcards):
    """Return what first rows are made by."""
    return subsets.Definition.of(settings, or_stop(parts_of_first, int(wildcards.rows), settings)[-1]).text()


def rows_of_first(wildcards):
    """Return for each part that the first rows may be in the file with its rows."""
    if is_main():
        result = here() / names.result(FIRST_ROWS.format(rows=wildcards.rows))
        or_stop(gold.check_result, result, GOLD, is_forced(RuleName.SEARCH, RuleName.SEARCH_CUT))
    parts = or_stop(parts_of_first, int(wildcards.rows), settings)
    or_stop(gold.check_subset, settings, parts[-1])
    return [ancient(rows_of_part(SimpleNamespace(part=names.number(number)))) for number in parts]


def results_of_whole(wildcards):
    """Return the results of the shards that may belong to the first rows as a whole: of all but the last one."""
    return of_first(names.result())(wildcards)[:-1]


def rows_kept_of_cut(wildcards):
    """Return how many rows the search of the cut shard keeps for each query."""
    return gold.kept_per_shard(settings["neighbors"], len(or_stop(parts_of_first, int(wildcards.rows), settings)))
