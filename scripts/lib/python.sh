# shellcheck shell=bash
# Environments of Python, for programs that come from PyPI. The caller has sourced say.sh and packages.sh.

# Debian keeps the part of Python that makes environments in a package of its own.
make_environment() {
    python3 -m venv "$1" >/dev/null 2>&1 </dev/null && return 0
    rm -rf "$1"
    need_package "Python's environments" "python3 python3-venv" "brew install python" && python3 -m venv "$1" >&2 </dev/null
}
