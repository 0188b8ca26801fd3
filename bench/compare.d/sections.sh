# shellcheck shell=bash disable=SC2154
# sections.sh: what each section runs in a turn (net: net.sh), and how its lines become figures.

time_limit=300 # seconds for one program: MPICH may take long with more tasks than cores

# take WHERE WHO COMMAND...: run it; its lines NAME VALUE UNIT become figures. A command that
# fails is told; it keeps the figures that it had until then.
take() {
    local where=$1 name=$2 status=0
    shift 2
    timeout -k 5 $time_limit "$@" >"$work/lines" 2>"$work/errors" </dev/null || status=$?
    if [ $status != 0 ]; then
        talk "$where: $name failed with status $status"
        tail -n 3 "$work/errors" >&2
    fi
    awk -v w="$where" -v n="$name" 'NF == 3 && $2 ~ /^[0-9.e+-]+$/ { print w, n, $1, $2, $3 }' "$work/lines" >>"$figures"
}

# in_turn TURN WHERE FUNCTION: FUNCTION WHERE WHO for everybody, each turn from another one on
in_turn() {
    local all=(limit "${who[@]}") i
    for i in "${!all[@]}"; do
        "$3" "$2" "${all[(i + $1 - 1) % ${#all[@]}]}"
    done
}

# tasks WHO N WHAT...: the measuring program as N tasks on this host
tasks() {
    local name=$1 n=$2
    shift 2
    case $name in
    dvm) echo dvm run -n "$n" "$work/measure.dvm" "$@" ;;
    mpich) echo mpiexec.hydra -n "$n" "$work/measure.mpich" "$@" ;;
    openmpi) echo mpirun.openmpi --oversubscribe --mca btl_base_warn_component_unused 0 -np "$n" "$work/measure.openmpi" "$@" ;;
    pvm) echo env BENCH_TASKS="$n" "$work/measure_pvm" "$@" ;;
    esac
}

start_dvm() { if wanted dvm; then dvm start >/dev/null 2>&1; fi; }
halt_dvm() { if wanted dvm; then dvm halt >/dev/null 2>&1; fi; }

# ---- shm ---------------------------------------------------------------------------------

shm_begin() { start_dvm; }
shm_end() {
    count_instructions
    halt_dvm
}

shm_one() { # WHERE WHO
    if [ "$2" = limit ]; then take "$1" limit "$work/limits" "${quick[@]}" shm; return; fi
    # shellcheck disable=SC2046
    take "$1" "$2" $(tasks "$2" 2 "${quick[@]}" memory latency bandwidth window collective column overlap sweep)
}

