"""What the benchmark scripts share: run a command, take wall time, CPU time and peak memory, medians, a table.

Machines are noisy and shared: every figure is a ratio to another program in the same run, rounds interleaved.
"""
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BINARY = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"), "release/billing-pull")


def build():
    """The release binary and the benchmark's servers; returns the latter's path."""
    run = lambda *args: subprocess.run(args, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout
    run("cargo", "build", "--release", "--locked", "--quiet")
    messages = run("cargo", "bench", "--locked", "--quiet", "--no-run", "--bench", "bench_server",
                   "--message-format=json")
    import json
    for line in messages.splitlines():
        message = json.loads(line)
        if message.get("executable") and message["target"]["name"] == "bench_server":
            return message["executable"]
    sys.exit("no benchmark server was built")


class Service:
    """A server of bench_server; its first line of output is its URL, and `said` in the end the rest."""

    def __init__(self, program, *args):
        self.process = subprocess.Popen([program, *map(str, args)], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        self.url = self.process.stdout.readline().strip()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.said = self.process.stdout.read()
        self.process.wait()


class Sample:
    def __init__(self, wall, user, system, kib):
        self.wall, self.cpu, self.mib = wall, user + system, kib / 1024


def once(command, env=None, stdout=subprocess.DEVNULL):
    """One run under time(1), whose own start costs no memory worth the name (a fork of Python would)."""
    with tempfile.NamedTemporaryFile("r") as figures:
        shell = ["/usr/bin/time", "-o", figures.name, "-f", "%e %U %S %M", *map(str, command)]
        done = subprocess.run(shell, env=env, stdout=stdout, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL)
        if done.returncode != 0:
            sys.exit(f"{command} failed: {done.stderr.decode()}")
        started = figures.read().split()
        return Sample(*map(float, started[-4:]))


def rounds(cases, count):
    """Interleaved rounds of {name: callable}; medians of wall, cpu and memory by name."""
    samples = {name: [] for name in cases}
    for _ in range(count):
        for name, case in cases.items():
            samples[name].append(case())
    middle = lambda name, field: statistics.median(getattr(sample, field) for sample in samples[name])
    return {name: {field: middle(name, field) for field in ("wall", "cpu", "mib")} for name in cases}


def table(medians, reference):
    print(f"\n{'case':44} {'wall s':>8} {'CPU s':>8} {'MiB':>7} {'wall x':>8} {'CPU x':>8}")
    base = medians[reference]
    for name, m in medians.items():
        ratio = lambda field: m[field] / base[field] if base[field] else float("nan")
        print(f"{name:44} {m['wall']:8.3f} {m['cpu']:8.3f} {m['mib']:7.1f} {ratio('wall'):8.2f} {ratio('cpu'):8.2f}")


def environment(**extra):
    keys = [("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"), ("BCE_ACCESS_KEY_ID", "BCE_SECRET_ACCESS_KEY"),
            ("ALIBABA_CLOUD_ACCESS_KEY_ID", "ALIBABA_CLOUD_ACCESS_KEY_SECRET")]
    keys = {name: value for pair in keys for name, value in zip(pair, ("DEMOACCESSKEYID", "demo/secret+access/key"))}
    return {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "AWS_EC2_METADATA_DISABLED": "true", **keys, **extra}


def pull(cloud, url, *args):
    """The command that pulls from a service at this URL, without a second chance."""
    return [BINARY, cloud, "--endpoint", url, "--retries", "0", "-q", *args]
