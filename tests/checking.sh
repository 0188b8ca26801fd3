# shellcheck shell=bash
# checking.sh: the frame of the static checks (tests/check-NAME).
#
# A check defines
#   check TREE      look at the tree, print a line for each fault, return 1 if any
#   plant TREE      put one fault into a copy of the tree
#   planted=N       (optional) how many faults that is, each with a line of its own (1)
#   prune TREE      (optional) take away from the copy what is not needed for that
# and ends with `run_check "$@"`. Without arguments the check looks at this tree;
# with --self-test it proves that it can fail: it plants a fault into a copy of the tree
# and must find it. A missing tool fails the check.

set -euo pipefail
tree=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

need() {
    local tool
    for tool in "$@"; do
        command -v "$tool" >/dev/null || { echo "the tool $tool is missing" >&2; exit 1; }
    done
}

# tree_files TREE: the files of the project, without what was built
tree_files() {
    (cd "$1" && find . -path ./build -prune -o -path ./.git -prune -o -type f -print | sed 's|^\./||' | sort)
}

# sources TREE FOLDER...: .c and .h files below the folders
sources() {
    local root=$1 folder
    shift
    for folder in "$@"; do
        [ -d "$root/$folder" ] && find "$root/$folder" -name '*.[ch]'
    done | sort
}

self_test() {
    local copy
    copy=$(mktemp -d)
    # shellcheck disable=SC2064
    trap "rm -rf '$copy'" EXIT
    (cd "$tree" && tree_files . | tar -cf - -T -) | tar -xf - -C "$copy"
    if declare -F prune >/dev/null; then prune "$copy"; fi
    check "$copy" >"$copy.before" 2>&1 || :
    plant "$copy"
    if check "$copy" >"$copy.after" 2>&1; then
        echo "self-test: the planted fault was not found"
        return 1
    fi
    # lines that were not there before
    comm -13 <(sort "$copy.before") <(sort "$copy.after") >"$copy.found"
    [ "$(wc -l <"$copy.found")" -ge "${planted:-1}" ] ||
        { echo "self-test: the check fails, but not for each planted fault"; return 1; }
    sed "s/^/self-test: found the planted fault: /" "$copy.found"
}

run_check() {
    case ${1:-} in
    --self-test) self_test ;;
    '') check "$tree" ;;
    *) echo "usage: $0 [--self-test]" >&2; exit 2 ;;
    esac
}
