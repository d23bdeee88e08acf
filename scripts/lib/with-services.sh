# shellcheck shell=bash
# Running something with the services of this clone up, and taking them down whatever happens, Ctrl-C included.
#
# The caller has sourced say.sh. File 8 is the lock, and is closed for everything that is started: a process left over
# must not hold it.

readonly ENDED_WITHIN_SECONDS=10
with_services_child=''
# What else has to be done when the services are down.
afterwards=()

# Two runs in one clone would take each other's services down, so the second waits.
lock_services() {
    mkdir -p .data
    exec 8>.data/test.lock
    command -v flock >/dev/null || return 0
    flock --nonblock 8 && return 0
    say "the services of this clone are in use by another run: waiting for its end"
    flock 8
}

end_child() {
    local deadline=$((SECONDS + ENDED_WITHIN_SECONDS))
    [[ -n $with_services_child ]] || return 0
    kill -TERM -- "-$with_services_child" 2>/dev/null || return 0
    while kill -0 -- "-$with_services_child" 2>/dev/null && ((SECONDS < deadline)); do sleep 0.1; done
    kill -KILL -- "-$with_services_child" 2>/dev/null || true
}

finish_with_services() {
    local status=$?
    trap '' INT TERM HUP
    end_child
    scripts/services down 8>&- || status=1
    if ((${#afterwards[@]} > 0)); then "${afterwards[@]}" 8>&- || status=1; fi
    exit "$status"
}

# bring_up_services: waits for other runs, starts the services and tells this shell where they are. From here on they are
# taken down when the script ends.
bring_up_services() {
    local services
    lock_services
    trap finish_with_services EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
    trap 'exit 129' HUP
    scripts/prerequisites test 8>&-
    scripts/services up 8>&-
    services=$(scripts/services env)
    eval "$services"
}

# run_to_its_end COMMAND...: in a process group of its own, so that all of its processes can be stopped together, and the
# script, which has to clean up after them, is not stopped along with them.
run_to_its_end() {
    set -m
    "$@" </dev/null 8>&- &
    with_services_child=$!
    set +m
    wait "$with_services_child"
}
