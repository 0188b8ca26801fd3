/* crash.h: where a task crashes, told by itself.
 *
 * One line on stderr when a signal such as SIGSEGV is about to end this process: at which
 * line of source, called from where. Then the signal does what it would have done.
 */
#ifndef DVM_BASE_CRASH_H
#define DVM_BASE_CRASH_H

/* Do so from now on, in this process, for those of the signals that nobody else has a handler
 * for; a handler that the program sets later takes the place of this one. Nothing is done with
 * DVM_BACKTRACE=0. speaker: as of error_speaker, borrowed; may be called again with another. Not
 * in two threads at once. */
void crash_watch(const char *speaker);

/* This thread, of several, is in the library: its crashes are told where its stack is full,
 * too. Cheap, but for the first time in each thread. */
void crash_thread(void);

#endif
