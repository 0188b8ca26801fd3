/* pvm.c: dvm-pvm(7): programs of PVM on DVM, for who has some. */
#include "manual/pages.h"

static const char description[] =
    "Programs that were written for PVM 3.4 run on DVM: compiled anew without a changed line, or\n"
    "as they are, because the libraries have the names and the symbols of PVM's. They get\n"
    "DVM's machine: encrypted between hosts, fast within one, and dvm ps, dvm why and dvm top\n"
    "look at them as at any other task.\n"
    "\n"
    "pvm_addhosts, pvm_spawn, pvm_send and all others are calls of a library over libdvm; there\n"
    "is no pvmd and no group server. A machine is started with dvm start and dvm add, as for\n"
    "programs of DVM; without one, a program gets a private one of its host while it lives.\n";

static const char building[] =
    "Where DVM is installed below PREFIX, and its libraries in PREFIX/lib:\n"
    "\n"
    "    cc -std=gnu89 -I PREFIX/include/dvm/pvm3 prog.c -o prog \\\n"
    "        -L PREFIX/lib/dvm/pvm3 -lgpvm3 -lpvm3\n"
    "    gfortran -std=legacy -I PREFIX/include/dvm/pvm3 prog.f -o prog \\\n"
    "        -L PREFIX/lib/dvm/pvm3 -lfpvm3 -lgpvm3 -lpvm3\n"
    "    cc $(pkg-config --cflags dvm-pvm3) prog.c $(pkg-config --libs dvm-pvm3) -o prog\n"
    "\n"
    "Old programs in C are from before C99 and want -std=gnu89.\n";

static const char running[] =
    "    dvm run --pvm ./prog\n"
    "\n"
    "puts the folder of the libraries before all others (LD_LIBRARY_PATH), so that a program\n"
    "that was linked with PVM's own, of a package for example, gets DVM's; puts a pvm in\n"
    "front of PATH; sets PVM_ROOT and PVM_ARCH where they are not set; and does not end a run\n"
    "because a task ends with another status than 0, as many of PVM's do. Programs that\n"
    "pvm_spawn names without a slash are looked for beside the program that spawns, and along\n"
    "PVM_PATH and PATH.\n"
    "\n"
    "What spawned tasks write comes where the output of the task that spawns goes, unless\n"
    "that has called pvm_catchout.\n";

static const char console[] =
    "dvm pvm, or pvm in what dvm run --pvm has started, is a console with the commands of\n"
    "PVM's: add, alias, conf, delete, echo, export, getopt, halt, help, id, jobs, kill,\n"
    "mstat, names, ps, pstat, put, quit, reset, setenv, setopt, sig, spawn, unalias, unexport\n"
    "and version print what they print there; trace chooses what spawn -@ writes down. It starts\n"
    "the machine when none runs. A file named behind it is a host file: its hosts are added.\n"
    "\n"
    "    pvm> spawn -4 -> spmd\n"
    "\n"
    "Of a host's options lo= is the user that ssh logs in as, ip= the name that is reached,\n"
    "wd= and ep= where tasks work and programs are looked for, sp= the speed that conf shows;\n"
    "so=, dx=, bx=, id= and sr= are kept and not used, with a sentence. PVM_RSH names the\n"
    "command that reaches other computers. spawn -? says what DVM has instead.\n";

static const char differences[] =
    "A long keeps its 64 bits in the default encoding, and takes 8 bytes there. Any number of\n"
    "items can be sent in place. Reductions that follow each other with one tag do not mix, and\n"
    "have the same bits each time. NULL for a string, an array or a program is PvmBadParam, as is\n"
    "a tag below -1. A program that ends without pvm_exit loses nothing that it has sent. Behind\n"
    "the text of an error stands a sentence that says why. A lost host is told of after seconds.\n"
    "\n"
    "Spawned tasks get the whole environment and the folder of the task that spawns. Tasks are\n"
    "placed where they find the largest share of a core. PvmRoute and PvmFragSize\n"
    "are kept and change nothing.\n"
    "\n"
    "Tasks tell tracers of their calls as PVM's do (pvm_reg_tracer, PvmTraceTid, pvm_settmask);\n"
    "PVM's own tracer and trcsort run. With PvmTraceTime the times are those of the calls.\n";

