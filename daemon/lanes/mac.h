/* mac.h: HMAC-SHA256, by a libcrypto that is loaded when it is needed. */
#ifndef DVMD_LANES_MAC_H
#define DVMD_LANES_MAC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/lane_hello.h"

/* Load libcrypto, once. False when it is not on this host: *why says it in words. */
bool mac_load(const char **why);

/* The MAC of n bytes. False when libcrypto cannot make it, or was not loaded. */
bool mac_make(uint8_t out[LANE_MAC_BYTES], const uint8_t key[LANE_KEY_BYTES], const void *bytes,
              size_t n);

/* Whether mac is that of n bytes; takes the same time wherever it differs. */
bool mac_check(const uint8_t mac[LANE_MAC_BYTES], const uint8_t key[LANE_KEY_BYTES],
               const void *bytes, size_t n);

#endif
