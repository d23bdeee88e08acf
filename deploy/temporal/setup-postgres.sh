#!/bin/sh
# Makes Temporal's tables in its two databases, or brings them up to date. Each step may be repeated.
set -eu

sql() {
    database=$1
    shift
    temporal-sql-tool --plugin postgres12 --endpoint "$POSTGRES_SEEDS" --port "$DB_PORT" --user "$POSTGRES_USER" \
        --password "$POSTGRES_PWD" --database "$database" "$@"
}

for database in temporal temporal_visibility; do
    case $database in
    temporal) schema=temporal ;;
    *) schema=visibility ;;
    esac
    # Fails where it was done before; the update then finds the version that is there.
    sql "$database" setup-schema --version 0.0 || echo "the tables of $database are there already"
    sql "$database" update-schema --schema-dir "/etc/temporal/schema/postgresql/v12/$schema/versioned"
done
