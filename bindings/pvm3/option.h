/* option.h: the options of pvm_setopt. */
#ifndef PVM3_OPTION_H
#define PVM3_OPTION_H

/* The value of an option that there is. */
int pvm3_option(int what);

/* Set it, whatever the rules for programs are. */
void pvm3_option_put(int what, int value);

#endif
