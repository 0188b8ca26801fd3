/* screen.h: the whole terminal for one view that is drawn again and again. */
#ifndef DVM_CONSOLE_SCREEN_H
#define DVM_CONSOLE_SCREEN_H

#include <stdbool.h>

#define SCREEN_END (-1) /* screen_key: a signal asks for the end, or nobody types any more */

/* Take the terminal of stdin and stdout: keys come at once, and the screen is another one
 * until screen_close. False when one of the two is no terminal. */
bool screen_open(void);

/* Rows and columns that it has now. */
void screen_size(int *rows, int *columns);

/* Begin to draw: what is printed to stdout from now on replaces what is shown, at
 * screen_show. */
void screen_clear(void);
void screen_show(void);

/* Wait for a key, at most seconds: its character, 0 when none came, or SCREEN_END. */
int screen_key(double seconds);

/* Give the terminal back as it was. Nothing happens if it is not taken. */
void screen_close(void);

#endif
