# shellcheck shell=bash
# What the scripts beside this one share. Each sources it first.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# Installs Debian packages whose command is missing: need COMMAND[=PACKAGE]...
need() {
    local missing=() item
    for item; do
        command -v "${item%%=*}" >/dev/null || missing+=("${item#*=}")
    done
    if ((${#missing[@]})); then
        apt-get update -qq
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
    fi
}

# Puts the programs of .ci/tools.txt, pinned by hash, on the PATH.
tools() {
    local venv
    venv="${CARGO_TARGET_DIR:-target}/ci-tools-$(sha256sum .ci/tools.txt | cut -c1-16)"
    if [[ ! -e $venv/ready ]]; then
        need python3
        python3 -c 'import ensurepip' 2>/dev/null || apt-get install -y -qq python3-venv >/dev/null
        rm -rf "$venv"
        python3 -m venv "$venv"
        "$venv/bin/pip" install -q --disable-pip-version-check --only-binary :all: --require-hashes -r .ci/tools.txt
        touch "$venv/ready"
    fi
    PATH="$(realpath "$venv/bin"):$PATH"
}

say() { printf '%s: %s\n' "$(basename "$0")" "$*"; }

die() {
    say "$*" >&2
    exit 1
}
