# shellcheck shell=bash disable=SC2154
# build.sh: the measuring programs, built for DVM and for each peer; what the machine is.

# what all have in common
measure=("$here"/measure/{measure,message,collective,column,overlap,idle,count}.c)

# build_dvm: a release, installed into a folder of its own, and the program with its dvmcc
build_dvm() {
    local build=${DVM_BUILD:-$top/build/compare}
    if [ -z "$prefix" ]; then
        if [ -z "${DVM_BUILD:-}" ]; then
            talk "building the release"
            (cmake -S "$top" -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DBUILD_TESTING=OFF &&
                cmake --build "$build") >"$work/build.log" 2>&1 || { tail -n 20 "$work/build.log" >&2; exit 1; }
        fi
        prefix=$work/prefix
        cmake --install "$build" --prefix "$prefix" >"$work/install.log"
    fi
    unset DVM_DIR DVM_HOST DVM_DAEMON DVM_SOCKET DVM_TOKEN DVM_SINGLE
    export PATH=$prefix/bin:$PATH DVM_MACHINE=${BENCH_MACHINE:-compare-$$}
    dvmcc -O2 -w -std=c11 -D_GNU_SOURCE -o "$work/measure.dvm" "${measure[@]}" "$here/measure/api_dvm.c"
    dvmcc -O2 -w -std=c11 -D_GNU_SOURCE -o "$work/spawn.dvm" "$here/spawn.c"
    at_end+=("dvm halt")
}

build_mpi() { # build_mpi NAME
    "mpicc.$1" -O2 -w -std=c11 -D_GNU_SOURCE -o "$work/measure.$1" \
        "${measure[@]}" "$here/measure/api_mpi.c"
}

build_pvm() {
    gcc -O2 -w -std=c11 -D_GNU_SOURCE -o "$work/measure_pvm" \
        "${measure[@]}" "$here/measure/api_pvm.c" -lgpvm3 -lpvm3 &&
        gcc -O2 -w -std=c11 -D_GNU_SOURCE -o "$work/spawn_pvm" "$here/spawn_pvm.c" -lpvm3 && start_pvm
}

# PVM's daemon; it closes every possible descriptor at each fork, so it gets few
start_pvm() {
    local give_up=$((SECONDS + 20)) program
    program=$(command -v pvmd || command -v pvmd3 || echo /usr/lib/pvm3/lib/LINUX64/pvmd3)
    export PVM_ROOT=/usr/lib/pvm3 PVM_ARCH=LINUX64 PVM_ALLOW_ROOT=1 PVM_TMP=$work PVM_PATH=$work:/usr/bin
    (cd "$work" && ulimit -n 1024 && exec "$program" -nlocalhost </dev/null >"$work/pvmd.out" 2>&1) &
    at_end+=("kill $!; wait $!")
    until [ -s "$work/pvmd.out" ]; do
        if [ $SECONDS -ge $give_up ] || ! kill -0 $! 2>/dev/null; then return 1; fi
        sleep 0.05
    done
}

have() { command -v "$1" >/dev/null; }

build_limits() {
    local sources=(-I "$top" -O2 -std=c11 -D_GNU_SOURCE -o "$work/limits" "$here"/limits/{limits,tcp,seal}.c)
    gcc -DBENCH_SEAL "${sources[@]}" -lcrypto 2>/dev/null || gcc "${sources[@]}"
}

build_all() {
    build_limits
    who=()
    if wanted dvm; then build_dvm; who+=(dvm); fi
    if wanted mpich && have mpicc.mpich && have mpiexec.hydra && build_mpi mpich; then who+=(mpich); fi
    if wanted openmpi && have mpicc.openmpi && have mpirun.openmpi && build_mpi openmpi; then who+=(openmpi); fi
    if wanted pvm && [ -e /usr/include/pvm3.h ] && build_pvm; then who+=(pvm); fi
    export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
}

version_of() { dpkg-query -W -f '${Version}' "$1" 2>/dev/null || echo "?"; }

# describe: the machine and who takes part, in one paragraph
describe() {
    local name text
    text="$(nproc) cores, $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1), Linux $(uname -r)"
    [ ! -r /etc/os-release ] || text+=", $(. /etc/os-release && echo "$PRETTY_NAME")"
    for name in "${who[@]}"; do
        case $name in
        dvm) text+="; DVM $(dvm version 2>/dev/null | awk -F"[ ,]" 'NR == 1 { print $2 }')" ;;
        mpich) text+="; MPICH $(version_of mpich)" ;;
        openmpi) text+="; Open MPI $(version_of openmpi-bin)" ;;
        pvm) text+="; PVM $(version_of pvm)" ;;
        esac
    done
    echo "$text."
}
