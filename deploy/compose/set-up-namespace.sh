# Creates the namespace TEMPORAL_NAMESPACE, or brings an existing one to TEMPORAL_RETENTION. Safe to run again.
# The CLI's own environment variables say where Temporal is: TEMPORAL_ADDRESS, TEMPORAL_API_KEY, TEMPORAL_TLS, …
set -eu

if temporal operator namespace describe --namespace "$TEMPORAL_NAMESPACE" >/dev/null 2>&1; then
  verb=update
else
  verb=create
fi
temporal operator namespace "$verb" --namespace "$TEMPORAL_NAMESPACE" --retention "$TEMPORAL_RETENTION"

# For some seconds the server answers "not found" for a new namespace, since it reads its list of namespaces at intervals.
seconds_left=60
until temporal workflow count --namespace "$TEMPORAL_NAMESPACE" >/dev/null 2>&1; do
  if [ "$seconds_left" -eq 0 ]; then
    echo "namespace $TEMPORAL_NAMESPACE was set up but cannot be used after a minute" >&2
    exit 1
  fi
  seconds_left=$((seconds_left - 1))
  sleep 1
done
