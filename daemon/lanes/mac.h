/* mac.h: HMAC-SHA256, by libcrypto. */
#ifndef DVMD_LANES_MAC_H
#define DVMD_LANES_MAC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/lane_hello.h"

/* The MAC of n bytes. False when libcrypto cannot make it (no memory). */
bool mac_make(uint8_t out[LANE_MAC_BYTES], const uint8_t key[LANE_KEY_BYTES], const void *bytes,
              size_t n);

/* Whether mac is that of n bytes; takes the same time wherever it differs. */
bool mac_check(const uint8_t mac[LANE_MAC_BYTES], const uint8_t key[LANE_KEY_BYTES],
               const void *bytes, size_t n);

#endif
