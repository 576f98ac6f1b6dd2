for drawing in FIGURES.values():

    rule:  # snakemake fig_accuracy: one figure, and no more of the study than it reads
        name:
            f"fig_{drawing.name}"
        input:
            **{table: ROWS[table] for table in drawing.tables},
        output:
            pdf=f"<reports>/paper/fig_{drawing.name}.pdf",
            png=report(
                f"<reports>/paper/fig_{drawing.name}.png",
                caption="../report/printed.rst",
                category="Paper",
                subcategory="figures",
                labels={"figure": drawing.name},
            ),
        log:
            f"<logs>/paper/fig_{drawing.name}.log",
        params:
            name=drawing.name,
            caption=rst(drawing.definition),
            source=study.source("report"),
        script:
            "../scripts/paper_figure.py"


for printed in PRINTED_TABLES.values():

    rule:  # snakemake table_scores
        name:
            f"table_{printed.name}"
        input:
            **{table: ROWS[table] for table in printed.tables},
        output:
            csv=report(
                f"<reports>/paper/table_{printed.name}.csv",
                caption="../report/printed.rst",
                category="Paper",
                subcategory="tables",
                labels={"table": printed.name},
            ),
            tex=f"<reports>/paper/table_{printed.name}.tex",
        log:
            f"<logs>/paper/table_{printed.name}.log",
        params:
            name=printed.name,
            caption=f"Rows of {', '.join(printed.tables)}, all columns.",
            source=study.source("report"),
        script:
            "../scripts/paper_table.py"


rule paper:  # every figure and table
    input:
        [f"<reports>/paper/fig_{name}.{kind}" for name in FIGURES for kind in ("pdf", "png")],
        [
            f"<reports>/paper/table_{name}.{kind}"
            for name in PRINTED_TABLES
            for kind in ("csv", "tex")
        ],
