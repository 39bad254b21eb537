#include "monitor.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "call.h"
#include "catch_up.h"
#include "engine.h"
#include "halves.h"
#include "mix.h"

enum {
    HEARD_BLOCKS = 64,    /* 1.3 s: whoever is slower misses some */
    SAID_SAMPLES = 16384, /* 1 s */
};

struct kl_monitor {
    kl_engine *engine;
    uint32_t call;
    int wake; /* eventfd: sound has come, or the call is over */
    atomic_bool over;
    atomic_ullong dropped;

    /* From the audio thread. */
    _Alignas(64) atomic_uint heard_head;
    _Alignas(64) atomic_uint heard_tail;
    int16_t heard[HEARD_BLOCKS][2 * VOICE_WIDE];

    /* To it, in samples at 16 kHz; each direction takes them in its own time. */
    _Alignas(64) atomic_uint said_head;
    _Alignas(64) atomic_uint said_tail[2];
    catch_up behind; /* of whoever speaks */
    halves down;
    int16_t said[SAID_SAMPLES];
    int16_t said_narrow[SAID_SAMPLES / 2];
};

/* Audio thread ---------------------------------------------------------------------------------- */

static void wake(const kl_monitor *m)
{
    const uint64_t one = 1;
    ssize_t n = write(m->wake, &one, sizeof one); /* never blocks: the descriptor does not */

    (void)n;
}

void monitor_push(kl_monitor *m, const int16_t *left, const int16_t *right)
{
    unsigned head = atomic_load_explicit(&m->heard_head, memory_order_relaxed);
    unsigned tail = atomic_load_explicit(&m->heard_tail, memory_order_acquire);

    if (head - tail >= HEARD_BLOCKS) {
        atomic_fetch_add(&m->dropped, VOICE_WIDE);
        return;
    }
    int16_t *block = m->heard[head % HEARD_BLOCKS];
    for (int i = 0; i < VOICE_WIDE; i++) {
        block[2 * i] = left[i];
        block[2 * i + 1] = right[i];
    }
    atomic_store_explicit(&m->heard_head, head + 1, memory_order_release);
    wake(m);
}

static void add(voice *to, const int16_t *ring, unsigned size, unsigned at, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        mix_add(to->pcm + i, ring + (at + i) % size, 1);
}

bool monitor_speak(kl_monitor *m, int direction, voice *const *to, int rates)
{
    unsigned head = atomic_load_explicit(&m->said_head, memory_order_acquire);
    unsigned tail = atomic_load_explicit(&m->said_tail[direction], memory_order_relaxed);
    unsigned wanted = (unsigned)(to[0]->n * (16000 / to[0]->rate));
    unsigned n = head - tail < wanted ? head - tail : wanted;

    for (int i = 0; i < rates && n; i++) {
        if (to[i]->n && to[i]->rate == 16000)
            add(to[i], m->said, SAID_SAMPLES, tail, n);
        else if (to[i]->n)
            add(to[i], m->said_narrow, SAID_SAMPLES / 2, tail / 2, n / 2);
    }
    atomic_store_explicit(&m->said_tail[direction], tail + n, memory_order_release);
    return n;
}

void monitor_forget(kl_monitor *m, int direction)
{
    unsigned head = atomic_load_explicit(&m->said_head, memory_order_acquire);

    atomic_store_explicit(&m->said_tail[direction], head, memory_order_release);
}

void monitor_over(kl_monitor *m)
{
    atomic_store(&m->over, true);
    wake(m);
}

/* Whoever listens ------------------------------------------------------------------------------- */

typedef struct {
    kl_monitor *monitor;
    uint32_t call;
} monitor_arg;

static int do_open(kl_engine *engine, void *arg)
{
    monitor_arg *a = arg;
    kl_call *c = table_get(&engine->calls, a->call);

    if (!c)
        return -ENOENT;
    if (!call_monitoring(c))
        return -EPERM;
    return observe_monitor(c, a->monitor) ? 0 : -EUSERS;
}

