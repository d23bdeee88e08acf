#!/bin/sh
# Makes Temporal's tables in its two databases, or brings them up to date. May be repeated: what is there is left.
set -eu

# In the environment, because everybody may read a command line.
export SQL_PASSWORD="$POSTGRES_PWD"

# prepare DATABASE SCHEMA
prepare() {
    versions=/etc/temporal/schema/postgresql/v12/$2/versioned
    for step in "setup-schema --version 0.0" "update-schema --schema-dir $versions"; do
        # shellcheck disable=SC2086 # A step is several words.
        temporal-sql-tool --plugin postgres12 --endpoint "$POSTGRES_SEEDS" --port "$DB_PORT" --user "$POSTGRES_USER" \
            --database "$1" $step
    done
}

# Without an argument all; otherwise one of them, for a server whose workflows are elsewhere.
[ "${1:-temporal}" != temporal ] || prepare temporal temporal
[ "${1:-visibility}" != visibility ] || prepare temporal_visibility visibility
