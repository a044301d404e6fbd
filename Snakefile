# LAION2B subsets: the workflow itself is in workflow/Snakefile.


include: "workflow/Snakefile"


# An included file can't name the target that is built when none is asked for.
workflow.default_target = "all"
