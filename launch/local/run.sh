#!/usr/bin/env bash
# Run a sweep on this machine; go on with it if it exists already.
#
#   launch/local/run.sh SPACE [NAME] [more options of tatl-search sweep ...]
set -euo pipefail

space=${1:?usage: $0 SPACE [NAME] [options of tatl-search sweep]}
name=${2:-$(basename "${space%.*}")}
shift $(($# < 2 ? $# : 2))

exec tatl-search sweep "$space" --storage "${SWEEP_STORAGE:-sweeps}" --name "$name" --resume "$@"
