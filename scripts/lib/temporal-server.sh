# shellcheck shell=bash
# The Temporal development server of scripts/services. It is the CLI itself, which scripts/temporal gets everywhere, so
# it needs no container.
#
# The caller has set STATE, STARTS, READY_SECONDS and STOP_SECONDS.

# temporal_answers CLI ADDRESS
temporal_answers() {
    "$1" operator cluster health --address "$2" --command-timeout 3s >/dev/null 2>&1 </dev/null
}

temporal_is_ready() {
    local url
    recorded_process "$STATE/temporal.pid" >/dev/null || return 1
    url=$(cat "$STATE/temporal.url" 2>/dev/null) || return 1
    temporal_answers "$(scripts/temporal)" "${url#http://}"
}

# launch_temporal CLI PORT: starts it in memory, tuned so that a step of a workflow does not wait for the server's next
# look into its queues, which is every 50 ms by default.
launch_temporal() {
    local cli=$1 port=$2 http_port metrics_port
    http_port=$(free_port) && metrics_port=$(free_port) || return 1
    local -a where=(server start-dev --ip 127.0.0.1 --port "$port")
    # With job control the server gets a process group of its own: Ctrl-C reaches the tests, and `down` stops it after them.
    set -m
    GOGC=400 nohup "$cli" "${where[@]}" \
        --http-port "$http_port" --metrics-port "$metrics_port" --headless --log-level error \
        --sqlite-pragma journal_mode=WAL --sqlite-pragma synchronous=NORMAL \
        --dynamic-config-value history.transferProcessorMaxPollRPS=1000 \
        --dynamic-config-value history.timerProcessorMaxPollRPS=1000 \
        --dynamic-config-value frontend.enableCancelWorkerPollsOnShutdown=true \
        --dynamic-config-value matching.numTaskqueueReadPartitions=1 \
        --dynamic-config-value matching.numTaskqueueWritePartitions=1 \
        --search-attribute BookingState=Keyword --search-attribute ShowId=Keyword \
        --search-attribute CustomerId=Keyword --search-attribute PartnerId=Keyword \
        >"$STATE/temporal.log" 2>&1 </dev/null 9>&- &
    record_process "$STATE/temporal.pid" $! "$cli ${where[*]}"
    set +m
}

start_temporal() {
    local cli port attempt deadline
    cli=$(scripts/temporal) || return 1
    stop_recorded "$STATE/temporal.pid" "$STOP_SECONDS"
    for ((attempt = 1; attempt <= STARTS; attempt++)); do
        port=$(free_port) || return 1
        launch_temporal "$cli" "$port" || return 1
        deadline=$((SECONDS + READY_SECONDS))
        while ((SECONDS < deadline)) && recorded_process "$STATE/temporal.pid" >/dev/null; do
            # The process is looked at again after the answer, which a stranger on the same port could have given.
            if temporal_answers "$cli" "127.0.0.1:$port" && recorded_process "$STATE/temporal.pid" >/dev/null; then
                printf 'http://127.0.0.1:%s\n' "$port" >"$STATE/temporal.url"
                return 0
            fi
            sleep 0.1
        done
        stop_recorded "$STATE/temporal.pid" "$STOP_SECONDS"
    done
    say "Temporal did not start; the end of its log:"
    tail -n 20 "$STATE/temporal.log" >&2 || true
    return 1
}
