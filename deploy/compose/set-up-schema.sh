# Creates Temporal's two databases, or upgrades their schemas to the version of these tools. Safe to repeat.
# temporal-sql-tool's own environment variables configure the connection: SQL_HOST, SQL_USER, SQL_PASSWORD, …
set -eu

set_up() {
  temporal-sql-tool --database "$1" create-database
  temporal-sql-tool --database "$1" setup-schema --version 0.0
  temporal-sql-tool --database "$1" update-schema --schema-name "$2"
}

set_up temporal postgresql/v12/temporal
set_up temporal_visibility postgresql/v12/visibility
