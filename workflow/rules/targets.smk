# For an unknown target, Snakemake only says that there is no rule to produce it.


rule did_you_mean:
    """Build nothing. Say which target was meant."""
    input:
        misspelt,
    output:
        "{target}",
    wildcard_constraints:
        target=pattern(NAME),
