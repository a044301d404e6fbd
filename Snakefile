# LAION2B subsets: the workflow itself is in workflow/Snakefile.


include: "workflow/Snakefile"


# What is built when no target is named. An included file can't say that itself.
rule subsets:
    input:
        rules.all.input,
