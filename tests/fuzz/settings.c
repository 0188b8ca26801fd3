/* A file of settings from anywhere: it is refused in words, or every value in force can be
 * written down and read again as the same, and none goes past the administrator's. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/settings.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_value(enum setting_key key, const struct setting *at)
{
    struct setting_value again;

    if (setting_parse(key, at->value.text, &again) != DVM_OK ||
        strcmp(again.text, at->value.text) != 0 || again.number != at->value.number ||
        again.most != at->value.most || again.nothing != at->value.nothing)
        abort();
    if (at->limit_from[0] && setting_exceeds(key, &at->value, &at->limit))
        abort();
}

/* The first byte says how much of the rest is the administrator's. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct settings s;
    size_t first = size ? (size - 1) * data[0] / 255 : 0;
    const enum settings_author authors[] = {SETTINGS_ADMINISTRATOR, SETTINGS_USER};
    const size_t sizes[] = {first, size ? size - 1 - first : 0};
    const uint8_t *at = data + 1;

    settings_init(&s);
    for (int i = 0; i < 2 && size; i++) {
        char *text = malloc(sizes[i] + 1);

        if (!text)
            return 0;
        memcpy(text, at, sizes[i]);
        text[sizes[i]] = '\0';
        at += sizes[i];
        if (settings_text(&s, text, sizes[i], "file", authors[i]) != DVM_OK &&
            strncmp(dvm_last_error(), "file:", 5) != 0)
            abort();
        free(text);
    }
    for (int key = 0; key < SETTING_COUNT; key++)
        check_value((enum setting_key)key, &s.list[key]);
    return 0;
}
