# shellcheck shell=bash
# Getting Apache Kafka: its own jars, by Maven, and the Java that runs them.

readonly KAFKA_JAVA=17

# kafka_version: prints the version that is pinned.
kafka_version() {
    sed -n 's/^ *<kafka\.version>\(.*\)<.*/\1/p' scripts/kafka/pom.xml
}

# kafka_java: prints the path of a Java that is new enough.
kafka_java() {
    local java version
    for java in "${JAVA_HOME:+$JAVA_HOME/bin/java}" java; do
        java=$(command -v "${java:-java}") || continue
        # The program of this name may only say where to get a real one, as it does on a Mac.
        version=$("$java" -version 2>&1 </dev/null | sed -n 's/.* version "\([0-9]*\).*/\1/p') || continue
        if ((${version:-0} >= KAFKA_JAVA)); then
            printf '%s\n' "$java"
            return 0
        fi
    done
    return 1
}

kafka_jars_folder() {
    printf '%s/.tools/kafka-%s\n' "$PWD" "$(kafka_version)"
}

# kafka_can_be_had: whether everything is there to run it, or to get it and run it.
kafka_can_be_had() {
    kafka_java >/dev/null && { [[ -d $(kafka_jars_folder) ]] || command -v mvn >/dev/null; }
}

# kafka_jars: prints the folder of its jars, getting them first if need be; one process at a time.
kafka_jars() {
    local folder answer
    folder=$(kafka_jars_folder)
    if [[ ! -d $folder ]]; then
        command -v mvn >/dev/null || { say "Maven is not installed, which gets Kafka's jars"; return 1; }
        say "getting Apache Kafka $(kafka_version) by Maven (46 MB)"
        # Under another name first, so that an interrupted download is not taken for the whole.
        rm -rf "$folder.new"
        answer=$(mvn --quiet --batch-mode --file scripts/kafka/pom.xml dependency:copy-dependencies \
            "-DoutputDirectory=$folder.new" 2>&1 </dev/null) || { printf '%s\n' "$answer" >&2; return 1; }
        mv "$folder.new" "$folder"
    fi
    printf '%s\n' "$folder"
}
