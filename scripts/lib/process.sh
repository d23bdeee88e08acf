# shellcheck shell=bash
# Processes that outlive the script that started them, and ports for them.
#
# A process id alone is not proof: the process may be long gone and its id given to a stranger. So a record holds the
# id and a piece of its command line that no other process has, and only a process with both is ever signalled.

# record_process FILE PID TEXT: records a child that has just been launched. Until the child has become the program it
# runs, its command line is still this script's: that moment is waited out, or it would be taken for a stranger.
record_process() {
    printf '%s\n%s\n' "$2" "$3" >"$1"
    while kill -0 "$2" 2>/dev/null && ! process_has "$2" "$3"; do sleep 0.01; done
}

# command_of PID: prints the process's command line; fails when there is no such process.
command_of() {
    if [[ -d /proc/self ]]; then
        tr '\0' ' ' 2>/dev/null <"/proc/$1/cmdline"
    else
        ps -ww -o command= -p "$1"
    fi
}

# process_has PID TEXT: whether that process lives and has the text in its command line.
process_has() {
    local command
    command=$(command_of "$1" 2>/dev/null) || return 1
    if [[ -z $command ]]; then
        # A zombie, which rightly counts as gone, or a process that is becoming another program at this moment.
        sleep 0.05
        command=$(command_of "$1" 2>/dev/null) || return 1
    fi
    [[ $command == *"$2"* ]]
}

# recorded_process FILE: prints the process id if the recorded process still lives.
recorded_process() {
    local pid text
    [[ -f $1 ]] || return 1
    { read -r pid && read -r text; } <"$1" || return 1
    process_has "$pid" "$text" || return 1
    printf '%s\n' "$pid"
}

# children_of PID: prints the ids of its direct children, where the system tells them.
children_of() {
    cat "/proc/$1/task/"*/children 2>/dev/null || true
}

# stop_recorded FILE SECONDS: asks the recorded process to stop, and ends it when it has not after that time.
stop_recorded() {
    local pid child deadline=$((SECONDS + $2))
    if pid=$(recorded_process "$1"); then
        kill -TERM "$pid" 2>/dev/null || true
        while recorded_process "$1" >/dev/null && ((SECONDS < deadline)); do sleep 0.1; done
        if recorded_process "$1" >/dev/null; then
            say "process $pid has not stopped within $2 s: ending it and its children"
            local -a children
            read -ra children <<<"$(children_of "$pid" | tr '\n' ' ')"
            kill -KILL "$pid" 2>/dev/null || true
            for child in ${children[@]+"${children[@]}"}; do kill -TERM "$child" 2>/dev/null || true; done
        fi
    fi
    rm -f "$1"
}

# kill_recorded FILE: ends the recorded process at once, as a crash does, and returns when it is gone.
kill_recorded() {
    local pid
    while pid=$(recorded_process "$1"); do
        kill -KILL "$pid" 2>/dev/null || true
        sleep 0.05
    done
    rm -f "$1"
}

# free_port: prints a port of the loopback address on which nothing listens. It lies below 32768, where Linux begins to
# hand out ports to outgoing connections. Somebody may still take it in the meantime: whoever starts a server tries again.
free_port() {
    local port attempt
    for attempt in {1..100}; do
        port=$((20000 + RANDOM % 10000))
        if ! (: <>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
            printf '%s\n' "$port"
            return 0
        fi
    done
    say "no free port found after $attempt attempts"
    return 1
}
