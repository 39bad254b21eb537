/* The one jitter buffer: RTP audio in by timestamp, samples out on the handset's clock.
 *
 * The depth starts at the least allowed, grows at once when a packet comes too late, and shrinks,
 * preferably in a pause, when for 2 s every packet came earlier than needed. What would make it deeper
 * than allowed is skipped at once. Gaps are filled by spandsp's packet loss concealment. One thread
 * owns it. */
#ifndef KL_JITTER_H
#define KL_JITTER_H

#include <spandsp.h>
#include <stdbool.h>
#include <stdint.h>

enum {
    JITTER_RING = 16384,      /* samples held: 1 s at 16 kHz; a power of two */
    JITTER_PACKET_MAX = 1920, /* samples: 120 ms, the longest packet time in use for G.711 and G.722 */
};

typedef struct {
    uint64_t late, concealed_samples;
    uint32_t delay_ms;
} jitter_counters;

/* Positions are timestamps times samples a timestamp unit, so that at 16 kHz, too, one is a sample. */
typedef struct {
    uint32_t least_ms, most_ms;
    uint32_t per_ms, per_unit; /* samples */
    plc_state_t *plc;

    bool started;
    uint32_t play; /* position of the next sample out */
    uint32_t run_late;
    uint32_t starved; /* samples since real audio was last played */

    /* adaptation: how early packets came, in samples before they were due, since the last change */
    uint32_t window; /* packets looked at */
    int32_t least_margin, most_margin;
    int32_t mean_margin16; /* running, times 16 */
    uint32_t shrink;       /* samples to be cut; 0: none */
    uint32_t shrink_wait;  /* periods that the cut has waited for a pause */

    jitter_counters counters;
    uint8_t have[JITTER_RING];
    int16_t pcm[JITTER_RING];
} jitter_buffer;

/* plc: owned by the caller. Depths in milliseconds. Starts at 8 kHz. */
void jitter_init(jitter_buffer *j, plc_state_t *plc, uint32_t least_ms, uint32_t most_ms);
/* 8000 or 16000 samples a second; forgets what it holds when that is a change. */
void jitter_set_rate(jitter_buffer *j, int rate);
/* One packet of n samples (at most JITTER_PACKET_MAX), no duplicate. */
void jitter_put(jitter_buffer *j, uint32_t timestamp, const int16_t *pcm, uint32_t n);
/* Forgets all audio held, and the concealment's memory of what was played; the timeline goes on. */
void jitter_forget(jitter_buffer *j);
/* The next packet begins a new timeline. */
void jitter_restart(jitter_buffer *j);
/* The next n samples; false when all of it is concealment or silence. */
bool jitter_get(jitter_buffer *j, int16_t *out, uint32_t n);

#endif
