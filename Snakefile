# LAION2B subsets: the workflow itself is in workflow/Snakefile.
include: "workflow/Snakefile"
