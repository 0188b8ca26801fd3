/* tagnames.c: the names of PVM's reserved tags, for programs that print messages of its system.
 *
 * A tag of a library's or daemon's message has a class in its upper half, and counts from 1.
 */
#include "bindings/pvm3/oldnames.h"

#include <stddef.h>
#include <stdio.h>

#define CLASS_FIRST 0x8001u /* of the table below */
#define CLASS_SHIFT 16
#define NUMBER_MASK 0xffffu
#define MOST 29 /* tags of a class */
#define TEXT_ROOM 32

static const char *const names[][MOST] = {
    {"TM_CONNECT", "TM_CONN2", "TM_EXIT", "TM_ADDHOST", "TM_DELHOST", "TM_CONFIG", "TM_MSTAT",
     "TM_HALT", "TM_TICKLE", "TM_SPAWN", "TM_PSTAT", "TM_SENDSIG", "TM_TASK", "TM_MCA",
     "TM_NOTIFY", "TM_DB", "TM_SCHED", "TM_TASKER", "TM_HOSTER", "TM_TRACER", "TM_HOSTSYNC",
     "TM_SETOPT", "TM_GETOPT", "TM_CONTEXT", "TM_SHMCONN"},
    {"DM_ADD", "DM_ADDACK", "DM_EXEC", "DM_EXECACK", "DM_SENDSIG", "DM_HTUPD", "DM_HTUPDACK",
     "DM_HTCOMMIT", "DM_SLCONF", "DM_STARTACK", "DM_TASK", "DM_TASKACK", "DM_DELHOST",
     "DM_DELHOSTACK", "DM_NULL", "DM_TASKOUT", "DM_PSTAT", "DM_PSTATACK", "DM_HALT", "DM_MCA",
     "DM_NOTIFY", "DM_NOTIFYACK", "DM_DB", "DM_DBACK", "DM_RESET", "DM_RESETACK", "DM_HTDEL",
     "DM_HOSTSYNC", "DM_HOSTSYNCACK"},
    {"TC_CONREQ", "TC_CONACK", "TC_TASKEXIT", "TC_NOOP", "TC_OUTPUT", "TC_SETTRACE",
     "TC_SETTMASK", "TC_SETTRCBUF", "TC_SETTRCOPT", "TC_SHMAT", "TC_OUTPUTX", "TC_SIBLINGS"},
    {"SM_SPAWN", "SM_EXEC", "SM_EXECACK", "SM_TASK", "SM_CONFIG", "SM_ADDHOST", "SM_DELHOST",
     "SM_ADD", "SM_ADDACK", "SM_NOTIFY", "SM_TASKX", "SM_HOSTX", "SM_HANDOFF", "SM_SCHED",
     "SM_STHOST", "SM_STHOSTACK", "SM_STTASK"},
};

const char *pvmnametag(int tag, int *found)
{
    static char number[TEXT_ROOM];
    unsigned class = ((unsigned)tag >> CLASS_SHIFT) - CLASS_FIRST;
    unsigned place = ((unsigned)tag & NUMBER_MASK) - 1;
    const char *name = class < sizeof names / sizeof names[0] && place < MOST
                           ? names[class][place] : NULL;

    if (found)
        *found = name ? 1 : 0;
    if (name)
        return name;
    snprintf(number, sizeof number, "%d", tag);
    return number;
}
