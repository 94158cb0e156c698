#!/usr/bin/env python3
"""Speed and memory of `billing-pull alicloud-oss` on bill files, as ratios in one run. Needs time(1), sha1sum and the
peers that are to be compared: Miller (Debian's miller), xan (`cargo install xan`), polars and DuckDB (`pip install
polars duckdb`; name the Python that has them with PEERS_PYTHON=path). A peer that is not there is left out.

  benches/bill_files.py FOLDER [ROUNDS [PEER_ROUNDS]]

FOLDER keeps the generated files: 1,000,000 rows as CSV (725 MB) and as ZIP, 2,000,000 and 200,000 rows as CSV. The
peers that take longest run PEER_ROUNDS times.
"""
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from measure import BINARY, Service, build, once, rounds, table

FOLDER = Path(sys.argv[1])
ROUNDS = int(sys.argv[2]) if len(sys.argv) > 2 else 5
PEER_ROUNDS = int(sys.argv[3]) if len(sys.argv) > 3 else ROUNDS
PEERS_PYTHON = os.environ.get("PEERS_PYTHON", sys.executable)
ROWS = 1_000_000
NAME = "1690000000000000_BillingItemDetail_202406"

POLARS = """
import polars, sys
polars.scan_csv(sys.argv[1], infer_schema=False).sink_ndjson("/dev/null")
"""
DUCKDB = """
import duckdb, sys
duckdb.sql(f"COPY (SELECT * FROM read_csv('{sys.argv[1]}', all_varchar=true)) TO '/dev/null' (FORMAT json)")
"""
PLAIN = """
import csv, json, sys
for row in csv.DictReader(open(sys.argv[1], encoding="utf-8", newline="")):
    sys.stdout.write(json.dumps(row, ensure_ascii=False) + "\\n")
"""


def generated(name, *options):
    file = FOLDER / name
    if not file.exists():
        FOLDER.mkdir(parents=True, exist_ok=True)
        generator = Path(__file__).with_name("gen_alicloud_csv.py")
        part = FOLDER / f"part-{name}"
        subprocess.run([sys.executable, generator, part, *map(str, options)], check=True)
        part.rename(file)
    return file


def ours(file, *options):
    return lambda: once([BINARY, "alicloud-oss", "-q", file, *options])


def python(program, file):
    return lambda: once([PEERS_PYTHON, "-c", program, file])


def has(module):
    return subprocess.run([PEERS_PYTHON, "-c", f"import {module}"], capture_output=True).returncode == 0


def speed(csv, archive):
    near = {
        "sha1sum": lambda: once(["sha1sum", csv]),
        "billing-pull, CSV": ours(csv),
        "billing-pull, ZIP of the same rows": ours(archive),
    }
    if has("polars"):
        near["polars, scan_csv to sink_ndjson"] = python(POLARS, csv)
    far = {}
    if has("duckdb"):
        far["DuckDB, COPY to JSON"] = python(DUCKDB, csv)
    if xan := shutil.which("xan"):
        far["xan to ndjson"] = lambda: once([xan, "to", "ndjson", "--strings", "*", csv])
    if mlr := shutil.which("mlr"):
        far["Miller, mlr -S --icsv --ojsonl cat"] = lambda: once([mlr, "-S", "--icsv", "--ojsonl", "cat", csv])
    far["a plain Python script"] = python(PLAIN, csv)
    medians = rounds(near, ROUNDS) | rounds(far, PEER_ROUNDS)
    print(f"{ROWS:,} rows, {csv.stat().st_size >> 20} MiB as CSV and {archive.stat().st_size >> 20} MiB as ZIP, to /dev/null")
    table(medians, "sha1sum")
    wall = lambda name: medians[name]["wall"]
    mine = wall("billing-pull, CSV")
    print(f"\n  CSV: {mine / wall('sha1sum'):.2f} of sha1sum", end="")
    if "polars, scan_csv to sink_ndjson" in medians:
        print(f", {mine / wall('polars, scan_csv to sink_ndjson'):.2f} of polars", end="")
    print(f"; ZIP: {wall('billing-pull, ZIP of the same rows') / mine:.2f} of the CSV")


def memory(csv, twice):
    # By one thread the peak does not depend on how two of them meet.
    medians = rounds({"1,000,000 rows": ours(csv), "2,000,000 rows": ours(twice)}, 3)
    one, two = (medians[name]["mib"] for name in medians)
    print(f"\nPeak memory: {one:.1f} MiB for 1,000,000 rows of one period, {two:.1f} MiB for 2,000,000: "
          f"{(two - one) * (1 << 20) / ROWS:.0f} bytes for each further row")


def to_a_target(server, csv, rows, latency):
    """Batches of 16 to an HTTP target, beside a plain loop of the same HTTP client that posts prepared bodies."""
    with Service(server, "sink", f"latency={latency}") as sink, tempfile.NamedTemporaryFile() as body:
        head = subprocess.Popen([BINARY, "alicloud-oss", "-q", csv], stdout=subprocess.PIPE)
        lines = [head.stdout.readline().rstrip(b"\n") for _ in range(16)]
        head.stdout.close()
        head.wait()
        body.write(b"[" + b",".join(lines) + b"]")
        body.flush()
        batch = ["--target", sink.url, "--content-mode", "batch", "--concurrency", "8"]
        medians = rounds({
            "plain loop, prepared bodies of 16 events": lambda: once(
                [server, "post", sink.url, str(rows // 16), "8", body.name]),
            "billing-pull --content-mode batch": ours(csv, *batch),
        }, 3)
    print(f"\n{rows:,} events to an HTTP target that takes {latency} ms a request, 16 a request, 8 requests at a time")
    table(medians, "plain loop, prepared bodies of 16 events")
    for name, m in medians.items():
        print(f"  {name}: {rows / m['wall']:,.0f} events a second")


def main():
    server = build()
    csv, archive = generated(f"{NAME}.csv"), generated(f"{NAME}.zip")
    twice = generated(f"{NAME[:-1]}7.csv", "--rows", 2 * ROWS)
    few = generated(f"{NAME[:-1]}8.csv", "--rows", ROWS // 5)
    speed(csv, archive)
    memory(csv, twice)
    to_a_target(server, few, ROWS // 5, 5)
    to_a_target(server, csv, ROWS, 0)


main()
