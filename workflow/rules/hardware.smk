def trained_on_machines(stage, wildcards):
    """Return the runs whose angles a job on machines takes."""
    return [
        f"<results>/runs/{arm}/{batch}.parquet"
        for arm, batch in study.trained_for(config, stage, wildcards.run, wildcards.batch)
    ]


def states_on_machines(stage, wildcards):
    """Return the states that a job on machines runs."""
    return [
        f"<results>/states/{cell['trained']['states']['dataset']}/n{cell['n_qubits']}.parquet"
        for cell in study.cells(config, stage, wildcards.run, wildcards.batch)
    ]


rule hardware:  # error models, simulated here
    input:
        states=lambda w: states_on_machines("hardware", w),
        runs=lambda w: trained_on_machines("hardware", w),
    output:
        rows="<results>/hardware/{run}/{batch}.parquet",
    log:
        "<logs>/hardware/{run}/{batch}.log",
    priority: lambda w: study.widest(w.batch)
    resources:
        mem_mb=lambda w, attempt: attempt * memory_mb(config, "hardware", w.run, w.batch),
        runtime=lambda w, attempt: attempt * minutes(config, "hardware", w.run, w.batch),
    params:
        cells=lambda w: study.cells(config, "hardware", w.run, w.batch),
        source=study.source("hardware"),
    script:
        "../scripts/hardware.py"


rule device_training:  # by shots on error models, simulated here
    input:
        states=lambda w: states_on_machines("device_training", w),
        runs=lambda w: trained_on_machines("device_training", w),
    output:
        rows="<results>/device_steps/{run}/{batch}.parquet",
    log:
        "<logs>/device_training/{run}/{batch}.log",
    priority: lambda w: study.widest(w.batch)
    resources:
        mem_mb=lambda w, attempt: attempt * memory_mb(config, "device_training", w.run, w.batch),
        runtime=lambda w, attempt: attempt * minutes(config, "device_training", w.run, w.batch),
    params:
        cells=lambda w: study.cells(config, "device_training", w.run, w.batch),
        source=study.source("device_training"),
    script:
        "../scripts/device_training.py"


rule submit:  # sends each job once, whatever happens to the rows
    input:
        states=lambda w: states_on_machines("jobs", w),
        runs=lambda w: trained_on_machines("jobs", w),
    output:
        rows="<results>/submitted/{run}/{batch}.parquet",
    log:
        "<logs>/submit/{run}/{batch}.log",
    resources:
        senders=1,
    params:
        cells=lambda w: study.cells(config, "jobs", w.run, w.batch),
        ledger=f"jobs/{config['study']}",
        source=study.source("jobs"),
    script:
        "../scripts/submit.py"


rule collect:  # stops with a message while jobs wait; run again later
    input:
        rows="<results>/submitted/{run}/{batch}.parquet",
    output:
        jobs="<results>/jobs/{run}/{batch}.parquet",
        hardware="<results>/collected/{run}/{batch}.parquet",
    log:
        "<logs>/collect/{run}/{batch}.log",
    params:
        cells=lambda w: study.cells(config, "jobs", w.run, w.batch),
        ledger=f"jobs/{config['study']}",
    script:
        "../scripts/collect.py"
