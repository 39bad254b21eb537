#include <errno.h>
#include <openssl/crypto.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "crc32.h"
#include "crypt.h"
#include "link_frame.h"
#include "link_wire.h"

enum {
    CRC_BYTES = 4,
    RX_ROOM = 4096,
    RX_BUFFER = RX_ROOM + KL_FRAME_WIRE_MAX,
};

typedef struct {
    uint8_t type, epoch;
    uint32_t sequence;
    size_t len;     /* clear text */
    size_t body;    /* on the wire, without header and closing */
    size_t closing;
} header;

typedef struct {
    kl_frame_keys *keys; /* NULL: none */
    uint8_t epoch;
    uint32_t newest;
    uint64_t seen; /* bit n: newest - n has arrived */
} key_slot;

struct kl_frame_rx {
    key_slot current, pending;
    unsigned promotions;
    size_t start, end; /* unread bytes of buffer */
    kl_frame_counters counters;
    uint8_t buffer[RX_BUFFER];
};

static bool sealed(uint8_t type)
{
    return type >= KL_WIRE_SEALED_FROM;
}

static bool length_allowed(uint8_t type, size_t len)
{
    return type == KL_WIRE_MSG_AUDIO ? len == KL_WIRE_AUDIO_BYTES : len <= KL_WIRE_CONTROL_BYTES;
}

static void put16(uint8_t *p, uint32_t v)
{
    p[0] = v & 0xff;
    p[1] = v >> 8 & 0xff;
}

static void put32(uint8_t *p, uint32_t v)
{
    put16(p, v);
    put16(p + 2, v >> 16);
}

static uint32_t get16(const uint8_t *p)
{
    return p[0] | (uint32_t)p[1] << 8;
}

static uint32_t get32(const uint8_t *p)
{
    return get16(p) | get16(p + 2) << 16;
}

static void sizes_on_wire(header *h)
{
    h->body = sealed(h->type) ? (h->len + 15) / 16 * 16 : h->len;
    h->closing = sealed(h->type) ? KL_WIRE_TAG_BYTES : CRC_BYTES;
}

int kl_frame_seal(kl_frame_keys *keys, uint8_t type, uint8_t epoch, uint32_t sequence, const uint8_t *text,
                  size_t len, uint8_t *wire, size_t capacity)
{
    header h = {.type = type, .epoch = sealed(type) ? epoch : 0, .sequence = sequence, .len = len};
    uint8_t padded[KL_FRAME_TEXT_MAX] = {0};

    if (!length_allowed(type, len))
        return -EMSGSIZE;
    if (sealed(type) && !keys)
        return -ENOKEY;
    sizes_on_wire(&h);
    size_t closing_at = KL_WIRE_HEADER_BYTES + h.body;
    if (capacity < closing_at + h.closing)
        return -ENOBUFS;

    wire[0] = KL_WIRE_SYNC0;
    wire[1] = KL_WIRE_SYNC1;
    wire[2] = h.type;
    wire[3] = h.epoch;
    put32(wire + 4, sequence);
    put16(wire + 8, (uint32_t)len);
    put16(wire + 10, crc32_of(wire, 10));
    uint8_t *body = wire + KL_WIRE_HEADER_BYTES;
    if (!sealed(type)) {
        if (len)
            memcpy(body, text, len);
        put32(wire + closing_at, crc32_of(wire, closing_at));
        return (int)(closing_at + h.closing);
    }
    if (len)
        memcpy(padded, text, len);
    int error = crypt_encrypt(keys, sequence, type, padded, body, h.body);
    if (error)
        return error;
    crypt_tag(keys, wire, closing_at, wire + closing_at);
    return (int)(closing_at + h.closing);
}

kl_frame_rx *kl_frame_rx_create(void)
{
    return calloc(1, sizeof(kl_frame_rx));
}

void kl_frame_rx_destroy(kl_frame_rx *rx)
{
    if (!rx)
        return;
    kl_frame_rx_forget(rx);
    free(rx);
}

kl_frame_keys *frame_rx_swap(kl_frame_rx *rx, uint8_t epoch, kl_frame_keys *keys)
{
    kl_frame_keys *old = rx->pending.keys;

    rx->pending = (key_slot){.keys = keys, .epoch = epoch};
    return old;
}

void frame_rx_take(kl_frame_rx *rx, kl_frame_keys *taken[2])
{
    taken[0] = rx->current.keys;
    taken[1] = rx->pending.keys;
    rx->current = rx->pending = (key_slot){0};
}

unsigned frame_rx_promotions(const kl_frame_rx *rx)
{
    return rx->promotions;
}

void kl_frame_rx_keys(kl_frame_rx *rx, uint8_t epoch, kl_frame_keys *keys)
{
    kl_frame_keys_destroy(frame_rx_swap(rx, epoch, keys));
}

void kl_frame_rx_forget(kl_frame_rx *rx)
{
    kl_frame_keys *taken[2];

    frame_rx_take(rx, taken);
    kl_frame_keys_destroy(taken[0]);
    kl_frame_keys_destroy(taken[1]);
}

uint8_t kl_frame_rx_epoch(const kl_frame_rx *rx)
{
    return rx->current.epoch;
}

void kl_frame_rx_counters(const kl_frame_rx *rx, kl_frame_counters *out)
{
    *out = rx->counters;
}

size_t kl_frame_rx_feed(kl_frame_rx *rx, const uint8_t *bytes, size_t len)
{
    if (rx->start) {
        memmove(rx->buffer, rx->buffer + rx->start, rx->end - rx->start);
        rx->end -= rx->start;
        rx->start = 0;
    }
    size_t room = RX_BUFFER - rx->end;
    if (len > room)
        len = room;
    if (len)
        memcpy(rx->buffer + rx->end, bytes, len);
    rx->end += len;
    return len;
}

