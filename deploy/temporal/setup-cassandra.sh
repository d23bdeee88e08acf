#!/bin/sh
# Makes Temporal's tables in Cassandra, and those for its lists in PostgreSQL, or brings them up to date.
set -eu

cassandra() {
    temporal-cassandra-tool --endpoint "$CASSANDRA_SEEDS" "$@"
}

until cassandra validate-health; do
    echo "waiting for Cassandra"
    sleep 2
done
# One copy, for the one node of docker-compose.cassandra.yml: a cluster takes 3.
cassandra create --keyspace temporal --replication-factor 1
cassandra --keyspace temporal setup-schema --version 0.0
cassandra --keyspace temporal update-schema --schema-dir /etc/temporal/schema/cassandra/temporal/versioned
exec /bin/sh "${0%/*}/setup-postgres.sh" visibility
