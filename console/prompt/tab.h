/* tab.h: completion at the prompt. */
#ifndef DVM_CONSOLE_PROMPT_TAB_H
#define DVM_CONSOLE_PROMPT_TAB_H

#include <histedit.h>

/* A function for libedit's EL_ADDFN: completes the word before the cursor, or lists
 * what it may be. */
unsigned char tab_complete(EditLine *editor, int letter);

#endif
