# table.awk: figures to a table. awk -f table.awk -v as=text|json|page GOALS FIGURES
#
# FIGURES has lines WHERE WHO METRIC VALUE UNIT, one a turn and figure. Of each the median
# is shown, with the smallest and the largest; ratios are ratios of medians. Rows of a
# metric whose name begins with sweep_ are for the plots.

function sort_values(v, n,    i, k, x) {
    for (i = 2; i <= n; i++) {
        x = v[i]
        for (k = i - 1; k >= 1 && v[k] > x; k--) v[k + 1] = v[k]
        v[k + 1] = x
    }
}

# what is known of a row and somebody: into middle, least, most
function look(row, who,    n, i, v, key) {
    key = row SUBSEP who
    n = times[key]
    if (!n) return 0
    for (i = 1; i <= n; i++) v[i] = value[key, i]
    sort_values(v, n)
    middle[key] = n % 2 ? v[(n + 1) / 2] : (v[n / 2] + v[n / 2 + 1]) / 2
    least[key] = v[1]
    most[key] = v[n]
    return n
}

function known(row, who) { return (row SUBSEP who) in middle }

function number(x) {
    if (x >= 10000) return sprintf("%.0f", x)
    return sprintf("%.4g", x)
}

function short(x) {
    if (x >= 1000) return sprintf("%.0f", x)
    return sprintf("%.3g", x)
}

function is_more_better(unit) { return unit == "MB/s" || unit == "Mmsg/s" }

function figure(row, who) { return known(row, who) ? middle[row, who] : 0 }

# the better of the MPI libraries; where they have no figure, PVM's
function best_peer(row,    a, b) {
    if (known(row, "mpich") && known(row, "openmpi")) {
        a = middle[row, "mpich"]
        b = middle[row, "openmpi"]
        return (a > b) == is_more_better(unit[row]) ? a : b
    }
    if (known(row, "mpich")) return middle[row, "mpich"]
    return known(row, "openmpi") ? middle[row, "openmpi"] : figure(row, "pvm")
}

# a part of 1 may be 0 or below: nothing to divide by
function ratio(row, other) {
    return known(row, "dvm") && other > 0 && unit[row] != "part" ? middle[row, "dvm"] / other : ""
}

# met, missed, or nothing when the figures for it are not there
function holds(text, row,    left, right, op, x) {
    match(text, /[<>]=?/)
    left = substr(text, 1, RSTART - 1)
    op = substr(text, RSTART, RLENGTH)
    right = substr(text, RSTART + RLENGTH) + 0
    if (left == "peer") x = ratio(row, best_peer(row))
    else if (left == "limit") x = ratio(row, figure(row, "limit"))
    else if (left == "plain") x = ratio(row, figure("net_plain" SUBSEP metric[row], "dvm"))
    else if (left == "hand") x = ratio(row, figure(where[row] SUBSEP "hand_" metric[row], "dvm"))
    else x = known(row, "dvm") ? middle[row, "dvm"] : ""
    if (x == "") return ""
    if (op == "<") return x < right
    if (op == "<=") return x <= right
    if (op == ">") return x > right
    return x >= right
}

function verdict(row,    any, all, i, k, n, m, one, part, seen) {
    n = split(goal[row], any, "|")
    for (i = 1; i <= n; i++) {
        m = split(any[i], all, ",")
        one = 1
        for (k = 1; k <= m; k++) {
            part = holds(all[k], row)
            if (part == "") one = ""
            else if (one != "") one = one && part
        }
        if (one != "") {
            seen = 1
            if (one) return "met"
        }
    }
    return seen ? "missed" : "-"
}

function cell(row, who,    text) {
    if (!known(row, who)) return "-"
    text = number(middle[row, who])
    if (times[row, who] > 1) text = text " (" short(least[row, who]) " to " short(most[row, who]) ")"
    return text
}

function json_value(x) { return x == "" ? "null" : sprintf("%.6g", x) }

function json(row,    i) {
    printf "{\"where\":\"%s\",\"metric\":\"%s\",\"unit\":\"%s\"", where[row], metric[row], unit[row]
    for (i = 1; i <= 3; i++)
        printf ",\"%s\":%s", people[i], json_value(known(row, people[i]) ? middle[row, people[i]] : "")
    printf ",\"limit\":%s", json_value(known(row, "limit") ? middle[row, "limit"] : "")
    printf ",\"ratio_best_peer\":%s", json_value(ratio(row, best_peer(row)))
    if (known(row, "pvm")) printf ",\"pvm\":%s", json_value(middle[row, "pvm"])
    print "}"
}

function line(    i) {
    if (as == "page") {
        printf "|"
        for (i = 1; i <= columns; i++) printf " %s |", c[i]
    } else
        for (i = 1; i <= columns; i++) printf "%-*s", width[i] + 2, c[i]
    print ""
}

function fill(row,    i) {
    c[1] = where[row]
    c[2] = metric[row]
    c[3] = unit[row]
    for (i = 1; i <= 5; i++) c[3 + i] = cell(row, people[i])
    c[9] = ratio(row, best_peer(row)) == "" ? "-" : sprintf("%.2f", ratio(row, best_peer(row)))
    c[10] = known(row, "dvm") && known(row, "limit") ? sprintf("%.2f", ratio(row, middle[row, "limit"])) : "-"
    c[11] = row in goal ? goal[row] ": " verdict(row) : ""
    gsub(/\|/, " or ", c[11])
}

function head() {
    split("where metric unit DVM MPICH OpenMPI PVM limit /peer /limit goal", c, " ")
    c[6] = "Open MPI"
}

FNR == 1 { file++ }
/^#/ { next }
file == 1 { goal[$1 SUBSEP $2] = $3; next }
{
    row = $1 SUBSEP $3
    if (!(row in where)) {
        where[row] = $1
        metric[row] = $3
        unit[row] = $5
        if ($3 !~ /^sweep_/) {
            if (!($1 in rows_of)) places[++place_count] = $1
            row_of[$1, ++rows_of[$1]] = row
        }
    }
    key = row SUBSEP $2
    value[key, ++times[key]] = $4
}

END {
    split("dvm mpich openmpi pvm limit", people, " ")
    columns = 11
    for (i = 1; i <= place_count; i++)
        for (k = 1; k <= rows_of[places[i]]; k++) order[++rows] = row_of[places[i], k]
    for (i = 1; i <= rows; i++)
        for (k = 1; k <= 5; k++) look(order[i], people[k])
    if (as == "json") {
        for (i = 1; i <= rows; i++) json(order[i])
        exit
    }
    for (i = 0; i <= rows; i++) {
        if (i == 0) head()
        else fill(order[i])
        for (k = 1; k <= columns; k++) if (length(c[k]) > width[k]) width[k] = length(c[k])
    }
    head()
    line()
    if (as == "page") {
        printf "|"
        for (i = 1; i <= columns; i++) printf " --- |"
        print ""
    }
    for (i = 1; i <= rows; i++) {
        fill(order[i])
        line()
    }
}
