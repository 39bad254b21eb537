#include "jitter.h"

#include <string.h>

enum {
    PER_MS = 8,
    STEP = 10 * PER_MS,          /* depth is adapted by whole 10 ms */
    WINDOW_PACKETS = 100,        /* 2 s of 20 ms packets */
    SHRINK_PATIENCE = 100,       /* pulls to wait for a pause before shrinking in mid-speech */
    PAUSE_LEVEL = 200,           /* mean magnitude below which a cut is not heard: -44 dB of full scale */
    LATE_RUN = 8,                /* so many late packets in a row mean that the sender's timeline moved */
    JUMP = 7200,                 /* as does a timestamp 0.9 s away, all that the ring has room for */
    COMFORT_AFTER = 60 * PER_MS, /* spandsp's concealment has faded by then */
    SEQUENCE_JUMP = 3000,        /* RFC 3550 appendix A.1, MAX_DROPOUT */
};

_Static_assert(JUMP + JITTER_PACKET_MAX <= JITTER_RING, "a packet just short of a jump must fit");

static uint32_t at(uint32_t timestamp)
{
    return timestamp % JITTER_RING;
}

void jitter_init(jitter_buffer *j, plc_state_t *plc, uint32_t least_ms, uint32_t most_ms)
{
    memset(j, 0, sizeof *j);
    j->plc = plc;
    j->least = least_ms * PER_MS;
    j->most = most_ms * PER_MS;
}

static void watch_anew(jitter_buffer *j)
{
    j->window = 0;
    j->least_margin = INT32_MAX;
    j->most_margin = 0;
    j->shrink = 0;
    j->shrink_wait = 0;
}

static void start(jitter_buffer *j, uint32_t timestamp)
{
    memset(j->have, 0, sizeof j->have);
    j->started = true;
    j->play = timestamp - j->least;
    j->run_late = 0;
    j->mean_margin16 = (int32_t)j->least * 16;
    watch_anew(j);
}

/* Gives up the next n samples. */
static void cut(jitter_buffer *j, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        j->have[at(j->play + i)] = 0;
    j->play += n;
    j->mean_margin16 -= (int32_t)n * 16;
    watch_anew(j);
}

/* Counts loss, reordering and duplicates; false for a duplicate. */
static bool follow_sequence(jitter_buffer *j, uint16_t sequence, uint32_t ssrc)
{
    int ahead = (int16_t)(sequence - j->newest);

    if (!j->seen || j->ssrc != ssrc || ahead > SEQUENCE_JUMP || ahead < -SEQUENCE_JUMP) {
        j->started = j->started && j->seen && j->ssrc == ssrc;
        j->ssrc = ssrc;
        j->newest = sequence;
        j->seen = 1;
        return true;
    }
    if (ahead > 0) {
        j->counters.lost += (uint64_t)ahead - 1;
        j->seen = ahead < 64 ? j->seen << ahead | 1 : 1;
        j->newest = sequence;
        return true;
    }
    if (-ahead >= 64)
        return true;
    uint64_t bit = (uint64_t)1 << -ahead;
    if (j->seen & bit) {
        j->counters.duplicate++;
        return false;
    }
    j->seen |= bit;
    j->counters.reordered++;
    j->counters.lost -= j->counters.lost > 0; /* it was counted when its successor came */
    return true;
}

static void measure_jitter(jitter_buffer *j, uint32_t timestamp, int64_t arrival_ns)
{
    uint32_t transit = (uint32_t)(arrival_ns / (1000000 / PER_MS)) - timestamp;
    int32_t d = (int32_t)(transit - j->transit);

    j->transit = transit;
    if (d > -JUMP && d < JUMP) /* else the timeline moved, which is no jitter */
        j->jitter16 += (uint32_t)(d < 0 ? -d : d) - ((j->jitter16 + 8) >> 4);
    j->counters.jitter_us = j->jitter16 * 1000 / 16 / PER_MS;
}

static void grow(jitter_buffer *j, uint32_t lateness)
{
    uint32_t depth = (uint32_t)j->most_margin;
    uint32_t step = (lateness + STEP) / STEP * STEP;

    if (depth + step > j->most)
        step = depth < j->most ? j->most - depth : 0;
    j->play -= step;
    j->mean_margin16 += (int32_t)step * 16;
    watch_anew(j);
    j->most_margin = (int32_t)(depth + step);
}

