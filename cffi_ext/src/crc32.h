/* The CRC-32 of IEEE 802.3, as zlib and MicroPython's binascii compute it. */
#ifndef KL_CRC32_H
#define KL_CRC32_H

#include <stddef.h>
#include <stdint.h>

uint32_t crc32_of(const uint8_t *bytes, size_t len);

#endif
