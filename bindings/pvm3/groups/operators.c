/* operators.c: PvmMax, PvmMin, PvmSum, PvmProduct.
 *
 * Of complex numbers the larger one is that of larger modulus. Bytes are not added, as in PVM.
 */
#include <complex.h>

#include <pvm3.h>

#define EACH(ctype, expression)                    \
    do {                                           \
        ctype *a = into, *b = data;                \
                                                   \
        for (int i = 0; i < *count; i++)           \
            a[i] = (expression);                   \
    } while (0)

/* The same expression of a[i] and b[i] for all real types but bytes. */
#define REAL_TYPES(expression)                     \
    case PVM_SHORT:                                \
        EACH(short, expression);                   \
        break;                                     \
    case PVM_USHORT:                               \
        EACH(unsigned short, expression);          \
        break;                                     \
    case PVM_INT:                                  \
        EACH(int, expression);                     \
        break;                                     \
    case PVM_UINT:                                 \
        EACH(unsigned int, expression);            \
        break;                                     \
    case PVM_LONG:                                 \
        EACH(long, expression);                    \
        break;                                     \
    case PVM_ULONG:                                \
        EACH(unsigned long, expression);           \
        break;                                     \
    case PVM_FLOAT:                                \
        EACH(float, expression);                   \
        break;                                     \
    case PVM_DOUBLE:                               \
        EACH(double, expression);                  \
        break

#define COMPLEX_TYPES(expression_f, expression)    \
    case PVM_CPLX:                                 \
        EACH(float _Complex, expression_f);        \
        break;                                     \
    case PVM_DCPLX:                                \
        EACH(double _Complex, expression);         \
        break

void PvmMax(int *type, void *into, void *data, int *count, int *info)
{
    *info = PvmOk;
    switch (*type) {
    case PVM_BYTE:
        EACH(char, a[i] > b[i] ? a[i] : b[i]);
        break;
        REAL_TYPES(a[i] > b[i] ? a[i] : b[i]);
        COMPLEX_TYPES(cabsf(a[i]) >= cabsf(b[i]) ? a[i] : b[i],
                      cabs(a[i]) >= cabs(b[i]) ? a[i] : b[i]);
    default:
        *info = PvmBadParam;
    }
}

void PvmMin(int *type, void *into, void *data, int *count, int *info)
{
    *info = PvmOk;
    switch (*type) {
    case PVM_BYTE:
        EACH(char, a[i] < b[i] ? a[i] : b[i]);
        break;
        REAL_TYPES(a[i] < b[i] ? a[i] : b[i]);
        COMPLEX_TYPES(cabsf(a[i]) <= cabsf(b[i]) ? a[i] : b[i],
                      cabs(a[i]) <= cabs(b[i]) ? a[i] : b[i]);
    default:
        *info = PvmBadParam;
    }
}

void PvmSum(int *type, void *into, void *data, int *count, int *info)
{
    *info = PvmOk;
    switch (*type) {
        REAL_TYPES(a[i] + b[i]);
        COMPLEX_TYPES(a[i] + b[i], a[i] + b[i]);
    default:
        *info = PvmBadParam;
    }
}

void PvmProduct(int *type, void *into, void *data, int *count, int *info)
{
    *info = PvmOk;
    switch (*type) {
        REAL_TYPES(a[i] * b[i]);
        COMPLEX_TYPES(a[i] * b[i], a[i] * b[i]);
    default:
        *info = PvmBadParam;
    }
}
