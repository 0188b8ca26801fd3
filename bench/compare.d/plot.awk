# plot.awk: figures to a plot, as SVG with logarithmic axes.
#
#   awk -f plot.awk -v where=shm -v kind=latency|bandwidth FIGURES
#
# From the lines WHERE WHO sweep_BYTES VALUE us, of which the medians are drawn: half a
# round trip, or the bytes over it. A line for each library; prints nothing without figures.

function log10(x) { return log(x) / log(10) }
function px(bytes) { return left + (log(bytes) - log(x_first)) / (log(x_last) - log(x_first)) * width }
function py(y) { return top + height - (log10(y) - y_first) / (y_last - y_first) * height }

function median_of(key,    n, i, k, x, v) {
    n = times[key]
    for (i = 1; i <= n; i++) {
        x = value[key, i]
        for (k = i - 1; k >= 1 && v[k] > x; k--) v[k + 1] = v[k]
        v[k + 1] = x
    }
    return n % 2 ? v[(n + 1) / 2] : (v[n / 2] + v[n / 2 + 1]) / 2
}

function bytes_text(b) {
    if (b >= 1048576) return b / 1048576 " MiB"
    if (b >= 1024) return b / 1024 " KiB"
    return b " B"
}

function text(x, y, anchor, what) {
    printf "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">%s</text>\n", x, y, anchor, what
}

function stroke(x1, y1, x2, y2, colour) {
    printf "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" stroke=\"%s\"/>\n", x1, y1, x2, y2, colour
}

function axes(    i, y, b) {
    for (i = y_first; i <= y_last; i++) {
        y = 10 ^ i
        stroke(left, py(y), left + width, py(y), "#ddd")
        text(left - 8, py(y) + 4, "end", y)
    }
    for (b = x_first; b <= x_last; b *= 8) {
        stroke(px(b), top, px(b), top + height, "#ddd")
        text(px(b), top + height + 18, "middle", bytes_text(b))
    }
    text(left + width / 2, top + height + 40, "middle", "size of a message")
    text(left, top - 28, "start", where ": " (kind == "latency" ? "half a round trip, us" : "bandwidth, MB/s"))
}

function curve(who, name, colour, place,    i, key, b, points) {
    for (i = 1; i <= sizes; i++) {
        b = size[i]
        key = who SUBSEP b
        if (key in times) points = points sprintf(" %.1f,%.1f", px(b), py(drawn[key]))
    }
    if (points == "") return 0
    printf "<polyline fill=\"none\" stroke=\"%s\" stroke-width=\"2\" points=\"%s\"/>\n", colour, points
    stroke(left + place * 130, top - 14, left + place * 130 + 24, top - 14, colour)
    text(left + place * 130 + 30, top - 10, "start", name)
    return 1
}

$1 == where && $3 ~ /^sweep_/ {
    bytes = substr($3, 7) + 0
    key = $2 SUBSEP bytes
    if (!(bytes in seen)) {
        seen[bytes] = 1
        size[++sizes] = bytes
    }
    value[key, ++times[key]] = $4
}

END {
    if (!sizes) exit
    left = 80; top = 60; width = 640; height = 400
    x_first = size[1]; x_last = size[sizes]
    low = 1e300; high = 0
    for (key in times) {
        split(key, part, SUBSEP)
        drawn[key] = kind == "latency" ? median_of(key) : part[2] / median_of(key)
        if (drawn[key] < low) low = drawn[key]
        if (drawn[key] > high) high = drawn[key]
    }
    y_first = log10(low); y_first = int(y_first) - (y_first < int(y_first))
    y_last = log10(high); y_last = int(y_last) + (y_last > int(y_last))
    if (y_last == y_first) y_last++
    print "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"760\" height=\"520\" font-family=\"sans-serif\" font-size=\"12\">"
    print "<rect width=\"760\" height=\"520\" fill=\"white\"/>"
    axes()
    place += curve("dvm", "DVM", "#c0392b", place)
    place += curve("mpich", "MPICH", "#2471a3", place)
    place += curve("openmpi", "Open MPI", "#1e8449", place)
    place += curve("pvm", "PVM", "#7d6608", place)
    print "</svg>"
}
