/* binding.c: what other interfaces over DVM stand on (dvm_binding.h).
 *
 * PVM's receives choose among messages by means that the matcher has not: contexts that are
 * ints, the program's own function, handlers that run for whatever comes. So the library of
 * that interface takes all messages in as they come and keeps them; here it waits for the
 * next one, and the board tells what the program waits for.
 */
#include "dvm_binding.h"

#include "group/context.h"
#include "group/entry.h"
#include "group/message.h"
#include "group/sink.h"
#include "match/match.h"
#include "type/type.h"

int dvm_binding_fail(int code, const char *sentence)
{
    dvm_fail(code, "%s", sentence);
    if (binding.site)
        site_failed(code, binding.site);
    return dvm_report(code);
}

int dvm_binding_send_each(const int *tids, size_t tid_count, int tag, const void *buf,
                          size_t count, dvm_type type)
{
    ENTRY_BEGIN();
    return dvm_leave(message_to_each("dvm_binding_send_each", ENTRY_SITE(), tids, tid_count, tag,
                                     buf, count, type));
}

int dvm_binding_take(int source, int tag, double timeout, const void *site,
                     struct dvm_message **message, struct dvm_status *status, int *unlike)
{
    const struct match_filter any = {.context = CONTEXT_UNIVERSE, .source = DVM_ANY,
                                     .tag = DVM_ANY};
    const struct match_filter wanted = {.context = CONTEXT_UNIVERSE, .source = source, .tag = tag};
    struct match_result result;
    int rc = dvm_enter();

    if (rc != DVM_OK)
        return rc;
    rc = match_take(&any, &wanted, timeout, (uintptr_t)site, message, &result);
    if (rc == DVM_OK) {
        sink_status(&result, status);
        *unlike = TYPE_REPRESENTATION(result.type) != type_here();
    }
    dvm_leave(DVM_OK); /* the caller reports in its own way */
    return rc;
}
