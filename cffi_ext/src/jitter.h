/* The one jitter buffer: RTP payloads in by timestamp, samples out on the handset's clock.
 *
 * What came is kept as it came and decoded when it is played, in order, so that a codec with a memory
 * and the concealment of what is missing work on the sound as it will be heard.
 *
 * How far ahead packets come is its slack. A packet too late makes the buffer deeper at once. Otherwise
 * speech is made a little longer when the least slack nears nothing, and shorter when for six seconds
 * there was more than needed (stretch.h): so it also absorbs the difference between the far end's clock
 * and the handset's. What would make it deeper than allowed is skipped at once. Gaps are concealed
 * (conceal.h), and fade into comfort noise (comfort.h). One thread owns it. */
#ifndef KL_JITTER_H
#define KL_JITTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "codec.h"
#include "comfort.h"
#include "conceal.h"
#include "stretch.h"

enum {
    JITTER_RING = 8192,      /* timestamp units held: 1 s; a power of two */
    JITTER_PACKET_MAX = 960, /* units: 120 ms, the longest packet time in use for G.711 and G.722 */
    JITTER_WINDOWS = 2,
    JITTER_READY = (STRETCH_MS + 2 * STRETCH_MOST_MS) * 16,
};

typedef struct {
    uint64_t late, concealed_samples;
    uint64_t shortened, lengthened, skipped; /* changes of depth: times, times, and units */
    uint32_t delay_ms;                       /* how long what is played now has waited, smoothed */
} jitter_counters;

/* Of a packet, in units: the slack until the pull that needs it, and how far into that pull it is heard.
 * Since a pull takes 20 ms at once, the offset is delay that buys no slack. */
typedef struct {
    int32_t slack, offset;
} jitter_view;

typedef struct {
    uint32_t least, most; /* bounds of the slack, units */
    uint32_t per_ms;      /* samples out: 8 or 16 */
    coder *coder;         /* decodes what is played */

    bool tone_safe; /* neither stretched in mid-sound nor mixed with noise, by whoever owns it */
    bool started;
    uint32_t play; /* timestamp of the next unit to be decoded */
    uint32_t run_late;
    int64_t put_ns;      /* when the last packet came that could be used */
    uint32_t next_moved; /* timestamp that the next packet has if the timeline has moved far ahead */
    int64_t pulled_ns; /* when samples were last taken */
    uint32_t pulled;   /* and how many units */

    /* Decoded and not yet taken: what stretching has left over. */
    unsigned ready_n;
    int16_t ready[JITTER_READY];

    /* The least of each in the last windows, and so far in this one; the greatest since a change. */
    uint32_t window_packets;
    jitter_view window_least[JITTER_WINDOWS], so_far;
    int32_t most_slack;
    int32_t mean_wait16; /* running, times 16 */
    int32_t wanted;      /* units to be taken out (below 0), or that it should grow (1) */
    uint32_t patience;   /* pulls for which a change has waited for a moment when it is not heard */

    concealer concealer;
    comfort_noise comfort;
    bool quiet;          /* the far end has said that it sends nothing but comfort noise */
    uint32_t quiet_from; /* since this timestamp */

    jitter_counters counters;
    uint8_t kind[JITTER_RING]; /* codec + 1 of the byte at a timestamp; 0: it has not come */
    uint8_t bytes[JITTER_RING];
} jitter_buffer;

/* coder: the caller's; nobody else decodes with it. Slack in milliseconds. Starts at 8 kHz. */
void jitter_init(jitter_buffer *j, coder *coder, uint32_t least_ms, uint32_t most_ms);
/* 8000 or 16000 samples a second out, whatever the codec. */
void jitter_set_rate(jitter_buffer *j, int rate);
/* A payload of n bytes (at most JITTER_PACKET_MAX), no duplicate; arrival on any monotonic clock. */
void jitter_put(jitter_buffer *j, int codec, uint32_t timestamp, int64_t arrival_ns, const uint8_t *bytes, uint32_t n);
/* From a timestamp on there is comfort noise until audio comes again; false for a malformed payload. */
bool jitter_put_quiet(jitter_buffer *j, uint32_t timestamp, const uint8_t *bytes, size_t n);
/* Forgets all audio held, and all memory of what was played; the timeline goes on. */
void jitter_forget(jitter_buffer *j);
/* The next packet begins a new timeline. */
void jitter_restart(jitter_buffer *j);
/* The next n samples, at most 20 ms; false when none of it came from the far end. */
bool jitter_get(jitter_buffer *j, int64_t now_ns, int16_t *out, uint32_t n);

#endif
