#!/bin/sh
# Ask a service that `racer serve` started what to do: examples/make_prediction.sh [URL]
set -eu
url=${1:-http://127.0.0.1:8000}

# Twenty-one numbers of the observation `features`: at 0.4 of full speed in the middle of a straight.
observation='[0.4, 0, 0, 0, 0, 1, 1, 0, 0.76, 1, 0, 0.76, 1, 0, 0.76, 1, 0, 0.76, 1, 0, 0.76]'

curl --silent --show-error --fail-with-body \
    --header "Authorization: Bearer ${RACER_TOKEN:-}" \
    --header "Content-Type: application/json" \
    --data "{\"observation\": $observation}" "$url/predict"
echo