shm_waiting() { # WHERE WHO
    local seconds=10
    [ ${#quick[@]} = 0 ] || seconds=0.5
    # shellcheck disable=SC2046
    if [ "$2" != limit ]; then take "$1" "$2" $(tasks "$2" 2 waiting=$seconds); fi
}

shm_turn() {
    in_turn "$1" shm shm_one
    if [ "$1" = 1 ]; then in_turn "$1" shm shm_waiting; fi
}

# dumped WHAT: instructions that the dump of that name has, and how many messages that were
dumped() {
    local file
    file=$(grep -lsx "desc: Trigger: Client Request: $1" "$work"/counts/* | head -n 1)
    awk '$1 == "totals:" || $1 == "summary:" { n = $2 } END { print n + 0 }' "${file:-/dev/null}"
}

# the same for everybody whom valgrind can run; PVM's tasks are started by its daemon
count_instructions() {
    local name command messages=1000
    have valgrind || { talk "shm: no valgrind, so no count of instructions"; return 0; }
    for name in "${who[@]}"; do
        [ "$name" != pvm ] || continue
        rm -rf "$work/counts"
        mkdir "$work/counts"
        head -c 4096 /dev/zero >"$work/steps"
        read -ra command < <(tasks "$name" 2 "count=$work/steps")
        # valgrind goes in front of the program
        command=("${command[@]:0:${#command[@]}-2}" valgrind -q --tool=callgrind --collect-atstart=no
            --callgrind-out-file="$work/counts/%p" "${command[@]: -2}")
        take shm "$name" "${command[@]}"
        sed -i '/ counted /d' "$figures"
        if [ "$(dumped send)" -gt 0 ] && [ "$(dumped receive)" -gt 0 ]; then
            echo "shm $name instructions_send_8B $((($(dumped send) - $(dumped empty)) / messages)) instructions" >>"$figures"
            echo "shm $name instructions_receive_8B $((($(dumped receive) - $(dumped empty)) / messages)) instructions" >>"$figures"
        fi
    done
}

# ---- over ----------------------------------------------------------------------------------

over_begin() { start_dvm; }
over_end() { halt_dvm; }

over_one() { # WHERE WHO
    if [ "$2" = limit ]; then take "$1" limit "$work/limits" "${quick[@]}" ring "${1#over}"; return; fi
    # shellcheck disable=SC2046
    take "$1" "$2" $(tasks "$2" "${1#over}" "${quick[@]}" memory ring collective)
}

over_turn() {
    in_turn "$1" over8 over_one
    in_turn "$1" over16 over_one
}

# ---- start ----------------------------------------------------------------------------------

start_begin() { start_dvm; }
start_end() { halt_dvm; }

# timed NAME METRIC COMMAND...: its milliseconds are a figure
timed() {
    local name=$1 metric=$2 begin=$EPOCHREALTIME
    shift 2
    if timeout -k 5 $time_limit "$@" >"$work/lines" 2>"$work/errors" </dev/null; then
        awk -v a="${begin/,/.}" -v b="${EPOCHREALTIME/,/.}" -v n="$name" -v m="$metric" \
            'BEGIN { printf "start %s %s %.3f ms\n", n, m, (b - a) * 1000 }' >>"$figures"
    else
        talk "start: $name failed: $*"
        tail -n 3 "$work/errors" >&2
    fi
}

start_one() { # WHERE WHO
    local n=16
    # shellcheck disable=SC2046
    case $2 in
    limit) take start limit "$work/limits" start $n ;;
    pvm) ;;
    *) timed "$2" run_$n $(tasks "$2" $n meet) ;;
    esac
    # with no machine running `dvm run` has one of its own, which ends with it
    case $2 in
    dvm) DVM_MACHINE=$DVM_MACHINE-none timed dvm run_${n}_private dvm run -n $n "$work/measure.dvm" meet ;;
    mpich | openmpi) tail -n 1 "$figures" | sed "s/ run_$n / run_${n}_private /" >>"$figures.again" ;;
    esac
    [ ! -e "$figures.again" ] || { cat "$figures.again" >>"$figures"; rm "$figures.again"; }
    start_spawned "$2"
}

# 64 tasks spawned by a program, until each has been heard from
start_spawned() { # WHO
    local n=64
    [ ${#quick[@]} = 0 ] || n=4
    case $1 in
    dvm) take_spawned start dvm $n dvm run -n 1 "$work/spawn.dvm" $n 1 ;;
    pvm) take_spawned start pvm $n bash -c 'cd "$0" && ulimit -n 1024 && exec ./spawn_pvm "$1" 1' "$work" $n ;;
    esac
}

# take_spawned WHERE WHO N COMMAND...: the second of its two milliseconds is a figure
take_spawned() {
    local where=$1 name=$2 n=$3
    shift 3
    if timeout -k 5 $time_limit "$@" >"$work/lines" 2>"$work/errors" </dev/null; then
        awk -v w="$where" -v who="$name" -v n="$n" 'NF == 2 { print w, who, "spawn_" n, $2, "ms" }' "$work/lines" >>"$figures"
    else
        talk "$where: $name failed to spawn"
        tail -n 3 "$work/errors" >&2
    fi
}

start_turn() { in_turn "$1" start start_one; }
