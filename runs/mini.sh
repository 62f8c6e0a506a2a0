#!/usr/bin/env bash
# Makes models/mini, the bundled encoder: fetches all-MiniLM-L6-v2, stores its matrices as int8, keeps the model card.
# Deterministic: run again, git shows no difference.
set -euo pipefail
cd "$(dirname "$0")/.."

export RETRIEVE_MODELS="${RETRIEVE_MODELS:-$HOME/.cache/retrieve-anything/models}"
runs/fetch-models.sh
npm run --silent build

work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
node runs/mini.mjs "$RETRIEVE_MODELS/all-MiniLM-L6-v2" "$work/mini"
mkdir -p models/mini
cp -R "$work/mini/." models/mini/
