#include "jitter.h"

#include <string.h>

/* Milliseconds, unless said otherwise. Units are the RTP clock's, 8 kHz for every codec here. */
enum {
    UNITS_MS = 8,
    WINDOW_PACKETS = 100,  /* 2 s of 20 ms packets */
    OFFSET_MOST = 5,       /* what is kept longer than that for nothing is worth taking out */
    NEAR_NOTHING = 4,      /* as a share of the least wanted: one fourth */
    GROW = 10,             /* a late packet makes it deeper by whole steps of this */
    PATIENCE = 50,         /* pulls to wait for a pause or a vowel before a change is made anywhere */
    LATE_RUN = 8,          /* so many late packets in a row mean that the sender's timeline moved */
    JUMP = 900,            /* as does a timestamp so far away, all that the ring has room for */
};

_Static_assert(JUMP * UNITS_MS + JITTER_PACKET_MAX <= JITTER_RING, "a packet just short of a jump must fit");

static uint32_t at(uint32_t timestamp)
{
    return timestamp % JITTER_RING;
}

static unsigned per_unit(const jitter_buffer *j)
{
    return j->per_ms / UNITS_MS;
}

/* Life ------------------------------------------------------------------------------------------ */

void jitter_init(jitter_buffer *j, coder *coder, uint32_t least_ms, uint32_t most_ms)
{
    memset(j, 0, sizeof *j);
    j->coder = coder;
    j->least = least_ms * UNITS_MS;
    j->most = most_ms * UNITS_MS;
    j->per_ms = UNITS_MS;
    conceal_reset(&j->concealer, j->per_ms);
    comfort_init(&j->comfort);
}

void jitter_set_rate(jitter_buffer *j, int rate)
{
    uint32_t per_ms = (uint32_t)rate / 1000;

    if (j->per_ms == per_ms)
        return;
    j->per_ms = per_ms;
    j->ready_n = 0;
    conceal_reset(&j->concealer, per_ms);
}

void jitter_forget(jitter_buffer *j)
{
    memset(j->kind, 0, sizeof j->kind);
    memset(j->bytes, 0, sizeof j->bytes);
    j->ready_n = 0;
    conceal_reset(&j->concealer, j->per_ms);
    coder_forget_decoded(j->coder);
}

void jitter_restart(jitter_buffer *j)
{
    j->started = false;
}

/* Slack ----------------------------------------------------------------------------------------- */

static void watch_anew(jitter_buffer *j)
{
    memset(j->window_least, 0, sizeof j->window_least);
    j->so_far = (jitter_view){INT32_MAX, INT32_MAX};
    j->window_packets = 0;
    j->most_slack = 0;
    j->wanted = 0;
    j->patience = 0;
}

static void start(jitter_buffer *j, uint32_t timestamp)
{
    memset(j->kind, 0, sizeof j->kind);
    j->started = true;
    j->quiet = false;
    j->play = timestamp - j->least;
    j->ready_n = 0;
    j->run_late = 0;
    j->mean_wait16 = (int32_t)j->least * 16;
    watch_anew(j);
}

/* Gives up the next units unheard. */
static void skip(jitter_buffer *j, uint32_t units)
{
    for (uint32_t i = 0; i < units; i++)
        j->kind[at(j->play + i)] = 0;
    j->play += units;
    j->mean_wait16 -= (int32_t)units * 16;
    j->counters.skipped += units;
    conceal_splice(&j->concealer);
    watch_anew(j);
}

static void grow(jitter_buffer *j, uint32_t lateness)
{
    const uint32_t step = GROW * UNITS_MS;
    uint32_t depth = (uint32_t)j->most_slack, more = (lateness + step) / step * step;

    if (depth + more > j->most)
        more = depth < j->most ? j->most - depth : 0;
    j->play -= more;
    watch_anew(j);
    j->most_slack = (int32_t)(depth + more);
    j->mean_wait16 += (int32_t)more * 16;
}

static int32_t lesser(int32_t a, int32_t b)
{
    return a < b ? a : b;
}

/* What was never needed in three windows, six seconds, is taken out. */
static void judge(jitter_buffer *j)
{
    int32_t pull = (int32_t)j->pulled, least = j->so_far.slack, offset = j->so_far.offset;

    for (int i = 0; i < JITTER_WINDOWS; i++) {
        least = lesser(least, j->window_least[i].slack);
        offset = lesser(offset, j->window_least[i].offset);
    }
    int32_t spare = least - (int32_t)j->least;
    if (spare > pull)
        j->wanted = -(offset + (spare - 1) / pull * pull);
    else if (offset >= OFFSET_MOST * UNITS_MS)
        j->wanted = -offset;
}

