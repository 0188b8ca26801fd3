/* source.h: addresses in programs as lines of their source, "main.c:77".
 *
 * The lines are in the program's debugging information (dvmcc adds -g); addr2line of the
 * binutils, or eu-addr2line, reads it in a process of its own: who shows an address neither
 * parses a file that somebody else made nor links a library for it.
 */
#ifndef DVM_BASE_SOURCE_H
#define DVM_BASE_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SOURCE_TEXT_MAX 128

/* One address. */
struct source {
    const char *module;         /* the file of the program or library; borrowed */
    uint64_t address;           /* as that file counts (what addr2line takes) */
    char text[SOURCE_TEXT_MAX]; /* receives "main.c:77", or "" where it is not known */
};

/* Seconds that a search may take for which one wants to wait so many: as many, or
 * $DVM_LINE_SECONDS if these are more (large programs, starved computers). */
double source_seconds(double seconds);

/* Find the lines of count addresses, in at most source_seconds of so many seconds in all. */
void source_find(struct source *list, size_t count, double seconds);

/* The address that a place of a file has when the file is loaded. offset: bytes from its
 * start. false: the file is no ELF file of 64 bits that this process may read, or nothing
 * of the kind is loaded. */
bool source_address(const char *module, uint64_t offset, uint64_t *address);

/* An address of this process: its line, else "program+0x1234"; "" when it lies in no file.
 * text receives SOURCE_TEXT_MAX bytes. Returns text. */
char *source_here(uintptr_t address, double seconds, char *text);

/* The file that an address of this process lies in, into module of size bytes, and the address
 * as that file counts. false: it lies in none. */
bool source_place(uintptr_t address, char *module, size_t size, uint64_t *there);

/* "program+0x1234", into text of SOURCE_TEXT_MAX bytes. Returns text. */
char *source_plain(const char *module, uint64_t address, char *text);

#endif
