#!/bin/sh
# Secrets may come as files: for each NAME below that is not set, NAME_FILE names the file that holds it. Then becomes the command.
set -eu
for name in DATABASE_URL REDIS_URL ARI_PASSWORD ARI_NODES ADMIN_TOKEN ENCRYPTION_KEYS; do
  eval "value=\${$name:-} file=\${${name}_FILE:-}"
  if [ -z "$value" ] && [ -n "$file" ]; then
    value=$(cat "$file")
    export "$name=$value"
  fi
done
exec "$@"
