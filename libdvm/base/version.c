/* version.c: the version of the library at run time. */
#include "dvm.h"

#define TEXT_(x) #x
#define TEXT(x) TEXT_(x)

int dvm_version(void)
{
    return DVM_VERSION;
}

const char *dvm_version_text(void)
{
    return TEXT(DVM_VERSION_MAJOR) "." TEXT(DVM_VERSION_MINOR) "." TEXT(DVM_VERSION_PATCH);
}
