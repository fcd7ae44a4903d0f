# Creates the namespace TEMPORAL_NAMESPACE, or sets the retention of an existing one to TEMPORAL_RETENTION. Safe to repeat.
# The CLI's own environment variables configure the connection: TEMPORAL_ADDRESS, TEMPORAL_API_KEY, TEMPORAL_TLS, …
set -eu

if temporal operator namespace describe --namespace "$TEMPORAL_NAMESPACE" >/dev/null 2>&1; then
  verb=update
else
  verb=create
fi
temporal operator namespace "$verb" --namespace "$TEMPORAL_NAMESPACE" --retention "$TEMPORAL_RETENTION"

# The server reloads its namespaces at intervals, so for some seconds it answers "not found" for a new one.
seconds_left=60
until temporal workflow count --namespace "$TEMPORAL_NAMESPACE" >/dev/null 2>&1; do
  if [ "$seconds_left" -eq 0 ]; then
    echo "namespace $TEMPORAL_NAMESPACE was set up but cannot be used after a minute" >&2
    exit 1
  fi
  seconds_left=$((seconds_left - 1))
  sleep 1
done
