# shellcheck shell=bash
# The Redis server of scripts/services: in a container where there is a Docker engine, else from local packages. It keeps
# nothing on disk: seat locks may be lost, and the tests lose them on purpose.
#
# The caller has set STATE, STARTS, READY_SECONDS and STOP_SECONDS, and sourced docker.sh, process.sh and redis.sh.

redis_port() {
    local url
    url=$(cat "$STATE/redis.url" 2>/dev/null) || return 1
    printf '%s\n' "${url##*:}"
}

# redis_answers: whether a Redis with our password answers on our port. Asked in Redis's own words, so that no client
# has to be installed.
redis_answers() {
    local url password port answer
    url=$(cat "$STATE/redis.url" 2>/dev/null) || return 1
    port=${url##*:}
    password=${url#redis://:}
    password=${password%%@*}
    exec 7<>"/dev/tcp/127.0.0.1/$port" || return 1
    printf 'AUTH %s\r\nPING\r\nQUIT\r\n' "$password" >&7
    answer=$(timeout 2 cat <&7 || true)
    exec 7<&-
    [[ $answer == *+PONG* ]]
}

redis_is_ready() {
    recorded_container "$STATE/redis.container" >/dev/null || recorded_process "$STATE/redis.pid" >/dev/null || return 1
    redis_answers 2>/dev/null
}

wait_for_redis() {
    local deadline=$((SECONDS + READY_SECONDS))
    until redis_is_ready; do
        ((SECONDS < deadline)) || return 1
        recorded_container "$STATE/redis.container" >/dev/null || recorded_process "$STATE/redis.pid" >/dev/null || return 1
        sleep 0.1
    done
}

# make_redis: a new server on a port of its own.
make_redis() {
    local password port attempt image
    remove_redis
    password=$(random_password)
    for ((attempt = 1; attempt <= STARTS; attempt++)); do
        port=$(free_port) || return 1
        (umask 077 && printf 'redis://:%s@127.0.0.1:%s\n' "$password" "$port" >"$STATE/redis.url")
        if docker_is_wanted; then
            image=$(image_of redis) || return 1
            # The shell in the container puts the password in, so that no command line on this machine has it.
            # shellcheck disable=SC2016 # It is that shell's variable.
            REDIS_PASSWORD=$password run_container "$STATE/redis.container" "$image" \
                --publish "127.0.0.1:$port:6379" --env REDIS_PASSWORD -- \
                sh -c 'printf "requirepass %s\nsave \"\"\n" "$REDIS_PASSWORD" | exec redis-server -' || true
        else
            launch_redis "$password" "$port" || return 1
        fi
        if wait_for_redis; then return 0; fi
        remove_container "$STATE/redis.container"
        stop_recorded "$STATE/redis.pid" "$STOP_SECONDS"
    done
    say "Redis did not start; the end of its log:"
    tail -n 20 "$STATE/redis.log" >&2 || true
    return 1
}

# launch_redis PASSWORD PORT
launch_redis() {
    local program config=$STATE/redis.conf
    program=$(redis_program) || { say "Redis's server program is not installed"; return 1; }
    # In a file, because everybody may read a command line.
    (
        umask 077
        printf '%s\n' "bind 127.0.0.1" "port $2" "requirepass $1" 'save ""' "appendonly no" "dir $STATE" \
            "daemonize no" >"$config"
    )
    set -m
    nohup "$program" "$config" >>"$STATE/redis.log" 2>&1 </dev/null 9>&- &
    set +m
    # Once it runs, Redis writes its own title: the port is the part of it that nobody else has.
    record_process "$STATE/redis.pid" $! "127.0.0.1:$2"
}

stop_redis() {
    local name
    if name=$(recorded_container "$STATE/redis.container"); then
        docker kill "$name" >/dev/null </dev/null
    else
        stop_recorded "$STATE/redis.pid" "$STOP_SECONDS"
    fi
}

# start_redis: starts what stop_redis has stopped; it comes back empty.
start_redis() {
    local url password
    if [[ -f $STATE/redis.container ]]; then
        docker start "$(cat "$STATE/redis.container")" >/dev/null </dev/null
    else
        url=$(cat "$STATE/redis.url") || return 1
        password=${url#redis://:}
        launch_redis "${password%%@*}" "$(redis_port)" || return 1
    fi
    wait_for_redis
}

remove_redis() {
    remove_container "$STATE/redis.container"
    stop_recorded "$STATE/redis.pid" "$STOP_SECONDS"
    rm -f "$STATE/redis.url" "$STATE/redis.conf"
}
