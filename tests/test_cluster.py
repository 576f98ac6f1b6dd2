"""Equal numbers where the jobs run on a cluster and where the files are in object storage.

Each test runs where its machinery is installed (``pip install 'qnnbench[cluster,cluster-test]'``
and, for Slurm, a controller that answers) and says what is missing where it is not.
"""

import logging
import subprocess
from importlib.util import find_spec
from pathlib import Path
from zipfile import ZipFile

import pytest
import yaml

from tests.reliability import determinism
from tests.reliability.studies import PATIENCE_S, ROOT, SMOKE, hashes, started, waited

BUCKET, PREFIX = "studies", "qnnbench"
KEYS = {"ACCESS": "an-access-key-of-this-test", "SECRET": "a-secret-key-of-this-test"}


@pytest.mark.slurm
@pytest.mark.skipif(determinism.no_slurm() != "", reason=determinism.no_slurm())
def test_jobs_of_a_slurm_cluster_give_the_rows_of_local_ones(tmp_path):
    truth = determinism.finished(tmp_path / "local", 2)
    found = determinism.on_slurm(tmp_path, truth)
    assert found.n_files == len(truth) > 20
    assert found.differing == ()


@pytest.fixture
def server(monkeypatch):
    """Return the address of an S3 server on this computer, its keys in the environment."""
    for package, extra in (("moto", "cluster-test"), ("snakemake_storage_plugin_s3", "cluster")):
        if find_spec(package) is None:
            pytest.skip(f"needs pip install 'qnnbench[{extra}]'")
    from moto.server import ThreadedMotoServer

    for name, key in KEYS.items():
        monkeypatch.setenv(f"SNAKEMAKE_STORAGE_S3_{name}_KEY", key)
    for name in ("AWS_CA_BUNDLE", "HTTP_PROXY", "http_proxy"):
        monkeypatch.delenv(name, raising=False)  # the server is on this computer
    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # else a line per request
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """Return a config with one dataset, curve, arm and rival: every table a reader needs."""
    config = yaml.safe_load(SMOKE.read_text())
    config["datasets"] = {"spt_path": {"widths": [4]}}
    for section, name, kept in (
        ("trainability", "curve", "qcnn"),
        ("training", "arm", "qcnn_spt_path"),
    ):
        config[section] = [{**e, "widths": [4]} for e in config[section] if e[name] == kept]
    config["rivals"] = {"spt_path": {**config["rivals"]["spt_path"], "widths": [4]}}
    for section in ("hardware", "jobs", "device_training"):
        del config[section]
    file = tmp_path_factory.mktemp("config") / "small.yaml"
    file.write_text(yaml.safe_dump(config))
    return file


def run(folder, config, *flags):
    """Run a study; return what it said."""
    process = started(folder, config, flags=flags)
    waited(lambda: process.poll() is not None, PATIENCE_S)
    said = (folder / "said.txt").read_text()
    assert process.returncode == 0, said
    return said


def fetch(address, folder):
    """Copy the bucket into a folder."""
    import boto3

    keys = {"aws_access_key_id": KEYS["ACCESS"], "aws_secret_access_key": KEYS["SECRET"]}
    server = boto3.resource("s3", endpoint_url=address, region_name="us-east-1", **keys)
    bucket = server.Bucket(BUCKET)
    for entry in bucket.objects.filter(Prefix=PREFIX):
        file = folder / Path(entry.key).relative_to(PREFIX)
        file.parent.mkdir(parents=True, exist_ok=True)
        bucket.download_file(entry.key, str(file))


@pytest.mark.s3
def test_a_study_in_object_storage_has_the_rows_of_one_on_disk(server, small, tmp_path):
    place = f"s3://{BUCKET}/{PREFIX}"
    flags = ["--default-storage-provider", "s3", "--default-storage-prefix", place]
    flags += ["--storage-s3-endpoint-url", server]
    run(tmp_path / "stored", small, *flags)
    truth = determinism.finished(tmp_path / "local", 2, config=small)
    run(tmp_path / "stored", small, *flags, "--", "archive")
    fetch(server, tmp_path / "bucket")
    assert len(truth) > 8
    assert hashes(tmp_path / "bucket") == truth
    page = tmp_path / "bucket" / "reports" / "smoke" / "index.html"
    assert "<html" in page.read_text()
    with ZipFile(tmp_path / "bucket" / "archives" / "smoke.zip") as archive:
        assert "results/runs/qcnn_spt_path/n4.parquet" in archive.namelist()
    assert not (tmp_path / "stored" / "results").exists()
    assert "Nothing to be done" in run(tmp_path / "stored", small, *flags, "--dry-run")
    resumed = run(tmp_path / "elsewhere", small, *flags, "--dry-run")  # the bucket is the study
    assert "Nothing to be done" in resumed
    assert not [
        f
        for f in files_of(tmp_path)
        if any(key.encode() in f.read_bytes() for key in KEYS.values())
    ]


def files_of(folder):
    """Return the files that runs leave in a folder, what they said and logs included."""
    return [file for file in folder.rglob("*") if file.is_file()]


def test_no_credentials_are_in_the_repository():
    shapes = [r"AKIA[0-9A-Z]{16}", r"(ACCESS|SECRET)_KEY=[A-Za-z0-9]"]
    shapes += [r"aws_secret_access_key *[=:] *.?[A-Za-z0-9/+]{40}"]
    words = ["git", "grep", "-nIE", "|".join(shapes)]
    if not (ROOT / ".git").exists():
        pytest.skip("no checkout of the repository")
    found = subprocess.run(words, cwd=ROOT, capture_output=True, text=True)
    assert found.returncode == 1, found.stdout
