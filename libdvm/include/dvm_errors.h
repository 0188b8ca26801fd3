/* dvm_errors.h: the one list of error codes of DVM.
 *
 * X(name, code, sentence) yields the constants DVM_ERR_<name> in <dvm.h>, and
 * dvm_error_name() and dvm_error_text(). The numbers are DVM's own and travel
 * between hosts: a number is never given to another meaning, a new error takes
 * the next free one.
 */
#ifndef DVM_ERRORS_H
#define DVM_ERRORS_H

#define DVM_ERROR_LIST(X)                                                                   \
    X(ARG, -1, "an argument is out of range")                                               \
    X(NOT_INIT, -2, "this process has not called dvm_init, or has called dvm_finalize")     \
    X(FORKED, -3, "this process was forked from a task and is no task until it calls dvm_init") \
    X(NO_MEMORY, -4, "no memory is left")                                                   \
    X(NO_DAEMON, -5, "the daemon of this host cannot be reached")                           \
    X(LOST_DAEMON, -6, "the connection to the daemon of this host was lost")                \
    X(VERSION, -7, "the two sides speak versions that do not go together")                  \
    X(PROTOCOL, -8, "bytes arrived that are not of DVM's protocol")                         \
    X(NO_TASK, -9, "there is no such task: it never was, or it has ended")                  \
    X(TASK_GONE, -10, "the task has ended")                                                 \
    X(HOST_GONE, -11, "the host was lost or has left the machine")                          \
    X(NO_HOST, -12, "no such host is in the machine")                                       \
    X(NO_PARENT, -13, "this task was not spawned by a task")                                \
    X(NO_PROGRAM, -14, "the program was not found on the host or may not be run")           \
    X(SPAWN, -15, "the task could not be started")                                          \
    X(RANK, -16, "the rank is not in the group")                                            \
    X(TAG, -17, "the tag is out of range")                                                  \
    X(TYPE, -18, "the types of sender and receiver differ")                                 \
    X(TRUNCATE, -19, "the message is larger than the buffer")                               \
    X(OP, -20, "the operator cannot be used with this type")                                \
    X(GROUP, -21, "there is no such group")                                                 \
    X(REQUEST, -22, "there is no such request")                                             \
    X(BUFFER_FULL, -23, "the memory for buffered sends is used up")                         \
    X(TIMEOUT, -24, "the time limit has passed")                                            \
    X(REFUSED, -25, "the daemon refused")                                                   \
    X(LIMIT, -26, "a limit of this machine or system was reached")                          \
    X(SYSTEM, -27, "the operating system refused a call")                                   \
    X(CANCELLED, -28, "the operation was cancelled")                                        \
    X(EXISTS, -29, "it exists already")                                                     \
    X(NOT_WORLD, -30, "a lone rank 0 under another launcher was refused")                   \
    X(THREAD, -31, "a second thread called where only one may")                             \
    X(UNSUPPORTED, -32, "this version cannot do that")                                      \
    X(TICKET, -33, "the ticket is not valid: used up, expired or altered")                  \
    X(CLOSING, -34, "the machine is being stopped")                                         \
    X(MEMBER, -35, "the task is no member of the group")                                    \
    X(REVOKED, -36, "a task has ended the use of the group")                                \
    X(NO_VALUE, -37, "there is no such value")

#endif
