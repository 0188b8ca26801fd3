/* request.h: type(dvm_request): an operation under way, and the copies of sections that it
 * uses. */
#ifndef DVM_FORTRAN_REQUEST_H
#define DVM_FORTRAN_REQUEST_H

#include "buffer.h"

struct held; /* copies, and where they go when the operation is over */

/* As in the module. All zero: none. */
struct request {
    struct dvm_request *handle;
    struct held *held;
};

/* Store an operation that was started, and keep the copies of its input and its output (NULL:
 * it has none) until it has ended. Without memory for that it is waited for here. Returns
 * DVM_OK, or the error of the operation. */
int request_hold(struct request *request, struct dvm_request *handle, struct buffer *in,
                 struct buffer *out);

/* The same for one that was described and is to be started often: the copies stay until it is
 * freed. Error: NO_MEMORY; then the operation was freed, and the buffers are the caller's. */
int request_describe(struct request *request, struct dvm_request *handle, struct buffer *in,
                     struct buffer *out);

#endif
