ROWS = dict(  # files of each table that the stages write
    datasets=row_files("datasets", "datasets"),
    certificates=row_files("certificates", "certificates"),
    trainability=row_files("trainability", "trainability"),
    verdicts=["<results>/verdicts/verdicts.parquet"],
    runs=row_files("runs", "training"),
    steps=row_files("steps", "training"),
    scores=row_files("scores", "training"),
    rivals=row_files("rivals", "rivals"),
    hardware=row_files("hardware", "hardware") + row_files("collected", "jobs"),
    jobs=row_files("jobs", "jobs"),
)


rule report:
    input:
        **ROWS,
    output:
        page=report("<reports>/index.html", caption="../report/page.rst", category="Page"),
        figures=report(
            directory("<reports>/figures"),
            patterns=["{figure}.svg"],
            caption="../report/figure.rst",
            category="Figures",
            subcategory=lambda w: FIGURES[w.figure].section,
            labels={"figure": "{figure}"},
        ),
    log:
        "<logs>/report.log",
    params:
        config_hash=digest(config),
        source=study.source("report"),
        captions=figure_captions(),
    script:
        "../scripts/report.py"
