# shellcheck shell=bash disable=SC2154
# output.sh: what is made of the figures: the table, the page, the plots.

show_table() { # text|json|page
    awk -f "$here/compare.d/table.awk" -v as="$1" "$here/compare.d/goals" "$figures"
}

# the paragraph above a table
show_machine() {
    cat "$work/machine"
    echo "Load before and after: $load_before; $(cut -d' ' -f1-3 /proc/loadavg). $turns turns, $(date -u +%Y-%m-%d)."
}

# write_page: the table in the place of the one that docs/performance.md has between its marks
write_page() {
    local page=$top/docs/performance.md begin='<!-- bench/compare: begin -->' end='<!-- bench/compare: end -->'
    if ! grep -qFx "$begin" "$page" || ! grep -qFx "$end" "$page"; then
        talk "docs/performance.md has no marks for the table"
        return 1
    fi
    { show_machine; echo; show_table page; } >"$work/page"
    awk -v table="$work/page" -v begin="$begin" -v end="$end" '
        $0 == end { inside = 0 }
        !inside { print }
        $0 == begin { inside = 1; print ""; while ((getline text < table) > 0) print text; print "" }' "$page" >"$work/performance.md"
    cp "$work/performance.md" "$page"
    talk "written into docs/performance.md"
}

# draw_plots: latency and bandwidth against size, for each section that has them
draw_plots() {
    local where kind
    mkdir -p "$plots"
    awk '$3 ~ /^sweep_/ && !seen[$1]++ { print $1 }' "$figures" | while read -r where; do
        for kind in latency bandwidth; do
            awk -f "$here/compare.d/plot.awk" -v where="$where" -v kind=$kind "$figures" >"$plots/$where-$kind.svg"
        done
    done
    talk "plots are in $plots"
}
