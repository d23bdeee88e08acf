# shellcheck shell=bash
# The PostgreSQL server of scripts/services: in a container where there is a Docker engine, else from local packages.
#
# The caller has set STATE, STARTS, READY_SECONDS and STOP_SECONDS, and sourced docker.sh, process.sh and postgres.sh.

readonly POSTGRES_CONNECTIONS=300
# It writes everything down before it stops, which takes long where a busy disk has much to take.
readonly POSTGRES_STOP_SECONDS=150

# PostgreSQL refuses to run as root. It is called from /, because it may not be allowed to enter the current folder.
as_postgres() {
    if ((EUID == 0)); then (cd / && runuser -u postgres -- "$@"); else "$@"; fi
}

postgres_port() {
    local url
    url=$(cat "$STATE/postgres.url" 2>/dev/null) || return 1
    url=${url##*:}
    printf '%s\n' "${url%%/*}"
}

# write_postgres_url PASSWORD PORT
write_postgres_url() {
    (umask 077 && printf 'postgres://postgres:%s@127.0.0.1:%s/postgres\n' "$1" "$2" >"$STATE/postgres.url")
}

# Makes a folder for the cluster and records it at once, so that `down` finds it whatever happens next. The user
# postgres cannot enter a clone below a private home folder; the data is then kept in the system's temporary folder.
make_postgres_folder() {
    local base folder
    for base in "$STATE" "${TMPDIR:-/tmp}" /tmp; do
        folder=$(mktemp -d "$base/boxoffice-postgres.XXXXXX") || continue
        ((EUID != 0)) || chown postgres "$folder" || true
        if as_postgres test -w "$folder"; then
            printf '%s\n' "$folder" | tee "$STATE/postgres.folder"
            return 0
        fi
        rmdir "$folder"
    done
    say "found no folder for PostgreSQL's data that its user may write to"
    return 1
}

# Prints the cluster's folder if its server runs. The process id is the one that the server wrote itself.
running_postgres() {
    local folder pid
    folder=$(cat "$STATE/postgres.folder" 2>/dev/null) || return 1
    { read -r pid <"$folder/data/postmaster.pid"; } 2>/dev/null || return 1
    process_has "$pid" "$folder/data" || return 1
    printf '%s\n' "$folder"
}

postgres_is_ready() {
    local port name
    port=$(postgres_port) || return 1
    if name=$(recorded_container "$STATE/postgres.container"); then
        # Over TCP: while the image sets itself up, its server listens on a socket only.
        docker exec "$name" pg_isready --quiet --host 127.0.0.1 >/dev/null 2>&1 </dev/null
    else
        running_postgres >/dev/null && "$(postgres_programs)/pg_isready" --quiet --host 127.0.0.1 --port "$port"
    fi
}

wait_for_postgres() {
    local deadline=$((SECONDS + READY_SECONDS))
    until postgres_is_ready; do
        ((SECONDS < deadline)) || return 1
        [[ ! -f $STATE/postgres.container ]] || recorded_container "$STATE/postgres.container" >/dev/null || return 1
        sleep 0.2
    done
}

# make_postgres: a new cluster on a port of its own.
make_postgres() {
    remove_postgres
    if docker_is_wanted; then make_postgres_container; else make_local_postgres; fi
}

make_postgres_container() {
    local image password port attempt
    image=$(image_of postgres) || return 1
    password=$(random_password)
    for ((attempt = 1; attempt <= STARTS; attempt++)); do
        port=$(free_port) || return 1
        write_postgres_url "$password" "$port"
        # Docker takes the password from this environment, because everybody may read a command line.
        if POSTGRES_PASSWORD=$password run_container "$STATE/postgres.container" "$image" \
            --publish "127.0.0.1:$port:5432" --env POSTGRES_PASSWORD -- -c "max_connections=$POSTGRES_CONNECTIONS" &&
            wait_for_postgres; then
            return 0
        fi
        remove_container "$STATE/postgres.container"
    done
    say "the container of PostgreSQL did not start"
    return 1
}

make_local_postgres() {
    local programs folder password locale port attempt
    programs=$(postgres_programs) || { say "PostgreSQL's server programs are not installed"; return 1; }
    folder=$(make_postgres_folder) || return 1
    password=$(random_password)
    as_postgres tee "$folder/password" <<<"$password" >/dev/null || return 1
    locale=C.UTF-8
    [[ $(uname -s) != Darwin ]] || locale=en_US.UTF-8
    # The password goes over the loopback address in the clear: hashing it costs an unoptimized client far more than
    # everything else about connecting.
    as_postgres "$programs/initdb" --pgdata "$folder/data" --username postgres --pwfile "$folder/password" \
        --auth password --encoding UTF8 --locale "$locale" --no-sync >"$STATE/initdb.log" 2>&1 ||
        { cat "$STATE/initdb.log" >&2; return 1; }
    for ((attempt = 1; attempt <= STARTS; attempt++)); do
        port=$(free_port) || return 1
        if launch_postgres "$folder" "$port"; then
            write_postgres_url "$password" "$port"
            return 0
        fi
    done
    say "PostgreSQL did not start; the end of its log:"
    tail -n 20 "$folder/server.log" >&2 || true
    return 1
}

# launch_postgres FOLDER PORT: starts the server on the data that is there. Without a socket in the file system there is
# no limit to the length of the folder's path.
launch_postgres() {
    as_postgres "$(postgres_programs)/pg_ctl" start --silent --wait --timeout "$READY_SECONDS" --pgdata "$1/data" \
        --log "$1/server.log" --options "-p $2 -c listen_addresses=127.0.0.1 \
        -c unix_socket_directories= -c max_connections=$POSTGRES_CONNECTIONS" </dev/null >/dev/null 2>&1 9>&-
}

# stop_postgres MODE...: stops the server and keeps its data, trying one mode after the other; `immediate` is as a crash.
stop_postgres() {
    local name folder mode
    if name=$(recorded_container "$STATE/postgres.container"); then
        if [[ $1 == immediate ]]; then docker kill "$name"; else docker stop "$name"; fi >/dev/null </dev/null
        return
    fi
    for mode in "$@"; do
        folder=$(running_postgres) || return 0
        as_postgres "$(postgres_programs)/pg_ctl" stop --silent --wait --timeout "$POSTGRES_STOP_SECONDS" --mode "$mode" \
            --pgdata "$folder/data" || true
    done
    ! running_postgres >/dev/null
}

# start_postgres: starts what stop_postgres has stopped.
start_postgres() {
    if [[ -f $STATE/postgres.container ]]; then
        docker start "$(cat "$STATE/postgres.container")" >/dev/null </dev/null && wait_for_postgres
    else
        launch_postgres "$(cat "$STATE/postgres.folder")" "$(postgres_port)"
    fi
}

remove_postgres() {
    local folder
    remove_container "$STATE/postgres.container"
    if ! stop_postgres fast immediate; then
        say "PostgreSQL in $(running_postgres) does not stop"
        return 1
    fi
    if folder=$(cat "$STATE/postgres.folder" 2>/dev/null); then rm -rf "$folder"; fi
    rm -f "$STATE/postgres.folder" "$STATE/postgres.url"
}
