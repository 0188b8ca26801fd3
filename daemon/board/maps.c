/* maps.c: an address of a process by /proc/PID/maps.
 *
 * A process can have very many mappings; what is not among the first LINES_MAX is not
 * known. The kernel writes a newline within a path as \012, so a line is a line.
 */
#include "daemon/board/maps.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINES_MAX 4096
#define LINE_BYTES (PATH_MAX + 128)
#define PATH_TEXT 32 /* "/proc/PID/maps" */

/* Read one line "START-END PERM OFFSET DEV INODE  PATH". */
static bool take(const char *line, uint64_t address, struct maps_place *place)
{
    uint64_t start, end, offset;
    char permissions[5];
    int path = 0;

    if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s %" SCNx64 " %*s %*s %n", &start, &end,
               permissions, &offset, &path) != 4 ||
        address < start || address >= end)
        return false;
    if (!path || line[path] != '/' || !strchr(permissions, 'x'))
        return false;
    snprintf(place->file, sizeof place->file, "%.*s", (int)strcspn(line + path, "\n"), line + path);
    place->offset = offset + (address - start);
    return true;
}

bool maps_find(pid_t pid, uint64_t address, struct maps_place *place)
{
    char path[PATH_TEXT], line[LINE_BYTES];
    bool found = false;
    FILE *f;

    snprintf(path, sizeof path, "/proc/%d/maps", (int)pid);
    f = fopen(path, "re");
    for (int i = 0; f && !found && i < LINES_MAX && fgets(line, sizeof line, f); i++)
        found = take(line, address, place);
    if (f)
        fclose(f);
    return found;
}
