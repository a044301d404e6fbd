# From what users have to what the filter reads: lists of rows, and copies whose files are no parts.


# Its output is named after the list's content, so it is made once. `ancient`, because a list that is only touched is
# the same list.
rule list:
    """Sort a list that `drop` or `keep_only` names, so that rows can be looked up in it."""
    input:
        ancient(file_of_list),
    output:
        names.sorted_list(),
    log:
        logs.log(RuleName.LIST, "{sha256}-{by}"),
    conda:
        "../../envs/filter.yaml"
    resources:
        mem_mb=doubled_at_each_retry(1000),
        runtime=doubled_at_each_retry(120),
    shell:
        'python3 "$LAION2B" --log {log:q} list {input:q} --by {wildcards.by} --sha256 {wildcards.sha256} --output {output:q}'


# As with downloads: the parts are no outputs of this rule, so Snakemake never deletes them. They count as yours.
rule regroup:
    """Put the rows of the files that `regroup` names back into parts, in parts/."""
    input:
        ancient(files_to_regroup),
    output:
        touch(logs.mark(RuleName.REGROUP, "regroup")),
    log:
        logs.log(RuleName.REGROUP, "regroup"),
    conda:
        "../../envs/filter.yaml"
    resources:
        mem_mb=doubled_at_each_retry(1000),
        runtime=doubled_at_each_retry(600),
    params:
        modulus=settings["modulus"],
        order=(settings["regroup"] or {}).get("order", ""),
        array=settings["array"] or "",
        unfinished=names.REGROUPED,
        parts=names.PARTS,
    shell:
        'python3 "$LAION2B" --log {log:q} regroup --files {input:q} --modulus {params.modulus} --order {params.order:q}'
        " --array {params.array:q} --unfinished {params.unfinished:q} --parts {params.parts:q}"