static void skip(kl_frame_rx *rx, size_t n)
{
    rx->start += n;
    rx->counters.skipped_bytes += n;
}

/* Moves to the next sync; false when none is in the buffer. A trailing first half is kept. */
static bool seek_sync(kl_frame_rx *rx)
{
    for (;;) {
        const uint8_t *from = rx->buffer + rx->start;
        size_t unread = rx->end - rx->start;
        const uint8_t *at = unread ? memchr(from, KL_WIRE_SYNC0, unread) : NULL;

        skip(rx, at ? (size_t)(at - from) : unread);
        if (!at || rx->end - rx->start < 2)
            return false;
        if (at[1] == KL_WIRE_SYNC1)
            return true;
        skip(rx, 1);
    }
}

static bool replayed(const key_slot *slot, uint32_t sequence)
{
    if (!sequence)
        return true;
    if (sequence > slot->newest)
        return false;
    uint32_t behind = slot->newest - sequence;
    return behind > KL_WIRE_REPLAY_WINDOW || slot->seen >> behind & 1;
}

static void remember(key_slot *slot, uint32_t sequence)
{
    if (sequence > slot->newest) {
        uint32_t ahead = sequence - slot->newest;
        slot->seen = ahead < 64 ? slot->seen << ahead | 1 : 1;
        slot->newest = sequence;
    } else {
        slot->seen |= (uint64_t)1 << (slot->newest - sequence);
    }
}

static bool tag_valid(const kl_frame_rx *rx, const key_slot *slot, const header *h)
{
    uint8_t tag[KL_WIRE_TAG_BYTES];
    const uint8_t *frame = rx->buffer + rx->start;
    size_t covered = KL_WIRE_HEADER_BYTES + h->body;

    crypt_tag(slot->keys, frame, covered, tag);
    return CRYPTO_memcmp(tag, frame + covered, sizeof tag) == 0;
}

static bool slot_matches(const key_slot *slot, const header *h)
{
    return slot->keys && slot->epoch == h->epoch;
}

/* Puts the pending keys in force. The old ones stay in the pending place until the next keys arrive
 * or all are forgotten: freeing is not for the thread that parses. */
static key_slot *promote(kl_frame_rx *rx)
{
    key_slot old = rx->current;

    rx->current = rx->pending;
    rx->pending = old;
    rx->pending.epoch = 0; /* no longer to be matched: see open_sealed */
    rx->promotions++;
    return &rx->current;
}

/* The whole sealed frame is in the buffer. Returns whether it was delivered. */
static bool open_sealed(kl_frame_rx *rx, const header *h, kl_frame *frame)
{
    size_t whole = KL_WIRE_HEADER_BYTES + h->body + h->closing;
    bool current = slot_matches(&rx->current, h);
    bool pending = h->epoch && slot_matches(&rx->pending, h);
    key_slot *slot;

    if (!current && !pending) {
        rx->counters.refused_epoch++;
        skip(rx, whole);
        return false;
    }
    if (current && tag_valid(rx, &rx->current, h)) {
        slot = &rx->current;
    } else if (pending && tag_valid(rx, &rx->pending, h)) {
        slot = &rx->pending;
    } else {
        rx->counters.refused_tag++;
        skip(rx, 1);
        return false;
    }
    if (replayed(slot, h->sequence)) {
        rx->counters.refused_replay++;
        skip(rx, whole);
        return false;
    }
    if (slot == &rx->pending)
        slot = promote(rx);
    remember(slot, h->sequence);
    const uint8_t *body = rx->buffer + rx->start + KL_WIRE_HEADER_BYTES;
    if (crypt_decrypt(slot->keys, h->sequence, h->type, body, frame->text, h->body)) {
        skip(rx, whole);
        return false;
    }
    return true;
}

static bool open_clear(kl_frame_rx *rx, const header *h, kl_frame *frame)
{
    const uint8_t *wire = rx->buffer + rx->start;
    size_t covered = KL_WIRE_HEADER_BYTES + h->body;

    if (crc32_of(wire, covered) != get32(wire + covered)) {
        rx->counters.refused_crc++;
        skip(rx, 1);
        return false;
    }
    memcpy(frame->text, wire + KL_WIRE_HEADER_BYTES, h->len);
    return true;
}

int kl_frame_rx_next(kl_frame_rx *rx, kl_frame *frame)
{
    while (seek_sync(rx)) {
        const uint8_t *wire = rx->buffer + rx->start;
        size_t unread = rx->end - rx->start;

        if (unread < KL_WIRE_HEADER_BYTES)
            return 0;
        if ((crc32_of(wire, 10) & 0xffff) != get16(wire + 10)) {
            rx->counters.refused_check++;
            skip(rx, 1);
            continue;
        }
        header h = {.type = wire[2], .epoch = wire[3], .sequence = get32(wire + 4), .len = get16(wire + 8)};
        if (!length_allowed(h.type, h.len)) {
            rx->counters.refused_length++;
            skip(rx, 1);
            continue;
        }
        sizes_on_wire(&h);
        size_t whole = KL_WIRE_HEADER_BYTES + h.body + h.closing;
        if (unread < whole)
            return 0;
        if (!(sealed(h.type) ? open_sealed(rx, &h, frame) : open_clear(rx, &h, frame)))
            continue;
        frame->type = h.type;
        frame->epoch = h.epoch;
        frame->sequence = h.sequence;
        frame->len = (uint16_t)h.len;
        rx->start += whole;
        rx->counters.frames++;
        rx->counters.audio_frames += h.type == KL_WIRE_MSG_AUDIO;
        return 1;
    }
    return 0;
}
