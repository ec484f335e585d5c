"""Fetch real logs of the official simulator into the ignored folder `reference/`.

    python -m tests.reference_data          (make reference)

pip downloads one named version of the source package deepracer_utils and checks its hash. Of the
archive only sim-traces and one track file are taken, under names made here: a member's own path is
never used, so that nothing in an archive can write elsewhere.
"""

import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "reference"
REQUIREMENT = Path(__file__).with_name("reference.txt")
SIZE_LIMIT = 20_000_000  # bytes of one member; the largest wanted one has 1.5 MB

# A member that matches is written as the second column says; the first rule that matches counts.
WANTED = [
    (r"track_utils/tracks/(reinvent_base)\.npy", r"tracks/\1.npy"),
    (r"sample-drfc-1-logs/training-simtrace/(\d+)-iteration\.csv", r"drfc/training-\1.csv"),
    (r"sample-drfc-1-logs/evaluation-(\d+)/.*\.csv", r"drfc/evaluation-\1.csv"),
    (
        r"sample-drfc-3-logs/(\d)/training-simtrace/(\d+)-iteration\.csv",
        r"three-workers/\1/training-\2.csv",
    ),
    (r"sample-drfc-3-logs/evaluation-(\d+)/.*\.csv", r"three-workers/evaluation-\1.csv"),
    (r"sample-console-logs/sim-trace/training/.*/(\d+)-iteration\.csv", r"console/training-\1.csv"),
    (r"sample-console-logs/sim-trace/evaluation/(\d+)-.*\.csv", r"console/evaluation-\1.csv"),
    (r"sample-droa-solution-logs/sim-trace/training/.*/(\d+)-.*\.csv", r"droa/training-\1.csv"),
    (r"sample-droa-solution-logs/sim-trace/evaluation/.*\.csv", r"droa/evaluation.csv"),
    (r"sim-trace/training/.*-training-30wm3cccH9SOOML/.*/(\d+)-.*\.csv", r"a_to_z/training-\1.csv"),
]
NESTED = "sample-continous-action-logs.tar.gz"  # spelled so
# The few logs that docs/fidelity.md shows one by one, under the names it uses.
SHOWN = {
    "v4_reinvent_base/evaluation.csv": "drfc/evaluation-20220709200242.csv",
    "v4_reinvent_base/training-0.csv": "drfc/training-0.csv",
    "v4_reinvent_base/training-10.csv": "drfc/training-10.csv",
    "v4_reinvent_base/training-20.csv": "drfc/training-20.csv",
    "v5_a_to_z/training-0.csv": "a_to_z/training-0.csv",
    "v5_a_to_z/training-5.csv": "a_to_z/training-5.csv",
    "v5_a_to_z/training-12.csv": "a_to_z/training-12.csv",
}


def find():
    """The folder of reference data, or None: $RACER_REFERENCE, `reference/`, a shared one."""
    given = os.environ.get("RACER_REFERENCE")
    places = [Path(given)] if given else [FOLDER, ROOT.parent / "shared" / "reference"]
    return next((place for place in places if place.is_dir()), None)


def fetch(folder=FOLDER):
    """Download, check, unpack; `folder` appears whole or not at all."""
    if folder.exists():
        sys.exit(f"{folder} exists already; to fetch it again, remove it first.")
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".reference-") as name:
        made, archives = Path(name) / "made", Path(name) / "archives"
        download(archives)
        (archive,) = archives.iterdir()
        unpack(archive, made)
        made.rename(folder)
    logs = len(list((folder / "sim-traces").rglob("*.csv")))
    print(f"{logs} sim-traces and one track in {folder}")


def download(folder):
    """pip's own client; it refuses an archive with another hash."""
    words = ["download", "--quiet", "--no-deps", "--no-binary", ":all:", "--require-hashes"]
    words += ["--dest", str(folder), "--requirement", str(REQUIREMENT)]
    done = subprocess.run([sys.executable, "-m", "pip", *words], check=False)
    if done.returncode:
        sys.exit("the download failed; see above. A firewall or no network? Try again later.")


def unpack(archive, folder):
    """Write the wanted members of a source package below `folder`."""
    with tarfile.open(archive) as tar:
        take(tar, folder)
    for shown, source in SHOWN.items():
        path = folder / "logs" / shown
        if (folder / "sim-traces" / source).is_file():
            path.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(folder / "sim-traces" / source, path)


def take(tar, folder):
    """Copy regular files that WANTED names; links, devices and the rest are passed over."""
    for member in tar:
        if not member.isfile() or member.size > SIZE_LIMIT:
            continue
        if member.name.endswith("/" + NESTED):
            with tarfile.open(fileobj=tar.extractfile(member)) as inner:
                take(inner, folder)
        elif name := name_of(member.name):
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(tar.extractfile(member).read())


def name_of(member):
    """Where a member goes, relative to the folder; '' when it is not wanted."""
    for pattern, name in WANTED:
        if found := re.search(f"(?:^|/){pattern}$", member):
            made = found.expand(name)
            return made if made.startswith("tracks/") else f"sim-traces/{made}"
    return ""


if __name__ == "__main__":
    fetch()
