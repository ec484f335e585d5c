"""Google's and Azure's storage, as far as their emulators go: what is pushed comes back."""

import logging
import shutil
import socket
import subprocess

import pytest
from made_runs import made_run

from racer import cli
from racer.runs import Run
from racer.storage import files

ACCOUNT = "devstoreaccount1"  # of every Azurite, with the key that its documentation gives
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="


@pytest.fixture
def google(monkeypatch):
    """The address of an empty bucket of gcp-storage-emulator, in this process."""
    pytest.importorskip("gcsfs", reason="racer[cloud] is not installed")
    emulator = pytest.importorskip("gcp_storage_emulator.server")
    monkeypatch.setenv("GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT", "false")  # it would ask for a login
    server = emulator.create_server("127.0.0.1", 0, in_memory=True, default_bucket="racer")
    with server:
        port = server._api._httpd.server_address[1]
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", f"http://127.0.0.1:{port}")
        yield "gs://racer/runs"


@pytest.fixture
def azure(monkeypatch):
    """The address of an empty container of Azurite, which is a program of npm."""
    adlfs = pytest.importorskip("adlfs", reason="racer[cloud] is not installed")
    program = shutil.which("azurite-blob")
    if program is None:
        pytest.skip("Azurite is not installed; `npm install -g azurite` does it")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    words = ["--blobPort", str(port), "--inMemoryPersistence", "--skipApiVersionCheck"]
    server = subprocess.Popen([program, *words, "--disableTelemetry"], stdout=subprocess.PIPE)
    try:
        assert any(b"successfully listens" in line for line in server.stdout)
        there = f"BlobEndpoint=http://127.0.0.1:{port}/{ACCOUNT};"
        account = f"DefaultEndpointsProtocol=http;AccountName={ACCOUNT};AccountKey={KEY};{there}"
        monkeypatch.setenv("AZURE_STORAGE_CONNECTION_STRING", account)
        adlfs.AzureBlobFileSystem().mkdir("racer")
        yield "az://racer/runs"
    finally:
        server.kill()
        server.communicate()


@pytest.mark.filterwarnings("ignore")  # of the providers' libraries
@pytest.mark.parametrize("cloud", ["google", "azure"])
def test_what_is_pushed_comes_back(cloud, request, tmp_path, caplog, capsys):
    caplog.set_level(logging.CRITICAL)
    url, run = request.getfixturevalue(cloud), made_run(tmp_path / "runs")
    there = ["--runs-dir", str(tmp_path / "pulled")]
    assert cli.main(["pull", f"{url}/{run.name}", *there]) == 3
    words = ["push", run.name, url, "--runs-dir", str(tmp_path / "runs")]
    assert cli.main(words) == 0
    assert cli.main(words) == 0
    assert " 0 files sent" in capsys.readouterr().out
    assert cli.main(["ls", url]) == 0
    assert run.name in capsys.readouterr().out
    assert cli.main(["pull", f"{url}/{run.name}", *there]) == 0
    pulled = Run.open(run.name, tmp_path / "pulled")
    assert files.sha256(pulled.folder / "policy.safetensors") == files.sha256(
        run.folder / "policy.safetensors"
    )
