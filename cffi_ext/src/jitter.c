#include "jitter.h"

#include <string.h>

/* Milliseconds, unless said otherwise. */
enum {
    UNITS_MS = 8,          /* timestamp units: both G.711 and G.722 count them at 8 kHz */
    STEP = 10,             /* depth is adapted by whole 10 ms */
    WINDOW_PACKETS = 100,  /* 2 s of 20 ms packets */
    SHRINK_PATIENCE = 100, /* pulls to wait for a pause before shrinking in mid-speech */
    PAUSE_LEVEL = 200,     /* mean magnitude below which a cut is not heard: -44 dB of full scale */
    LATE_RUN = 8,          /* so many late packets in a row mean that the sender's timeline moved */
    JUMP = 900,            /* as does a timestamp so far away, all that the ring has room for */
    COMFORT_AFTER = 60,    /* spandsp's concealment has faded by then */
    WIDE_PER_MS = 16,      /* samples */
};

_Static_assert(JUMP * WIDE_PER_MS + JITTER_PACKET_MAX <= JITTER_RING, "a packet just short of a jump must fit");

static uint32_t at(uint32_t position)
{
    return position % JITTER_RING;
}

static uint32_t samples(const jitter_buffer *j, uint32_t ms)
{
    return ms * j->per_ms;
}

static void follow_rate(jitter_buffer *j, uint32_t per_ms)
{
    j->per_ms = per_ms;
    j->per_unit = per_ms / UNITS_MS;
}

void jitter_init(jitter_buffer *j, plc_state_t *plc, uint32_t least_ms, uint32_t most_ms)
{
    memset(j, 0, sizeof *j);
    j->plc = plc;
    j->least_ms = least_ms;
    j->most_ms = most_ms;
    follow_rate(j, UNITS_MS);
}

void jitter_set_rate(jitter_buffer *j, int rate)
{
    if (j->per_ms == (uint32_t)rate / 1000)
        return;
    follow_rate(j, (uint32_t)rate / 1000);
    jitter_forget(j);
    jitter_restart(j);
}

static void watch_anew(jitter_buffer *j)
{
    j->window = 0;
    j->least_margin = INT32_MAX;
    j->most_margin = 0;
    j->shrink = 0;
    j->shrink_wait = 0;
}

static void start(jitter_buffer *j, uint32_t position)
{
    uint32_t least = samples(j, j->least_ms);

    memset(j->have, 0, sizeof j->have);
    j->started = true;
    j->play = position - least;
    j->run_late = 0;
    j->mean_margin16 = (int32_t)least * 16;
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

static void grow(jitter_buffer *j, uint32_t lateness)
{
    uint32_t depth = (uint32_t)j->most_margin;
    uint32_t most = samples(j, j->most_ms), unit = samples(j, STEP);
    uint32_t step = (lateness + unit) / unit * unit;

    if (depth + step > most)
        step = depth < most ? most - depth : 0;
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
    int32_t spare = j->least_margin - (int32_t)samples(j, j->least_ms), unit = (int32_t)samples(j, STEP);
    watch_anew(j);
    if (spare >= unit)
        j->shrink = (uint32_t)(spare / unit * unit);
}

void jitter_put(jitter_buffer *j, uint32_t timestamp, const int16_t *pcm, uint32_t n)
{
    uint32_t position = timestamp * j->per_unit;
    int32_t jump = (int32_t)samples(j, JUMP), most = (int32_t)samples(j, j->most_ms);
    int32_t margin = (int32_t)(position - j->play);

    if (!j->started || margin > jump || margin < -jump) {
        start(j, position);
        margin = (int32_t)samples(j, j->least_ms);
    }
    if (margin < 0) {
        j->counters.late++;
        if (++j->run_late >= LATE_RUN)
            start(j, position);
        else
            grow(j, (uint32_t)-margin);
        margin = (int32_t)(position - j->play);
    } else {
        j->run_late = 0;
        if (margin > most) {
            cut(j, (uint32_t)(margin - most));
            margin = most;
        }
    }
    watch_margin(j, margin);
    j->counters.delay_ms = j->mean_margin16 > 0 ? (uint32_t)j->mean_margin16 / 16 / j->per_ms : 0;
    for (uint32_t i = 0; i < n; i++) {
        if ((int32_t)(position + i - j->play) < 0)
            continue;
        j->pcm[at(position + i)] = pcm[i];
        j->have[at(position + i)] = 1;
    }
}

void jitter_forget(jitter_buffer *j)
{
    memset(j->have, 0, sizeof j->have);
    memset(j->pcm, 0, sizeof j->pcm);
    plc_init(j->plc);
    j->starved = samples(j, COMFORT_AFTER);
}

void jitter_restart(jitter_buffer *j)
{
    j->started = false;
}

static bool in_pause(const jitter_buffer *j)
{
    uint32_t sum = 0, n = samples(j, STEP);

    for (uint32_t i = 0; i < n; i++) {
        int16_t v = j->have[at(j->play + i)] ? j->pcm[at(j->play + i)] : 0;
        sum += (uint32_t)(v < 0 ? -v : v);
    }
    return sum / n < PAUSE_LEVEL;
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
    bool fading = j->starved < samples(j, COMFORT_AFTER);

    if (fading)
        plc_fillin(j->plc, out, (int)n);
    else
        memset(out, 0, n * sizeof *out);
    j->starved += fading ? n : 0;
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
