#!/bin/sh
# Run by the image when its data folder is new: a user and databases for each of the two that share the server, so that
# neither can read what is the other's.
set -eu

psql --set=ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres \
    --set=boxoffice="$BOXOFFICE_DATABASE_PASSWORD" --set=temporal="$TEMPORAL_DATABASE_PASSWORD" <<'SQL'
create user boxoffice password :'boxoffice';
create user temporal password :'temporal';
create database boxoffice owner boxoffice;
create database temporal owner temporal;
create database temporal_visibility owner temporal;
revoke connect on database boxoffice, temporal, temporal_visibility from public;
SQL
