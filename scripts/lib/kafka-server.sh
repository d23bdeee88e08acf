# shellcheck shell=bash
# The Kafka of scripts/services, a broker that is its own controller: in a container where there is a Docker engine, else
# from Apache's jars. It is reached in two ways: directly, and through a proxy that a test may put before it. To clients
# that come the second way it says that it lives at the proxy's address, so they stay behind the proxy.
#
# The caller has set STATE, STARTS, READY_SECONDS and STOP_SECONDS, and sourced docker.sh, process.sh and kafka.sh.

readonly KAFKA_HEAP=(-Xms128m -Xmx384m)

# kafka_port plain|proxied|behind: prints the port for clients, the one where a proxy is expected and nothing listens, or
# the one that such a proxy forwards to.
kafka_port() {
    sed -n "s/^$1 //p" "$STATE/kafka.ports" 2>/dev/null
}

# kafka_answers: whether a Kafka answers on our port that knows itself by this port, is registered and serves. Asked in
# Kafka's own words (a request for metadata, version 1, of no topic), so that no client has to be installed.
kafka_answers() (
    local port answer
    port=$(kafka_port plain)
    [[ -n $port ]] || return 1
    # Whoever closes the connection while it is written to must not end this script.
    trap '' PIPE
    exec 7<>"/dev/tcp/127.0.0.1/$port" || return 1
    printf '\0\0\0\16\0\3\0\1\0\0\0\1\377\377\0\0\0\0' >&7
    # The answer's length and number, how many brokers there are, and of the first its id, host and port.
    answer=$(timeout 2 head -c 31 <&7 | od -An -v -tx1 | tr -d ' \n' || true)
    [[ ${answer:16:8} == 00000001 && ${answer:54:8} == "$(printf '%08x' "$port")" ]]
)

kafka_is_ready() {
    recorded_container "$STATE/kafka.container" >/dev/null || recorded_process "$STATE/kafka.pid" >/dev/null || return 1
    kafka_answers 2>/dev/null
}

wait_for_kafka() {
    local deadline=$((SECONDS + READY_SECONDS))
    until kafka_is_ready; do
        ((SECONDS < deadline)) || return 1
        recorded_container "$STATE/kafka.container" >/dev/null || recorded_process "$STATE/kafka.pid" >/dev/null || return 1
        sleep 0.2
    done
}

# choose_kafka_ports: four that differ; the last is the controller's.
choose_kafka_ports() {
    local name port
    for name in plain proxied behind controller; do
        port=$(free_port) || return 1
        printf '%s %s\n' "$name" "$port"
    done >"$STATE/kafka.ports"
    [[ $(cut -d ' ' -f 2 "$STATE/kafka.ports" | sort -u | wc -l) -eq 4 ]] || choose_kafka_ports
}

# kafka_settings ADDRESS PLAIN BEHIND CONTROLLER FOLDER: prints what its configuration says, where it listens on that
# address and those ports.
kafka_settings() {
    cat <<SETTINGS
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:$4
listeners=CONTROLLER://127.0.0.1:$4,PLAIN://$1:$2,PROXIED://$1:$3
advertised.listeners=PLAIN://127.0.0.1:$(kafka_port plain),PROXIED://127.0.0.1:$(kafka_port proxied)
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAIN:PLAINTEXT,PROXIED:PLAINTEXT
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAIN
log.dirs=$5
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
broker.session.timeout.ms=4000
broker.heartbeat.interval.ms=500
log.cleaner.dedupe.buffer.size=16777216
SETTINGS
}

# make_kafka: a new one, without topics, on ports of its own.
make_kafka() {
    local attempt
    remove_kafka
    for ((attempt = 1; attempt <= STARTS; attempt++)); do
        choose_kafka_ports || return 1
        if docker_is_wanted; then
            launch_kafka_container || true
        else
            format_kafka && launch_kafka || return 1
        fi
        if wait_for_kafka; then
            printf '127.0.0.1:%s\n' "$(kafka_port plain)" >"$STATE/kafka.url"
            return 0
        fi
        remove_container "$STATE/kafka.container"
        stop_recorded "$STATE/kafka.pid" "$STOP_SECONDS"
    done
    say_kafka_did_not_start
    return 1
}

say_kafka_did_not_start() {
    say "Kafka did not start; the end of its log:"
    tail -n 20 "$STATE/kafka.log" >&2 || true
}

