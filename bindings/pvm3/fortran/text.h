/* text.h: Fortran's strings. */
#ifndef PVM3_FORTRAN_TEXT_H
#define PVM3_FORTRAN_TEXT_H

/* The length of a string comes behind all other arguments, in their order. Compilers have made
 * it an int or a size_t: of what this reads the lower half is the same. */
typedef int f_length;

/* A C string without the blanks at the end; the caller frees it. NULL: no memory. */
char *f_text(const char *fortran, f_length length);

/* Put a C string into a Fortran one, filled up with blanks; cut if it is longer. */
void f_put(const char *text, char *fortran, f_length length);

/* Prototype and head of a routine: name##_, as compilers for Linux call it. */
#define F(name, ...)            \
    void name##_(__VA_ARGS__);  \
    void name##_(__VA_ARGS__)

#endif
