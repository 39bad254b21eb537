/* Key presses, as telephone events (RFC 4733) and in band. Input: records of a kind, a length and that many bytes. A kind
 * that is even is a packet; one that is odd is sound: its upper bits choose a digit's tones, none, or the bytes themselves. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "dtmf.h"
#include "kinline_engine.h"

enum { BLOCK = 160, RATE = 8000 };

static const int rows[] = {697, 770, 852, 941}, columns[] = {1209, 1336, 1477, 1633};
static unsigned told, given;

static void pressed(void *user, char digit, int method)
{
    (void)user;
    if (!digit || !strchr(method == KL_DTMF_EVENT ? "0123456789*#ABCD!" : "0123456789*#ABCD", digit))
        abort();
    told++;
}

static void sound(dtmf_detector *d, unsigned kind, const uint8_t *bytes, size_t len, int64_t now_ns)
{
    int16_t pcm[BLOCK] = {0};
    unsigned digit = kind >> 2 & 15;

    for (size_t i = 0; i < BLOCK; i++) {
        double t = (double)(now_ns / 125000 + (int64_t)i) / RATE;
        if (kind & 2)
            pcm[i] = (int16_t)(8000 * (sin(6.2831853 * rows[digit / 4] * t) + sin(6.2831853 * columns[digit % 4] * t)));
        else if (2 * i + 1 < len)
            pcm[i] = (int16_t)(bytes[2 * i] << 8 | bytes[2 * i + 1]);
    }
    dtmf_audio(d, pcm, len ? (int)(len % BLOCK) + 1 : BLOCK, now_ns);
}

static void packet(dtmf_detector *d, const uint8_t *bytes, size_t len, int64_t now_ns)
{
    uint8_t *exact = malloc(len + !len);
    rtp_packet p;
    rtp_event event;

    memcpy(exact, bytes, len);
    if (rtp_parse(exact, len, &p) && rtp_event_parse(p.payload, p.len, &event)) {
        if (event.code > 16)
            abort();
        dtmf_event(d, &p, &event, now_ns);
    }
    free(exact);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    dtmf_detector d;
    int64_t now_ns = 0;

    told = given = 0;
    dtmf_init(&d, pressed, NULL);
    while (size >= 2) {
        unsigned kind = data[0];
        size_t len = data[1] < size - 2 ? data[1] : size - 2;
        given++;
        if (kind % 2)
            sound(&d, kind, data + 2, len, now_ns);
        else
            packet(&d, data + 2, len, now_ns);
        d.in_band = kind != 0x40; /* the gate opens and closes */
        now_ns += 20000000;
        data += 2 + len;
        size -= 2 + len;
    }
    /* A record is a packet or 20 ms: neither is more than one press. */
    if (told > given)
        abort();
    dtmf_release(&d);
    return 0;
}
