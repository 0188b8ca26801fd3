/* pages.h: the parts of the manual; each writes its pages into a book. */
#ifndef DVM_MANUAL_PAGES_H
#define DVM_MANUAL_PAGES_H

#include "manual/roff.h"

/* dvm(1), a page for each command, dvm(7): from the console's tables. */
void pages_console(struct book *b);

/* dvm-pvm(7). */
void pages_pvm(struct book *b);

/* dvmd(8) and dvmd.conf(5): from the daemon's options and the table of settings. */
void pages_daemon(struct book *b);

/* dvm(3), a page for each group of functions and a link for each function: from the
 * comments of the public header, whose text is given. Ends the program with a sentence
 * when the header cannot be understood. */
void pages_library(struct book *b, const char *header);

/* dvm_fortran(3), and a page for each group of procedures: from the source of the Fortran
 * module, whose text is given. Ends the program with a sentence when it has none. */
void pages_fortran(struct book *b, const char *module);

#endif
