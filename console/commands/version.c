/* version.c: dvm version: of the console, and of the machine if one runs. */
#include "console/command.h"

#include <stdio.h>

#define TEXT_(x) #x
#define TEXT(x) TEXT_(x)
#define VERSION                                                                              \
    TEXT(DVM_VERSION_MAJOR) "." TEXT(DVM_VERSION_MINOR) "." TEXT(DVM_VERSION_PATCH)

static int version(struct console *c, const void *settings, int argc, char **argv)
{
    struct client *client = console_look();
    const struct client_info *info = client ? client_info(client) : NULL;

    if (c->json) {
        console_json(json_pack("{s:s,s:s,s:i,s:s?,s:s?}", "schema", "version/1", "version", VERSION,
                               "protocol", DVM_FRAME_VERSION, "machine",
                               info ? info->machine : NULL, "machine_version",
                               info ? info->version : NULL));
    } else {
        printf("dvm %s, protocol %d\n", VERSION, DVM_FRAME_VERSION);
        if (info)
            printf("machine %s: dvmd %s on host %s\n", info->machine, info->version, info->host);
    }
    client_close(client);
    return EXIT_OK;
}

const struct command command_version = {
    .name = "version",
    .operands = "",
    .summary = "the version of this program and of the running machine",
    .text = "",
    .function = version,
    .examples = "dvm version\n"
                "dvm version --json | jq -r .version\n",
};