static const char together[] =
    "A task of DVM takes part in DVM_UNIVERSE: what it sends with dvm_send, a program of PVM\n"
    "receives with pvm_recv and unpacks as that type, or receives with pvm_precv; what that sends\n"
    "with pvm_psend, or as one array in place, in the base context, the other receives with\n"
    "dvm_recv under its type. A program that uses both leaves DVM_UNIVERSE to PVM's calls, and\n"
    "uses DVM's groups.\n";

static const char roles[] =
    "pvm_reg_rm, pvm_reg_tasker and pvm_reg_hoster make a program the machine's resource\n"
    "manager, the one that starts the tasks of its host, or the one that starts the daemons of\n"
    "hosts that pvm_addhosts adds. A second one gets PvmAlready; a second call gives the role\n"
    "back; when the program ends the machine does the work itself again. The messages\n"
    "(pvmproto.h; PvmResvTids must be set to send them) are PVM 3.4.6's; n is an int, s a\n"
    "string, [] as often as the int before says:\n"
    "\n"
    "    SM_SPAWN      s program n flags s where n[s argument] 6 n, n[s environment]\n"
    "                  answer: n[n tid or code]\n"
    "    SM_EXEC       n parent s program n flags n count n[s argument] 6 n, n[s environment]\n"
    "                  n place n all; answer SM_EXECACK: n[n tid or code]\n"
    "    SM_CONFIG     answer: n count n formats [n tid s name s arch n speed n signature]\n"
    "    SM_TASK       n where; answer: n code [n tid n parent n host n flags s name n pid]\n"
    "    SM_ADDHOST    n[s line]; answer: as that of SM_CONFIG. SM_ADD, SM_ADDACK: the same\n"
    "    SM_DELHOST    n[s name]; answer: n[n code]\n"
    "    SM_NOTIFY     n what n context n tag n[n tid]; no answer\n"
    "    SM_TASKX      n tid n status 4 n\n"
    "    SM_HOSTX      n tid\n"
    "    SM_STTASK     n tid n 0 s path n[s argument] n[s environment] n place n here n all\n"
    "    SM_STHOST     n[n number s so= s login s command s \"\" s \"\"]\n"
    "    SM_STHOSTACK  n[n number s line that the command printed, or name of a code]\n"
    "\n"
    "A hoster's command (dvmd --hosted) holds no secret, and nor does the line that it prints,\n"
    "with the public key of the new daemon; the machine admits that key. add of dvm pvm\n"
    "goes by the hoster, too; dvm add goes over ssh always.\n";

static const char absent[] =
    "These return PvmNotImpl, with a sentence: pvm_tickle,\n"
    "pvm_hostsync of another host, the flag PvmTaskDebug,\n"
    "and the events PvmRouteAdd and PvmRouteDelete.\n";

void pages_pvm(struct book *b)
{
    static const struct {
        const char *heading, *text;
    } sections[] = {{"DESCRIPTION", description}, {"COMPILING", building},
                    {"RUNNING", running},         {"CONSOLE", console},
                    {"ROLES", roles},             {"WHAT DIFFERS", differences},
                    {"TOGETHER WITH DVM", together}, {"WHAT IS NOT THERE", absent}};
    FILE *out = roff_page(b, "dvm-pvm", 7, "dvm-pvm - programs of PVM 3.4 on DVM");

    for (size_t i = 0; i < sizeof sections / sizeof sections[0]; i++) {
        roff_section(out, sections[i].heading);
        roff_text(out, sections[i].text);
    }
    roff_section(out, "SEE ALSO");
    fputs(".BR dvm (1),\n.BR dvm\\-run (1),\n.BR dvm\\-pvm (1),\n.BR dvm (3),\n.BR dvm (7)\n", out);
    roff_close(out);
}
