#!/usr/bin/env python3
"""Speed of `billing-pull alicloud` and `billing-pull baidu`, as ratios in one run. Needs time(1), jq, and the
vendor's SDK (`pip install alibabacloud_bssopenapi20171214`; name the Python that has it with SDK_PYTHON=path).

  benches/clouds.py [ROUNDS]
"""
import os
import sys
import tempfile
from datetime import datetime, timedelta, timezone
from pathlib import Path

from measure import Service, build, environment, once, pull, rounds, table

ROUNDS = int(sys.argv[1]) if len(sys.argv) > 1 else 3
SDK_PYTHON = os.environ.get("SDK_PYTHON", sys.executable)
SDK_LOOP = Path(__file__).with_name("alicloud_sdk.py")
YESTERDAY = (datetime.now(timezone(timedelta(hours=8))) - timedelta(days=1)).strftime("%Y-%m-%d")
# What the services allow in any second.
LIMITS = {"alicloud": 10, "baidu": 20}
LATENCY = "latency=300"


def alicloud(url, *args):
    return pull("alicloud", url, "--date", YESTERDAY, "--concurrency", "8", *args)


def sdk_loop(url):
    return [SDK_PYTHON, SDK_LOOP, url.removeprefix("http://"), YESTERDAY]


def paced(server, title, cloud, requests, sample, commands):
    """Runs against a service that takes 300 ms for each answer and refuses what comes too fast, beside the time that
    the requests take at 95% of what it allows."""
    limit, most = LIMITS[cloud], {}

    def case(name, command):
        def run():
            with Service(server, "sample", *sample, LATENCY, f"limit={limit}") as service:
                figures = once(command(service.url), environment())
            made, most_of_run = map(int, service.said.split())
            assert made == requests, f"{name}: {made} requests where {requests} were due"
            assert most_of_run <= limit, f"{name}: {most_of_run} requests in one second"
            most[name] = max(most.get(name, 0), most_of_run)
            return figures
        return run

    medians = rounds({name: case(name, command) for name, command in commands.items()}, ROUNDS)
    ideal = requests / (0.95 * limit)
    print(f"\n{title}: {requests} requests, ideal {ideal:.2f} s")
    print(f"{'case':44} {'wall s':>8} {'ideal x':>8} {'most/s':>8}")
    for name, m in medians.items():
        print(f"{name:44} {m['wall']:8.2f} {m['wall'] / ideal:8.2f} {most[name]:8}")


def many_rows(server):
    """100,000 rows of one day to stdout beside jq on the same pages; memory must not grow with them."""
    with tempfile.TemporaryDirectory() as folder:
        pages = Path(folder, "pages.json")
        with Service(server, "sample", 100_000, 300, f"record={pages}") as service:
            once(alicloud(service.url), environment())
        with Service(server, "sample", 10_000, 300) as few, Service(server, "sample", 100_000, 300) as many:
            medians = rounds({
                "billing-pull, 10,000 rows": lambda: once(alicloud(few.url), environment()),
                "billing-pull, 100,000 rows": lambda: once(alicloud(many.url), environment()),
                "jq -c '.Data.Items.Item[]'": lambda: once(["jq", "-c", ".Data.Items.Item[]", pages]),
            }, ROUNDS)
    print("\n100,000 rows in 334 pages to stdout (the pace sets the wall time)")
    table(medians, "jq -c '.Data.Items.Item[]'")
    growth = medians["billing-pull, 100,000 rows"]["mib"] - medians["billing-pull, 10,000 rows"]["mib"]
    print(f"  memory of 100,000 rows over 10,000: {growth:+.1f} MiB")


def main():
    server = build()
    both = {"the vendor's SDK in a loop": sdk_loop, "billing-pull alicloud": alicloud}
    paced(server, "3,000 rows in pages of 300", "alicloud", 10, (3_000, 300), both)
    paced(server, "3,000 rows, pages capped at 100", "alicloud", 30, (3_000, 100), both)
    for cloud, series in ("alicloud", 1), ("baidu", 2):
        days = lambda url: pull(cloud, url, "--date", "last-30-days", "--concurrency", "8")
        paced(server, f"30 days of {cloud}", cloud, 30 * series, (31, 100), {f"billing-pull {cloud}": days})
    many_rows(server)


main()
