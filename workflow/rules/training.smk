rule training:
    input:
        states=lambda w: [
            f"<results>/states/{cell['arm']['dataset']}/n{cell['n_qubits']}.parquet"
            for cell in study.cells(config, "training", w.arm, w.batch)
        ],
        certificates=lambda w: [
            f"<results>/certificates/{dataset}/{batch}.parquet"
            for dataset, batch in study.certificates_of(config, "training", w.arm, w.batch)
        ],
    output:
        runs="<results>/runs/{arm}/{batch}.parquet",
        steps="<results>/steps/{arm}/{batch}.parquet",
        scores="<results>/scores/{arm}/{batch}.parquet",
    log:
        "<logs>/training/{arm}/{batch}.log",
    priority: lambda w: study.widest(w.batch)
    params:
        cells=lambda w: study.cells(config, "training", w.arm, w.batch),
        source=study.source("training"),
    script:
        "../scripts/training.py"