# launch_kafka_container: the image takes every setting from a variable that is named after it. The ports inside are
# always the same, and only what is published is on the loopback address of this machine.
launch_kafka_container() {
    local image setting name
    local -a variables=(--env "KAFKA_HEAP_OPTS=${KAFKA_HEAP[*]}")
    image=$(image_of apache/kafka) || return 1
    while IFS= read -r setting; do
        name=${setting%%=*}
        name=$(tr '.[:lower:]' '_[:upper:]' <<<"$name")
        variables+=(--env "KAFKA_$name=${setting#*=}")
    done <<<"$(kafka_settings 0.0.0.0 9092 9094 9093 /var/lib/kafka/data)"
    run_container "$STATE/kafka.container" "$image" --publish "127.0.0.1:$(kafka_port plain):9092" \
        --publish "127.0.0.1:$(kafka_port behind):9094" "${variables[@]}"
}

# run_kafka CLASS ARGUMENTS...: runs a program of Kafka's in place of this process. The compiler that starts fast is enough.
# What is unpacked for native code goes to the folder that is deleted at the end, not to the system's.
run_kafka() {
    local java jars
    java=$(kafka_java) || { say "Java $KAFKA_JAVA or newer is not installed"; return 1; }
    jars=$(kafka_jars) || return 1
    exec "$java" "${KAFKA_HEAP[@]}" -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -XX:-UsePerfData \
        "-Djava.io.tmpdir=$STATE/kafka/tmp" -Dlog4j2.configurationFile=scripts/kafka/log4j2.xml -cp "$jars/*" "$@"
}

# format_kafka: empty storage, and the configuration beside it.
format_kafka() {
    local folder=$STATE/kafka id
    kafka_jars >/dev/null || return 1
    rm -rf "$folder"
    mkdir -p "$folder/tmp"
    kafka_settings 127.0.0.1 "$(kafka_port plain)" "$(kafka_port behind)" "$(kafka_port controller)" "$folder/data" \
        >"$folder/server.properties"
    id=$(head -c 16 /dev/urandom | base64 | tr '+/' '-_' | tr -d =)
    # An id must not begin like an option.
    (run_kafka kafka.tools.StorageTool format --cluster-id "A${id:1}" --config "$folder/server.properties") \
        >"$STATE/kafka-format.log" 2>&1 </dev/null 9>&- || { cat "$STATE/kafka-format.log" >&2; return 1; }
}

# launch_kafka: starts it on the storage that is there.
launch_kafka() {
    kafka_jars >/dev/null && kafka_java >/dev/null || return 1
    set -m
    (trap '' HUP && run_kafka kafka.Kafka "$STATE/kafka/server.properties") >>"$STATE/kafka.log" 2>&1 </dev/null 9>&- &
    set +m
    record_process "$STATE/kafka.pid" $! "kafka.Kafka $STATE/kafka/server.properties"
}

# stop_kafka MODE: stops it and keeps its data; `immediate` is as a crash.
stop_kafka() {
    local name
    if name=$(recorded_container "$STATE/kafka.container"); then
        if [[ $1 == immediate ]]; then docker kill "$name"; else docker stop "$name"; fi >/dev/null </dev/null
    elif [[ $1 == immediate ]]; then
        kill_recorded "$STATE/kafka.pid"
    else
        stop_recorded "$STATE/kafka.pid" "$STOP_SECONDS"
    fi
}

# start_kafka: starts what stop_kafka has stopped, on the same ports and with its data. After a crash it takes some seconds
# more, because the controller waits until the session of the broker that died has ended.
start_kafka() {
    if kafka_is_ready; then return 0; fi
    if [[ -f $STATE/kafka.container ]]; then
        docker start "$(cat "$STATE/kafka.container")" >/dev/null </dev/null || return 1
    else
        [[ -f $STATE/kafka/server.properties ]] || { say "there is no Kafka to start"; return 1; }
        launch_kafka || return 1
    fi
    wait_for_kafka || { say_kafka_did_not_start; return 1; }
}

remove_kafka() {
    remove_container "$STATE/kafka.container"
    stop_recorded "$STATE/kafka.pid" "$STOP_SECONDS"
    rm -rf "$STATE/kafka" "$STATE/kafka.ports" "$STATE/kafka.url"
}
