# The input of every moment is |0…0>: these jobs need no states and fill idle cores.
rule trainability:
    output:
        rows="<results>/trainability/{curve}/{batch}.parquet",
    log:
        "<logs>/trainability/{curve}/{batch}.log",
    priority: lambda w: study.widest(w.batch)
    params:
        cells=lambda w: study.cells(config, "trainability", w.curve, w.batch),
        source=study.source("trainability"),
    script:
        "../scripts/trainability.py"
