/* The link's two primitives over OpenSSL, allocating only when keys are made. */
#ifndef KL_CRYPT_H
#define KL_CRYPT_H

#include <stddef.h>
#include <stdint.h>

#include "kinline_frame.h"
#include "link_wire.h"

/* Encrypts or decrypts len bytes (a multiple of 16) under the IV of sequence and type. 0 or -EIO. */
int crypt_encrypt(kl_frame_keys *keys, uint32_t sequence, uint8_t type, const uint8_t *in, uint8_t *out, size_t len);
int crypt_decrypt(kl_frame_keys *keys, uint32_t sequence, uint8_t type, const uint8_t *in, uint8_t *out, size_t len);

/* The first KL_WIRE_TAG_BYTES of HMAC-SHA256. */
void crypt_tag(const kl_frame_keys *keys, const uint8_t *bytes, size_t len, uint8_t tag[KL_WIRE_TAG_BYTES]);

#endif
