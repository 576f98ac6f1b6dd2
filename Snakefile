include: "workflow/Snakefile"


rule study:  # Snakemake takes no default target from an included file
    default_target: True
    input:
        rules.all.input,
