# shellcheck shell=bash
# Finding Redis's server program.

# redis_program: prints the path of a redis-server.
#
# Debian's package redis-server would start a server on the standard port, now and at every boot. Nobody asked for that,
# and it is not needed: the package redis-tools holds the same program under another name, and what the program does
# goes by the name that it is called by.
redis_program() {
    local found tools=/usr/bin/redis-check-rdb link=$PWD/.tools/redis-server
    if found=$(command -v redis-server); then
        printf '%s\n' "$found"
        return 0
    fi
    [[ -x $tools ]] || return 1
    mkdir -p .tools
    [[ -x $link ]] || ln -sf "$tools" "$link"
    "$link" --version 2>/dev/null | grep -q '^Redis server' || return 1
    printf '%s\n' "$link"
}
