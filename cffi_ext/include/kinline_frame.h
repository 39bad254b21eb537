/* The handset link's frames: pure parsing and cryptography, no I/O. docs/protocol.md is the format.
 *
 * No object here is shared between threads. The engine uses the same code inside its audio thread. */
#ifndef KINLINE_FRAME_H
#define KINLINE_FRAME_H

#include <stddef.h>
#include <stdint.h>

enum {
    KL_FRAME_TEXT_MAX = 640,
    KL_FRAME_WIRE_MAX = 660,    /* header 12, audio 640, tag 8 */
    KL_FRAME_SECRET_BYTES = 32, /* a cipher secret is 16 bytes of key and 16 of IV key */
};

/* One direction's keys under one epoch. */
typedef struct kl_frame_keys kl_frame_keys;

/* A receiver: bytes in, frames out. */
typedef struct kl_frame_rx kl_frame_rx;

typedef struct {
    uint8_t type;
    uint8_t epoch;
    uint16_t len;        /* bytes used of text */
    uint32_t sequence;
    uint8_t text[640];   /* KL_FRAME_TEXT_MAX */
} kl_frame;

/* What a receiver has met. Every refusal is counted under exactly one reason. */
typedef struct {
    uint64_t frames;
    uint64_t audio_frames;
    uint64_t skipped_bytes;  /* not part of any frame, or part of a refused one */
    uint64_t refused_check;  /* garbled header */
    uint64_t refused_length; /* longer than the contract allows, or audio of another length */
    uint64_t refused_crc;    /* garbled clear body */
    uint64_t refused_epoch;  /* sealed under keys that are not installed */
    uint64_t refused_tag;    /* forged, garbled or wrong key */
    uint64_t refused_replay; /* seen before, too old, or sequence 0 */
} kl_frame_counters;

/* Both secrets are KL_FRAME_SECRET_BYTES. NULL when memory is short. */
kl_frame_keys *kl_frame_keys_create(const uint8_t *cipher, const uint8_t *tag);
/* Wipes the secrets. NULL is allowed. */
void kl_frame_keys_destroy(kl_frame_keys *keys);

/* Writes one frame to wire; keys may be NULL for a clear type, whose epoch is written as 0.
 * Returns its length, or -EMSGSIZE (text too long, or audio of another length), -ENOKEY, -ENOBUFS. */
int kl_frame_seal(kl_frame_keys *keys, uint8_t type, uint8_t epoch, uint32_t sequence, const uint8_t *text,
                  size_t len, uint8_t *wire, size_t capacity);

/* NULL when memory is short. */
kl_frame_rx *kl_frame_rx_create(void);
/* Also destroys the keys it was given. NULL is allowed. */
void kl_frame_rx_destroy(kl_frame_rx *rx);

/* Installs keys as pending, beside those in force; the first valid frame under them puts them in force.
 * Takes ownership of keys. */
void kl_frame_rx_keys(kl_frame_rx *rx, uint8_t epoch, kl_frame_keys *keys);
/* Forgets all keys. */
void kl_frame_rx_forget(kl_frame_rx *rx);
/* The epoch in force, 0 before any frame has proved one. */
uint8_t kl_frame_rx_epoch(const kl_frame_rx *rx);

/* Takes as many of len bytes as there is room for; returns how many. After kl_frame_rx_next has
 * returned 0 there is room for at least 4096. */
size_t kl_frame_rx_feed(kl_frame_rx *rx, const uint8_t *bytes, size_t len);
/* 1 and the next frame, authenticated and decrypted, or 0 when more bytes are needed. */
int kl_frame_rx_next(kl_frame_rx *rx, kl_frame *frame);
void kl_frame_rx_counters(const kl_frame_rx *rx, kl_frame_counters *out);

#endif
