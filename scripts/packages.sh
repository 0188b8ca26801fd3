# shellcheck shell=bash disable=SC2034
# packages.sh: which Debian packages the project needs, and how to get them.
# Read by scripts/check and scripts/demo.

packages_build=(gcc libc6-dev cmake ninja-build pkg-config protobuf-c-compiler libprotobuf-c-dev
    libzmq3-dev libhwloc-dev libev-dev libssl-dev libsmartcols-dev libjansson-dev libedit-dev libpng-dev)
packages_bench=(mpich libmpich-dev openmpi-bin libopenmpi-dev pvm pvm-dev valgrind)
packages_test=(g++ gfortran libcriterion-dev clang libclang-rt-dev universal-ctags shellcheck jq iproute2
    nftables procps util-linux binutils openssh-client openssh-server zsh fish groff-base mandoc
    valgrind spin)

# missing_packages NAME...: those that are not installed, one line each
missing_packages() {
    local name
    for name in "$@"; do
        dpkg-query -W -f '${Status}\n' "$name" 2>/dev/null | grep 'ok installed' >/dev/null || echo "$name"
    done
}

# get_packages NAME...: install what is missing (as root), or say what is missing
get_packages() {
    local missing
    if ! command -v dpkg-query >/dev/null; then
        echo "This is no Debian system, so packages cannot be looked at. Needed are: $*"
        return 0
    fi
    mapfile -t missing < <(missing_packages "$@")
    [ ${#missing[@]} -gt 0 ] || return 0
    if [ "$(id -u)" != 0 ]; then
        echo "These packages are missing, and only root may install them:"
        echo "    apt-get install --no-install-recommends ${missing[*]}"
        return 1
    fi
    echo "Installing ${missing[*]}"
    # a mirror may fail for once, and another installation hold the lock
    local patient=(-o Acquire::Retries=5 -o DPkg::Lock::Timeout=300)
    DEBIAN_FRONTEND=noninteractive apt-get "${patient[@]}" -q update &&
        DEBIAN_FRONTEND=noninteractive apt-get "${patient[@]}" -qy install --no-install-recommends "${missing[@]}"
}
