#!/bin/sh
# Makes Temporal's tables in Cassandra, and those for its lists in PostgreSQL, or brings them up to date.
set -eu

cassandra() {
    temporal-cassandra-tool --endpoint "$CASSANDRA_SEEDS" --keyspace temporal "$@"
}

until temporal-cassandra-tool --endpoint "$CASSANDRA_SEEDS" validate-health; do
    echo "waiting for Cassandra"
    sleep 2
done
temporal-cassandra-tool --endpoint "$CASSANDRA_SEEDS" create --keyspace temporal --replication-factor 1
cassandra setup-schema --version 0.0 || echo "the tables of the keyspace are there already"
cassandra update-schema --schema-dir /etc/temporal/schema/cassandra/temporal/versioned
exec /bin/sh /setup/setup-postgres.sh