static void watch_slack(jitter_buffer *j, jitter_view v)
{
    j->so_far.slack = lesser(j->so_far.slack, v.slack);
    j->so_far.offset = lesser(j->so_far.offset, v.offset);
    if (v.slack > j->most_slack)
        j->most_slack = v.slack;
    if (!j->wanted && v.slack < (int32_t)j->least / NEAR_NOTHING && j->most_slack < (int32_t)j->most)
        j->wanted = 1; /* once, and again if that was not enough */
    if (++j->window_packets < WINDOW_PACKETS)
        return;
    if (!j->wanted)
        judge(j);
    memmove(j->window_least + 1, j->window_least, (JITTER_WINDOWS - 1) * sizeof *j->window_least);
    j->window_least[0] = j->so_far;
    j->so_far = (jitter_view){INT32_MAX, INT32_MAX};
    j->most_slack = 0;
    j->window_packets = 0;
}

/* Where a packet stands that has just come. */
static jitter_view view(jitter_buffer *j, uint32_t timestamp, int64_t arrival_ns)
{
    int32_t ahead = (int32_t)(timestamp - j->play) + (int32_t)(j->ready_n / per_unit(j));
    int64_t gone = (arrival_ns - j->pulled_ns) * UNITS_MS / 1000000, pull = j->pulled ? j->pulled : 1;
    int32_t until = gone < 0 || gone > pull ? 0 : (int32_t)(pull - gone);

    j->mean_wait16 += ahead + until - j->mean_wait16 / 16;
    j->counters.delay_ms = j->mean_wait16 > 0 ? (uint32_t)j->mean_wait16 / 16 / UNITS_MS : 0;
    if (ahead < 0)
        return (jitter_view){ahead, 0};
    return (jitter_view){ahead / (int32_t)pull * (int32_t)pull + until, ahead % (int32_t)pull};
}

/* Putting --------------------------------------------------------------------------------------- */

static void keep(jitter_buffer *j, int codec, uint32_t timestamp, const uint8_t *bytes, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        if ((int32_t)(timestamp + i - j->play) < 0)
            continue;
        j->bytes[at(timestamp + i)] = bytes[i];
        j->kind[at(timestamp + i)] = (uint8_t)(codec + 1);
    }
}

/* Where a packet stands; false when it cannot be used. One alone moves no timeline: it may be an old one, or a wild one. */
static bool follow(jitter_buffer *j, uint32_t timestamp, int64_t arrival_ns, uint32_t n)
{
    const int32_t jump = JUMP * UNITS_MS;
    int32_t early = (int32_t)(timestamp - j->play);
    bool idle = arrival_ns - j->put_ns > JUMP * (int64_t)1000000;

    if (!j->started || (idle && (early < 0 || early > jump))) {
        start(j, timestamp);
        return true;
    }
    if (early >= 0 && early <= jump) {
        j->run_late = 0;
        if (early > (int32_t)j->most)
            skip(j, (uint32_t)early - j->most);
        return true;
    }
    bool moved = early < 0 ? ++j->run_late >= LATE_RUN : timestamp == j->next_moved;
    j->next_moved = timestamp + n;
    j->counters.late += early < 0 || !moved;
    if (moved)
        start(j, timestamp);
    else if (early >= -jump && early < 0)
        grow(j, (uint32_t)-early);
    return moved || (early >= -jump && early < 0);
}

void jitter_put(jitter_buffer *j, int codec, uint32_t timestamp, int64_t arrival_ns, const uint8_t *bytes, uint32_t n)
{
    if (!follow(j, timestamp, arrival_ns, n))
        return;
    j->put_ns = arrival_ns;
    watch_slack(j, view(j, timestamp, arrival_ns));
    keep(j, codec, timestamp, bytes, n);
}

bool jitter_put_quiet(jitter_buffer *j, uint32_t timestamp, const uint8_t *bytes, size_t n)
{
    if (!comfort_told(&j->comfort, bytes, n))
        return false;
    j->quiet = true;
    j->quiet_from = timestamp;
    return true;
}

/* Playing --------------------------------------------------------------------------------------- */

/* How many of the next units are alike: of one codec, or all missing. */
static uint32_t run_of(const jitter_buffer *j, uint32_t most)
{
    uint32_t start = at(j->play), i = 1;

    most = most < JITTER_RING - start ? most : JITTER_RING - start;
    while (i < most && j->kind[start + i] == j->kind[start])
        i++;
    return i;
}

/* For the moment in which a far end changes its codec: the call goes on at the rate of what was agreed. */
static void conform(int16_t *pcm, unsigned n, bool widen)
{
    if (widen)
        for (unsigned i = n; i-- > 0;)
            pcm[2 * i] = pcm[2 * i + 1] = pcm[i];
    else
        for (unsigned i = 0; i < n / 2; i++)
            pcm[i] = (int16_t)((pcm[2 * i] + pcm[2 * i + 1]) / 2);
}

