#!/usr/bin/env python3
"""Reading a journal back, as ratios in one run: a journal of 5 million events (about 4 GB) beside `wc -l` and
`jq -c .id` on the same file. Needs time(1), jq, and the space for the file.

  benches/journal.py [ROUNDS [EVENTS [FILE [BILL]]]]

BILL is a bill file, such as benches/bill_files.py generates: a pull of it with a journal is set beside the same pull
into tee and sync. The pull that reads the journal back ends when nothing answers on a closed port, so what is measured is the journal: it is read back whole, and
what it knows of the days asked for is put in order.
"""
import datetime
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from measure import BINARY, once, rounds, table

ROUNDS = int(sys.argv[1]) if len(sys.argv) > 1 else 5
EVENTS = int(sys.argv[2]) if len(sys.argv) > 2 else 5_000_000
DAYS = 400
METRICS = ["UnblendedCost", "AmortizedCost", "NetUnblendedCost", "NetAmortizedCost", "BlendedCost"]
TODAY = datetime.datetime.now(datetime.timezone.utc).date()


def events(count):
    """Lines as `billing-pull aws` writes them, of some 800 bytes, over 400 days that end yesterday."""
    per_day = -(-count // DAYS)
    for number in range(count):
        if number % per_day == 0:
            day = (TODAY - datetime.timedelta(DAYS - number // per_day)).isoformat()
        # A hash in all but name; the last bit of a plain row's id is 0.
        bits = (number * 0x9E3779B97F4A7C15F39CC0605CEDC835 + 0xB5AD4ECEDA1CE2A9) % (1 << 128)
        text = f"{bits & ~1:032x}"
        event = f"{text[:8]}-{text[8:12]}-8{text[13:16]}-8{text[17:20]}-{text[20:]}"
        amount = f"{bits % 4000}.{bits % 9999999967:010d}"
        service = f"Service {number % per_day} of the Sample Cloud"
        metrics = ",".join(f'"{name}":{{"amount":"{amount}","unit":"USD"}}' for name in METRICS)
        yield (
            f'{{"specversion":"1.0","id":"{event}","type":"aws.service.daily","source":"cloud.aws.billing",'
            f'"datacontenttype":"application/json","subject":"111122223333/{day}/{service}",'
            f'"time":"{day}T23:05:55.777689Z","account":"111122223333","data":{{"vanceSource":"cloud.aws.billing",'
            f'"vanceType":"aws.service.daily","date":"{day}","service":"{service}","amount":"{amount}","unit":"USD",'
            f'"estimated":true,"metrics":{{{metrics}}}}}}}\n'
        )


def read_back(journal, *args):
    """A pull that reads the journal and then finds no service; exit 5 is its end."""
    pull = [BINARY, "aws", "--journal", journal, "--endpoint", "http://127.0.0.1:9", "--retries", "0", "-q", *args]
    script = '"$@"; [ $? = 5 ]'
    keys = {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "y"}
    return lambda: once(["sh", "-c", script, "sh", *pull], {**os.environ, **keys})


def growing(bill):
    """A pull of a bill file with a new journal, beside the same pull into `tee` and `sync`."""
    with tempfile.TemporaryDirectory(dir=bill.parent) as folder:
        journal, copy = Path(folder, "bills.ndjson"), Path(folder, "copy.ndjson")
        pull = [BINARY, "alicloud-oss", "-q", bill]

        def with_journal():
            journal.unlink(missing_ok=True)
            return once([*pull, "--journal", journal])

        def with_tee():
            copy.unlink(missing_ok=True)
            return once(["sh", "-c", '"$@" | tee "$0" >/dev/null && sync "$0"', copy, *pull])

        medians = rounds({"billing-pull | tee FILE; sync FILE": with_tee, "billing-pull --journal": with_journal}, ROUNDS)
    print(f"\n{bill.name}, every row of it new")
    table(medians, "billing-pull | tee FILE; sync FILE")


def main():
    subprocess.run(["cargo", "build", "--release", "--locked", "--quiet"], check=True)
    with tempfile.TemporaryDirectory() as folder:
        journal = Path(sys.argv[3] if len(sys.argv) > 3 else Path(folder, "bills.ndjson"))
        if not journal.exists():
            with open(journal, "w") as out:
                out.writelines(events(EVENTS))
        all_days = f"{TODAY - datetime.timedelta(DAYS)}..{TODAY - datetime.timedelta(1)}"
        medians = rounds({
            "wc -l": lambda: once(["wc", "-l", journal]),
            "billing-pull aws, one day of 400": read_back(journal),
            "billing-pull aws, every day": read_back(journal, "--date", all_days),
            "billing-pull aws --date settling": read_back(journal, "--date", "settling"),
            "billing-pull aws by month, no row of it": read_back(journal, "--granularity", "monthly"),
            "jq -c .id": lambda: once(["jq", "-c", ".id", journal]),
        }, ROUNDS)
    print(f"{EVENTS} events")
    table(medians, "wc -l")
    one, jq, every = (medians[name] for name in (
        "billing-pull aws, one day of 400", "jq -c .id", "billing-pull aws, every day"))
    print(f"\n{jq['wall'] / one['wall']:.0f} times faster than jq; "
          f"{(every['mib'] - one['mib']) * (1 << 20) / EVENTS:.0f} bytes of memory for each row of the days asked for")
    if len(sys.argv) > 4:
        growing(Path(sys.argv[4]).resolve())


main()
