/* The link parser under a stream of valid frames and arbitrary bytes. Input: a byte that chooses how the
 * stream is cut, then records of a kind, a length and that many bytes, to be sent as they are or sealed first.
 * Pieces must give the same counters as the whole. */
#include <stdlib.h>
#include <string.h>

#include "kinline_frame.h"

static const uint8_t secret[KL_FRAME_SECRET_BYTES] = {1, 2, 3};

static kl_frame_rx *receiver(void)
{
    kl_frame_rx *rx = kl_frame_rx_create();

    kl_frame_rx_keys(rx, 7, kl_frame_keys_create(secret, secret));
    return rx;
}

static void feed(kl_frame_rx *rx, const uint8_t *bytes, size_t len, kl_frame_counters *out)
{
    kl_frame frame;

    while (len) {
        size_t took = kl_frame_rx_feed(rx, bytes, len);
        if (!took)
            abort();
        bytes += took;
        len -= took;
        while (kl_frame_rx_next(rx, &frame))
            if (frame.len > KL_FRAME_TEXT_MAX)
                abort();
    }
    kl_frame_rx_counters(rx, out);
}

/* Turns the records into the stream; returns its length. */
static size_t compose(const uint8_t *data, size_t size, uint8_t *out, size_t capacity)
{
    kl_frame_keys *keys = kl_frame_keys_create(secret, secret);
    size_t n = 0;

    while (size >= 2) {
        uint8_t kind = data[0];
        size_t len = data[1] < size - 2 ? data[1] : size - 2;
        if (kind % 2) {
            /* Sequences of one byte: replays and late frames are common. */
            int wrote = kl_frame_seal(keys, kind, 7, len ? data[2] : 0, data + 2, len, out + n, capacity - n);
            n += wrote > 0 ? (size_t)wrote : 0;
        } else if (len <= capacity - n) {
            memcpy(out + n, data + 2, len);
            n += len;
        }
        data += 2 + len;
        size -= 2 + len;
    }
    kl_frame_keys_destroy(keys);
    return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t stream[32768];
    kl_frame_counters whole = {0}, pieces = {0};

    if (!size)
        return 0;
    size_t piece = data[0] % 64 + 1;
    size_t len = compose(data + 1, size - 1, stream, sizeof stream);
    kl_frame_rx *a = receiver(), *b = receiver();
    feed(a, stream, len, &whole);
    for (size_t at = 0; at < len; at += piece)
        feed(b, stream + at, len - at < piece ? len - at : piece, &pieces);
    if (memcmp(&whole, &pieces, sizeof whole))
        abort();
    kl_frame_rx_destroy(a);
    kl_frame_rx_destroy(b);
    return 0;
}
