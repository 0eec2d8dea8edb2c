# shellcheck shell=bash
# Ray on the nodes of a Slurm job, and a sweep on it; sourced by the sbatch files.
#
# `ray symmetric-run` is not used: it ends every Ray of the user on a node, other jobs' too, and
# reports success where Ray did not start.

port=6379
ports=()

# Take a hundred ports from this one on, instead of Ray's usual ones.
use_ports() {
    port=$1
    ports=(--node-manager-port=$((port + 1)) --object-manager-port=$((port + 2))
        --runtime-env-agent-port=$((port + 3)) --dashboard-agent-grpc-port=$((port + 4))
        --dashboard-agent-listen-port=$((port + 5)) --metrics-export-port=$((port + 6))
        --min-worker-port=$((port + 20)) --max-worker-port=$((port + 99)))
}

# Start Ray on all nodes, run the sweep on the first, and leave nothing behind.
run_sweep() {
    local space=${1:?usage: sbatch FILE SPACE [NAME] [options of tatl-search sweep]}
    local name=${2:-$(basename "${space%.*}")}
    shift $(($# < 2 ? $# : 2))

    # All nodes must hold the same token, or they refuse each other; it ends with the job.
    export RAY_AUTH_MODE=token RAY_USAGE_STATS_ENABLED=0
    RAY_AUTH_TOKEN=$(python -c 'import secrets; print(secrets.token_hex(32))')
    export RAY_AUTH_TOKEN

    started=()
    temporary=${RAY_TMP:-/tmp}/ray-$SLURM_JOB_ID # a short path: it holds sockets
    trap clear_up EXIT
    trap 'exit 143' TERM INT # time is up, or scancel

    start_ray
    tatl-search sweep "$space" --storage "${SWEEP_STORAGE:-sweeps}" --name "$name" --resume \
        --address "$head:$port" "$@" &
    started+=($!)
    wait $! # in the background, so that the traps act at once
}

start_ray() {
    local node=(--num-cpus="$SLURM_CPUS_PER_TASK" --object-store-memory=500000000
        --disable-usage-stats --block "${ports[@]}")
    if [[ -n ${SLURM_GPUS_ON_NODE:-} ]]; then
        node+=(--num-gpus="$SLURM_GPUS_ON_NODE")
    fi
    head=${HEAD_ADDRESS:-$(hostname -I | awk '{print $1}')} # this is the first node
    start_head "${node[@]}"
    if ((SLURM_JOB_NUM_NODES > 1)); then
        on_nodes $((SLURM_JOB_NUM_NODES - 1)) --exclude="$SLURMD_NODENAME" \
            bash -c 'ray_node "$@"' "$temporary" --address="$head:$port" "${node[@]}" &
        started+=($!)
    fi
}

# Ray gives a node half a minute to start; with its environment on a slow share that may not do.
start_head() {
    for _ in 1 2 3; do
        on_nodes 1 --nodelist="$SLURMD_NODENAME" --output="$temporary.log" \
            bash -c 'ray_node "$@"' "$temporary" --head --node-ip-address="$head" --port="$port" \
            --ray-client-server-port=$((port + 7)) --include-dashboard=false "$@" &
        local process=$!
        while kill -0 "$process" 2>/dev/null; do
            if grep -qs 'Ray runtime started' "$temporary.log"; then
                started+=("$process")
                return
            fi
            sleep 1
        done
    done
    cat "$temporary.log"
    exit 1
}

# Run a command once on each of so many nodes.
on_nodes() {
    srun --overlap --nodes="$1" --ntasks="$1" --cpus-per-task="$SLURM_CPUS_PER_TASK" "${@:2}"
}

# Ray on one node. It clears up by itself, since a cancelled job may start nothing any more, and
# soon: Slurm waits half a minute and then kills all that is left.
ray_node() {
    trap 'leave_node "$0" $!' EXIT
    trap 'exit 143' TERM INT
    ray start --temp-dir="$0" "$@" &
    wait $!
}

leave_node() {
    kill "$2" 2>/dev/null
    for _ in {1..10}; do
        kill -0 "$2" 2>/dev/null || break
        sleep 1
    done
    rm -rf "$1"
}
export -f ray_node leave_node

clear_up() {
    trap - EXIT TERM INT
    kill "${started[@]}" 2>/dev/null || true
    wait "${started[@]}" 2>/dev/null || true
    rm -f "$temporary.log"
}
