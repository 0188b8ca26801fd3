/* request.h: what the calls about requests have in common. */
#ifndef DVM_GROUP_REQUEST_H
#define DVM_GROUP_REQUEST_H

struct dvm_request;

/* Whether a request is NULL, or the address of one. call: the public function. Error: REQUEST. */
int request_known(const char *call, const struct dvm_request *request);

/* Whether a request that is not complete is one, and was not ended or freed before. call: the
 * public function. Error: REQUEST. */
int request_alive(const char *call, const struct dvm_request *request);

/* This task leaves: tell which receives are still open, the first ones with whom they are from, tag
 * and line. */
void request_tell_open(void);

#endif
