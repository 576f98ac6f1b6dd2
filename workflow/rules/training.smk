rule training:
    input:
        states=lambda w: [
            f"<results>/states/{cell['arm']['dataset']}/n{cell['n_qubits']}.parquet"
            for cell in study.cells(config, "training", w.arm, w.batch)
        ],
        narrower=lambda w: [
            f"<results>/states/{states['dataset']}/n{states['n_qubits']}.parquet"
            for states in study.narrower(config, w.arm, w.batch)
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
    threads: 1  # repeats trained at once: --set-threads training=4
    resources:
        mem_mb=lambda w, attempt: attempt * memory_mb(config, "training", w.arm, w.batch),
        runtime=lambda w, attempt: attempt * minutes(config, "training", w.arm, w.batch),
    params:
        cells=lambda w: study.cells(config, "training", w.arm, w.batch),
        source=study.source("training"),
    script:
        "../scripts/training.py"
