#!/usr/bin/env bash
# Every benchmark that the data folder has a kind for, with two encoders and two small language models, and the report.
#
#     npm run build && runs/benchmarks.sh TUNED_MODEL [WORK]
#
# TUNED_MODEL is an encoder that was trained, such as runs/multitask.mjs makes. Data: $RETRIEVE_DATA (default
# ../shared/data). Language models: the stories260K weights of $RETRIEVE_LLMS (default ../shared/models) and one of random
# weights, both made into GGUF in WORK; their windows of 512 tokens ask for small prompts. What a model was asked is kept
# in WORK, so that an interrupted run goes on where it was.
set -euo pipefail
cd "$(dirname "$0")/.."

tuned="${1:?wanted a trained encoder}"
work="${2:-${TMPDIR:-/tmp}/retrieve-benchmarks}"
data="${RETRIEVE_DATA:-../shared/data}"
models="${RETRIEVE_LLMS:-../shared/models}"
stories="$models/stories260k"
mkdir -p "$work"
[ -f "$work/stories.gguf" ] || node runs/gguf.mjs stories "$stories/stories260K.bin" "$stories/tok512.bin" "$work/stories.gguf"
[ -f "$work/random.gguf" ] || node runs/gguf.mjs random "$work/random.gguf" --size 1M

retrieve() { node dist/cli/main.js "$@"; }
encoders=(--model mini --model "$tuned")
language=(--llm "llama:$work/stories.gguf" --llm "llama:$work/random.gguf" --cache "$work/answers")
common=(--out "$work/runs" --max-queries "${QUERIES:-200}")

# Retrieval alone: these numbers are real.
retrieve eval nq "$data/knowledge/cmrc2018" --split dev --method all "${encoders[@]}" "${common[@]}"
retrieve eval nq "$data/knowledge/multihop" --split dev --method all "${encoders[@]}" "${common[@]}"
retrieve eval beir "$data/knowledge/squad_nqg" --split dev --method all "${encoders[@]}" "${common[@]}"
for set in mtrag_un cast2022; do
  retrieve eval convsearch "$data/conversation/$set" --split dev --method all "${encoders[@]}" "${common[@]}"
done
for set in metatool toollens; do
  retrieve eval tool "$data/tools/$set" --split test --method all "${encoders[@]}" "${common[@]}"
done
retrieve eval memory "$data/memory/realtalk" --split dev --method all "${encoders[@]}" "${common[@]}"

# With language models: these show that the harness runs, since the models are tiny.
retrieve eval lrlm "$data/memory/books" --window 256 --target 64 --chunk 32 --k 3 --method all "${encoders[@]}" "${language[@]}" "${common[@]}"
retrieve eval lrlm "$data/memory/books" --window 128 --target 64 --chunk 32 --k 3 --method none --method dense "${encoders[@]}" "${language[@]}" "${common[@]}"
retrieve eval icl "$data/examples" --shots 8 --context 480 --method all "${encoders[@]}" "${language[@]}" "${common[@]}"
retrieve eval nq "$data/knowledge/multihop" --split dev --k 1 --shots 2 --method none --method dense "${encoders[@]}" "${language[@]}" "${common[@]}"

retrieve eval memory "$data/memory/realtalk" --split dev --k 3 --method none --method recency --method hybrid "${encoders[@]}" "${language[@]}" "${common[@]}"

tiny=()
for name in $(grep -ho '"llm": "llama:[^"]*"' "$work"/runs/*.json | sort -u | cut -d'"' -f4); do tiny+=(--tiny-model "$name"); done
retrieve eval report "$work/runs" "${tiny[@]}" --out "$work/report.html"
