#!/usr/bin/env python3
"""Speed and size of `billing-pull aws`, as ratios in one run. Needs time(1), hyperfine, jq, and the AWS CLI
(`pip install awscli`; name another with AWS=path).

  benches/aws.py [ROUNDS]
"""
import json
import os
import subprocess
import sys
import tempfile
from datetime import date, timedelta
from pathlib import Path

from measure import BINARY, Service, build, environment, once, pull, rounds, table

ROUNDS = int(sys.argv[1]) if len(sys.argv) > 1 else 5
AWS = os.environ.get("AWS", "aws")
# A month that is over, since Cost Explorer serves the last fourteen.
MONTH = (date.today().replace(day=1) - timedelta(days=40)).strftime("%Y-%m")
WINDOW = f"{MONTH}-01..{MONTH}-16"


def one_page(server):
    """16 days x 30 services in one page, beside the AWS CLI, by hyperfine: 0.01 s is below time(1)'s clock."""
    with Service(server, "sample", 30, 480) as cloud:
        ours = " ".join(map(str, pull("aws", cloud.url, "--date", WINDOW)))
        theirs = (f"{AWS} ce get-cost-and-usage --endpoint-url {cloud.url} --region us-east-1 "
                  f"--time-period Start={MONTH}-01,End={MONTH}-17 --granularity DAILY --metrics UnblendedCost "
                  "--group-by Type=DIMENSION,Key=SERVICE")
        with tempfile.NamedTemporaryFile("r") as figures:
            subprocess.run(["hyperfine", "-N", "-w", "1", "-r", str(ROUNDS * 3), "--export-json", figures.name,
                            ours, theirs], env=environment(), check=True, stdout=subprocess.DEVNULL)
            ours_s, theirs_s = (result["median"] for result in json.load(figures)["results"])
        ours_m, theirs_m = (once(command.split(), environment()).mib for command in (ours, theirs))
    print("One page of 16 days x 30 services")
    print(f"  aws ce get-cost-and-usage  {theirs_s:7.3f} s {theirs_m:6.1f} MiB")
    print(f"  billing-pull aws           {ours_s:7.3f} s {ours_m:6.1f} MiB")
    print(f"  {theirs_s / ours_s:.0f} times faster, {ours_m / theirs_m:.2f} of the memory")


def many_pages(server):
    """Pages of 1,000 rows to stdout: memory must not grow with them; CPU beside `jq -c .` on the same bytes."""
    with tempfile.TemporaryDirectory() as folder:
        events, pages = Path(folder, "events.ndjson"), Path(folder, "pages.json")

        def case(cloud, days):
            return lambda: once(pull("aws", cloud.url, "--date", f"{MONTH}-01..{MONTH}-{days:02}"), environment())

        # 10,000 rows a day: one day is 10 pages, ten days are 100.
        with Service(server, "sample", 10_000, 1_000, f"record={pages}") as cloud, open(events, "wb") as out:
            once(pull("aws", cloud.url, "--date", f"{MONTH}-01..{MONTH}-10"), environment(), stdout=out)
        with Service(server, "sample", 10_000, 1_000) as cloud:
            medians = rounds({
                "billing-pull, 10 pages": case(cloud, 1),
                "billing-pull, 100 pages": case(cloud, 10),
                "jq -c . on the 100 pages": lambda: once(["jq", "-c", ".", pages]),
                "jq -c . on the events": lambda: once(["jq", "-c", ".", events]),
            }, ROUNDS)
    print("\n100 pages of 1,000 rows to stdout")
    table(medians, "jq -c . on the 100 pages")
    growth = medians["billing-pull, 100 pages"]["mib"] - medians["billing-pull, 10 pages"]["mib"]
    print(f"  memory of 100 pages over 10 pages: {growth:+.1f} MiB")


def posts(server):
    """One event a POST, beside a plain keep-alive loop of the same HTTP client with the same concurrency."""
    rows = 40_000
    with Service(server, "sample", rows, 1_000) as cloud, Service(server, "sink") as sink, \
            tempfile.NamedTemporaryFile() as body:
        first = subprocess.run(pull("aws", cloud.url, "--date", f"{MONTH}-01"), env=environment(), check=True,
                               stdout=subprocess.PIPE).stdout.splitlines()[0]
        body.write(first)
        body.flush()
        for concurrency in (1, 8):
            ours = pull("aws", cloud.url, "--date", f"{MONTH}-01", "--target", sink.url, "--concurrency", str(concurrency))
            loop = [server, "post", sink.url, str(rows), str(concurrency), body.name]
            medians = rounds({
                f"plain loop, {concurrency} at a time": lambda: once(loop),
                f"billing-pull --concurrency {concurrency}": lambda: once(ours, environment()),
            }, max(3, ROUNDS // 2))
            print(f"\n{rows} events, one a POST")
            table(medians, f"plain loop, {concurrency} at a time")
            for name, m in medians.items():
                print(f"  {name}: {rows / m['wall']:.0f} events/s")


def main():
    server = build()
    size = BINARY.stat().st_size / 1e6
    tree = subprocess.run(["cargo", "tree", "-e", "normal", "--prefix", "none", "-f", "{p}"], check=True,
                          stdout=subprocess.PIPE, text=True).stdout
    crates = {tuple(line.split()[:2]) for line in tree.splitlines() if line.strip()}
    print(f"binary {size:.2f} MB, {len(crates)} crates")
    one_page(server)
    many_pages(server)
    posts(server)


main()
