"""Sends the demo bill to each receiver in each content mode and compares what its SDK read with stdout."""

import json
import os
import subprocess
import sys
import urllib.parse
import urllib.request

binary, python, node, modules = sys.argv[1:]
here = os.path.dirname(os.path.abspath(__file__))
# Text that no header can hold as it is, in an extension and in every subject.
ACCOUNT = "部门 1%"
PULL = [binary, "aws", "--demo", "--date", "yesterday", "--account", ACCOUNT]


def pull(*arguments):
    done = subprocess.run(
        [*PULL, *arguments], capture_output=True, text=True, timeout=120, env={}, check=False
    )
    if done.returncode != 0:
        sys.exit(f"exit {done.returncode}: {done.stderr}")
    return done.stdout


def start(*command, cwd=here):
    process = subprocess.Popen(command, cwd=cwd, stdout=subprocess.PIPE, text=True)
    return process, f"http://127.0.0.1:{int(process.stdout.readline())}"


def wanted(event):
    return {name: value for name, value in event.items() if name != "specversion"}


def check(name, url, mode, decodes):
    expected = {event["id"]: wanted(event) for event in map(json.loads, pull().splitlines())}
    pull("--target", url, "--content-mode", mode)
    origin = "{0.scheme}://{0.netloc}/".format(urllib.parse.urlsplit(url))
    with urllib.request.urlopen(origin, timeout=30) as answer:
        received = json.load(answer)
    assert len(received) == 31, f"{len(received)} events"
    assert len({event["id"] for event in received}) == 31, "an id comes twice"
    for event in received:
        assert event.pop("time"), "no time"
        for name_of in ["subject", "account"]:
            if mode == "binary" and not decodes:
                event[name_of] = urllib.parse.unquote(event[name_of])
        known = expected[event["id"]]
        known.pop("time", None)
        assert event == known, f"{event} is not {known}"
        assert event["subject"].startswith("部门 1%25/"), event["subject"]
    print(f"ok: {name}, {mode}", flush=True)


def main():
    first, python_url = start(python, os.path.join(here, "receiver.py"))
    second, node_url = start(node, os.path.join(here, "receiver.mjs"), cwd=modules)
    try:
        for mode in ["structured", "binary", "batch"]:
            check("Python SDK", f"{python_url}/core", mode, decodes=True)
            # These two leave percent-encoded headers as they came.
            check("Python SDK, v1 API", f"{python_url}/v1", mode, decodes=False)
            check("JavaScript SDK", f"{node_url}/events", mode, decodes=False)
    finally:
        first.terminate()
        second.terminate()


main()