static void watch_margin(jitter_buffer *j, int32_t margin)
{
    j->mean_margin16 += margin - j->mean_margin16 / 16;
    if (margin < j->least_margin)
        j->least_margin = margin;
    if (margin > j->most_margin)
        j->most_margin = margin;
    if (++j->window < WINDOW_PACKETS || j->shrink)
        return;
    int32_t spare = j->least_margin - (int32_t)j->least;
    watch_anew(j);
    if (spare >= STEP)
        j->shrink = (uint32_t)spare / STEP * STEP;
}

void jitter_pass(jitter_buffer *j, uint16_t sequence, uint32_t ssrc)
{
    j->counters.received++;
    follow_sequence(j, sequence, ssrc);
}

void jitter_put(jitter_buffer *j, uint16_t sequence, uint32_t timestamp, uint32_t ssrc, int64_t arrival_ns,
                const int16_t *pcm, uint32_t n)
{
    j->counters.received++;
    if (!n || n > JITTER_PACKET_MAX || !follow_sequence(j, sequence, ssrc))
        return;
    measure_jitter(j, timestamp, arrival_ns);

    int32_t margin = (int32_t)(timestamp - j->play);
    if (!j->started || margin > JUMP || margin < -JUMP) {
        start(j, timestamp);
        margin = (int32_t)j->least;
    }
    if (margin < 0) {
        j->counters.late++;
        if (++j->run_late >= LATE_RUN)
            start(j, timestamp);
        else
            grow(j, (uint32_t)-margin);
        margin = (int32_t)(timestamp - j->play);
    } else {
        j->run_late = 0;
        if (margin > (int32_t)j->most) {
            cut(j, (uint32_t)margin - j->most);
            margin = (int32_t)j->most;
        }
    }
    watch_margin(j, margin);
    j->counters.delay_ms = j->mean_margin16 > 0 ? (uint32_t)j->mean_margin16 / 16 / PER_MS : 0;
    for (uint32_t i = 0; i < n; i++) {
        if ((int32_t)(timestamp + i - j->play) < 0)
            continue;
        j->pcm[at(timestamp + i)] = pcm[i];
        j->have[at(timestamp + i)] = 1;
    }
}

void jitter_forget(jitter_buffer *j)
{
    memset(j->have, 0, sizeof j->have);
    memset(j->pcm, 0, sizeof j->pcm);
    plc_init(j->plc);
    j->starved = COMFORT_AFTER;
}

void jitter_restart(jitter_buffer *j)
{
    j->seen = 0;
}

static bool in_pause(const jitter_buffer *j)
{
    uint32_t sum = 0;

    for (uint32_t i = 0; i < STEP; i++) {
        int16_t v = j->pcm[at(j->play + i)];
        sum += (uint32_t)(v < 0 ? -v : v);
    }
    return sum / STEP < PAUSE_LEVEL;
}

static void maybe_shrink(jitter_buffer *j)
{
    if (j->shrink && (in_pause(j) || ++j->shrink_wait >= SHRINK_PATIENCE))
        cut(j, j->shrink);
}

/* How many of the next n samples are alike: all there, or all missing. */
static uint32_t run_of(const jitter_buffer *j, uint32_t n)
{
    uint8_t first = j->have[at(j->play)];
    uint32_t i = 1;

    while (i < n && j->have[at(j->play + i)] == first)
        i++;
    return i;
}

static void take(jitter_buffer *j, int16_t *out, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        out[i] = j->pcm[at(j->play + i)];
        j->have[at(j->play + i)] = 0;
    }
    plc_rx(j->plc, out, (int)n);
    j->starved = 0;
}

static void conceal(jitter_buffer *j, int16_t *out, uint32_t n)
{
    if (j->starved < COMFORT_AFTER)
        plc_fillin(j->plc, out, (int)n);
    else
        memset(out, 0, n * sizeof *out);
    j->starved += j->starved < COMFORT_AFTER ? n : 0;
    j->counters.concealed_samples += n;
}

bool jitter_get(jitter_buffer *j, int16_t *out, uint32_t n)
{
    bool real = false;

    if (!j->started) {
        memset(out, 0, n * sizeof *out);
        return false;
    }
    maybe_shrink(j);
    while (n) {
        uint32_t run = run_of(j, n);
        if (j->have[at(j->play)]) {
            take(j, out, run);
            real = true;
        } else {
            conceal(j, out, run);
        }
        j->play += run;
        out += run;
        n -= run;
    }
    return real;
}