static void take(jitter_buffer *j, int16_t *out, uint32_t units)
{
    int codec = j->kind[at(j->play)] - 1, rate = codec_rate(codec);
    unsigned n = units * (unsigned)rate / 1000 / UNITS_MS;

    codec_decode(j->coder, codec, j->bytes + at(j->play), units, out);
    if ((unsigned)rate != j->per_ms * 1000)
        conform(out, n, (unsigned)rate < j->per_ms * 1000);
    memset(j->kind + at(j->play), 0, units);
    j->quiet = j->quiet && (int32_t)(j->quiet_from - j->play) > 0;
    j->comfort.told = j->comfort.told && j->quiet; /* its word holds for its pause */
    n = units * per_unit(j);
    conceal_heard(&j->concealer, out, n);
    comfort_hear(&j->comfort, out, n);
}

static void fill(jitter_buffer *j, int16_t *out, uint32_t units)
{
    unsigned n = units * per_unit(j), before = conceal_faded_share(&j->concealer);

    if (j->quiet && (int32_t)(j->play - j->quiet_from) >= 0) {
        conceal_give_up(&j->concealer);
        before = CONCEAL_SHARES;
    } else {
        j->counters.concealed_samples += n;
    }
    conceal_fill(&j->concealer, out, n);
    if (!j->tone_safe)
        comfort_add(&j->comfort, out, n, before, conceal_faded_share(&j->concealer));
}

/* Decodes so many units behind what is ready; whether any were there. */
static bool prepare(jitter_buffer *j, uint32_t units)
{
    bool real = false;

    while (units) {
        uint32_t run = run_of(j, units);
        int16_t *out = j->ready + j->ready_n;
        if (j->kind[at(j->play)]) {
            take(j, out, run);
            real = true;
        } else {
            fill(j, out, run);
        }
        j->ready_n += run * per_unit(j);
        j->play += run;
        units -= run;
    }
    return real;
}

/* One change was made; whether there is more to come. */
static void changed(jitter_buffer *j, int32_t units)
{
    int32_t left = j->wanted < 0 ? j->wanted + units : 0;

    j->mean_wait16 += (j->wanted < 0 ? -units : units) * 16;
    *(j->wanted < 0 ? &j->counters.shortened : &j->counters.lengthened) += 1;
    watch_anew(j);
    j->wanted = left > -STRETCH_LEAST_US * UNITS_MS / 1000 ? 0 : left;
}

/* Nothing is heard of a change where nothing but noise is played. */
static void change_silence(jitter_buffer *j)
{
    int32_t units = j->wanted < 0 ? lesser(-j->wanted, STRETCH_MOST_MS * UNITS_MS) : STRETCH_MOST_MS * UNITS_MS;

    j->play += (uint32_t)(j->wanted < 0 ? units : -units);
    changed(j, units);
}

/* All that is ready is the next STRETCH_MS. */
static void change_speech(jitter_buffer *j)
{
    int32_t most = j->wanted < 0 ? lesser(-j->wanted, STRETCH_MOST_MS * UNITS_MS) : STRETCH_MOST_MS * UNITS_MS;
    stretch_plan plan = stretch_find(j->ready, j->per_ms, (unsigned)most * per_unit(j));

    if (!plan.unheard && ++j->patience < PATIENCE)
        return;
    plan.lag -= plan.lag % per_unit(j);
    j->ready_n = j->wanted < 0 ? stretch_shorter(j->ready, j->per_ms, plan.lag)
                               : stretch_longer(j->ready, j->per_ms, plan.lag);
    changed(j, (int32_t)(plan.lag / per_unit(j)));
}

/* Makes the next STRETCH_MS shorter or longer if that is wanted and all of it is there. */
static bool change_depth(jitter_buffer *j)
{
    const uint32_t units = STRETCH_MS * UNITS_MS;
    bool silent = !j->kind[at(j->play)], whole = true;

    for (uint32_t i = 0; i < units && (silent || whole); i++) {
        bool there = j->kind[at(j->play + i)];
        silent = silent && !there;
        whole = whole && there;
    }
    if (silent && conceal_faded_share(&j->concealer) == CONCEAL_SHARES)
        change_silence(j);
    if (!whole || j->tone_safe)
        return false;
    prepare(j, units);
    change_speech(j);
    return true;
}

bool jitter_get(jitter_buffer *j, int64_t now_ns, int16_t *out, uint32_t n)
{
    bool real = false;

    j->pulled_ns = now_ns;
    j->pulled = n / per_unit(j);
    if (!j->started) {
        memset(out, 0, n * sizeof *out);
        if (!j->tone_safe)
            comfort_add(&j->comfort, out, n, CONCEAL_SHARES, CONCEAL_SHARES);
        return false;
    }
    if (j->wanted && !j->ready_n)
        real = change_depth(j);
    real = real || j->ready_n;
    if (j->ready_n < n)
        real = prepare(j, (n - j->ready_n) / per_unit(j)) || real;
    memcpy(out, j->ready, n * sizeof *out);
    j->ready_n -= n;
    memmove(j->ready, j->ready + n, j->ready_n * sizeof *out);
    return real;
}
