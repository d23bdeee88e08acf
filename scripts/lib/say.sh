# shellcheck shell=bash
# Messages to the person at the terminal. They go to stderr, because a script's stdout carries only its answer.

say() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
}

fail() {
    say "$*"
    exit 1
}