static int do_close(kl_engine *engine, void *arg)
{
    monitor_arg *a = arg;
    kl_call *c = table_get(&engine->calls, a->call);

    if (c && call_monitoring(c))
        observe_monitor_end(c, a->monitor);
    return 0;
}

static void discard(kl_monitor *m)
{
    if (m->wake >= 0)
        close(m->wake);
    free(m);
}

kl_monitor *kl_monitor_open(kl_engine *engine, uint32_t call)
{
    kl_monitor *m = aligned_alloc(64, (sizeof *m + 63) / 64 * 64);

    if (!m)
        return NULL;
    memset(m, 0, sizeof *m);
    m->engine = engine;
    m->call = call;
    m->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    monitor_arg a = {m, call};
    int result = m->wake < 0 ? -errno : command_ask(&engine->commands, do_open, &a);
    if (!result)
        return m;
    discard(m);
    errno = -result;
    return NULL;
}

void kl_monitor_close(kl_monitor *m)
{
    monitor_arg a = {m, m->call};

    command_ask(&m->engine->commands, do_close, &a);
    discard(m);
}

int kl_monitor_fd(const kl_monitor *m)
{
    return m->wake;
}

uint64_t kl_monitor_dropped(kl_monitor *m)
{
    return atomic_load(&m->dropped);
}

int kl_monitor_hear(kl_monitor *m, int16_t *pairs, int blocks)
{
    uint64_t times;
    ssize_t ignored = read(m->wake, &times, sizeof times);
    bool over = atomic_load(&m->over); /* before looking into the ring: then the last block is in it */
    unsigned tail = atomic_load_explicit(&m->heard_tail, memory_order_relaxed);
    unsigned head = atomic_load_explicit(&m->heard_head, memory_order_acquire);
    int n = 0;

    (void)ignored;
    for (; n < blocks && tail != head; n++, tail++)
        memcpy(pairs + n * 2 * VOICE_WIDE, m->heard[tail % HEARD_BLOCKS], sizeof m->heard[0]);
    atomic_store_explicit(&m->heard_tail, tail, memory_order_release);
    if (tail != head || (over && n))
        wake(m); /* there is more to come for */
    return n || !over ? n : -EPIPE;
}

int kl_monitor_say(kl_monitor *m, const int16_t *pcm, int n)
{
    unsigned head = atomic_load_explicit(&m->said_head, memory_order_relaxed);
    unsigned free_space = SAID_SAMPLES;

    for (int direction = 0; direction < 2; direction++) {
        unsigned held = head - atomic_load_explicit(&m->said_tail[direction], memory_order_acquire);
        if (SAID_SAMPLES - held < free_space)
            free_space = SAID_SAMPLES - held;
    }
    if (n < 0 || atomic_load(&m->over))
        return n < 0 ? -EINVAL : -EPIPE;
    int taken = (unsigned)n < free_space ? n : (int)free_space;
    taken -= taken % 2;
    catch_up_watch(&m->behind, SAID_SAMPLES - free_space, (unsigned)n, n - taken < 2);
    for (int done = 0; done < taken;) {
        int16_t wide[VOICE_WIDE], narrow[VOICE_NARROW];
        int part = taken - done < VOICE_WIDE ? taken - done : VOICE_WIDE;

        memcpy(wide, pcm + done, (size_t)part * sizeof *wide);
        done += part;
        if (part == CATCH_UP_PIECE)
            part = (int)catch_up_shorten(&m->behind, wide);
        halves_down(&m->down, wide, part / 2, narrow);
        for (int i = 0; i < part; i++)
            m->said[(head + (unsigned)i) % SAID_SAMPLES] = wide[i];
        for (int i = 0; i < part / 2; i++)
            m->said_narrow[(head / 2 + (unsigned)i) % (SAID_SAMPLES / 2)] = narrow[i];
        head += (unsigned)part;
    }
    atomic_store_explicit(&m->said_head, head, memory_order_release);
    return taken;
}
