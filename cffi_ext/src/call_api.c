/* The public face of calls (halves as in clip_api.c). */
#include <errno.h>

#include "call.h"
#include "engine.h"
#include "link.h"

/* Life ------------------------------------------------------------------------------------------ */

typedef struct {
    uint32_t link; /* 0: bridged */
    kl_call *call;
} create_arg;

static int do_create(kl_engine *engine, void *arg)
{
    create_arg *a = arg;
    kl_link *l = a->link ? table_get(&engine->links, a->link) : NULL;
    kl_call *c = a->call;

    if (a->link && !l)
        return -ENOENT;
    if (l && l->call)
        return -EBUSY;
    int id = table_put(&engine->calls, c);
    if (id < 0)
        return id;
    c->id = (uint32_t)id;
    c->to_far.due_ns = c->to_near.due_ns = engine->now_ns;
    if (l) {
        c->handset.link = l;
        l->call = c;
    }
    return id;
}

static int create(kl_engine *engine, uint32_t link, bool bridged, uint32_t flags)
{
    create_arg a = {link, call_new(engine, flags & (KL_CALL_RECORDED | KL_CALL_MONITORED), bridged)};

    if (!a.call)
        return -ENOMEM;
    int id = command_ask(&engine->commands, do_create, &a);
    if (id < 0)
        call_free(a.call);
    return id;
}

int kl_call_create(kl_engine *engine, uint32_t link, uint32_t flags)
{
    return link ? create(engine, link, false, flags) : -ENOENT;
}

int kl_call_create_bridged(kl_engine *engine, uint32_t flags)
{
    return create(engine, 0, true, flags);
}

typedef struct {
    uint32_t id;
    kl_call *taken;
} destroy_arg;

static int do_destroy(kl_engine *engine, void *arg)
{
    destroy_arg *a = arg;

    a->taken = table_take(&engine->calls, a->id);
    if (!a->taken)
        return -ENOENT;
    call_unhook(a->taken);
    return 0;
}

int kl_call_destroy(kl_engine *engine, uint32_t id)
{
    destroy_arg a = {.id = id};
    int result = command_ask(&engine->commands, do_destroy, &a);

    call_free(a.taken);
    return result;
}

/* RTP ends -------------------------------------------------------------------------------------- */

typedef struct {
    uint32_t id;
    int side;
    const kl_call_far_end *end; /* NULL: none any more */
    struct sockaddr_in address;
    rtp_protection keys;
} end_arg;

static int do_end(kl_engine *engine, void *arg)
{
    end_arg *a = arg;
    kl_call *c = table_get(&engine->calls, a->id);

    if (!c)
        return -ENOENT;
    if (a->side == KL_SIDE_NEAR && !c->bridged)
        return -EOPNOTSUPP;
    rtp_leg *r = a->side == KL_SIDE_NEAR ? &c->near : &c->far;
    if (a->end)
        return rtp_leg_set(r, a->end, &a->address, &a->keys);
    rtp_leg_clear(r);
    player_stop(a->side == KL_SIDE_NEAR ? &c->to_near.player : &c->to_far.player);
    return 0;
}

static int set_end(kl_engine *engine, uint32_t id, int side, const kl_call_far_end *end)
{
    end_arg a = {.id = id, .side = side, .end = end};
    int error = rtp_leg_check(end, &a.address);

    if (!error)
        error = rtp_protection_make(&a.keys, end);
    if (error)
        return error;
    int result = command_ask(&engine->commands, do_end, &a);
    rtp_protection_release(&a.keys);
    return result;
}

static int clear_end(kl_engine *engine, uint32_t id, int side)
{
    end_arg a = {.id = id, .side = side};

    return command_ask(&engine->commands, do_end, &a);
}

int kl_call_far(kl_engine *engine, uint32_t id, const kl_call_far_end *far_end)
{
    return set_end(engine, id, KL_SIDE_FAR, far_end);
}

int kl_call_far_clear(kl_engine *engine, uint32_t id)
{
    return clear_end(engine, id, KL_SIDE_FAR);
}

int kl_call_near(kl_engine *engine, uint32_t id, const kl_call_far_end *near_end)
{
    return set_end(engine, id, KL_SIDE_NEAR, near_end);
}

int kl_call_near_clear(kl_engine *engine, uint32_t id)
{
    return clear_end(engine, id, KL_SIDE_NEAR);
}

/* Gate and detection ---------------------------------------------------------------------------- */

typedef struct {
    uint32_t id;
    int on;
} switch_arg;

static int do_tone_safe(kl_engine *engine, void *arg)
{
    switch_arg *a = arg;
    kl_call *c = table_get(&engine->calls, a->id);

    if (!c)
        return -ENOENT;
    call_tone_safe(c, a->on);
    return 0;
}

int kl_call_tone_safe(kl_engine *engine, uint32_t id, int on)
{
    switch_arg a = {id, on};

    return command_ask(&engine->commands, do_tone_safe, &a);
}

static int do_volume(kl_engine *engine, void *arg)
{
    switch_arg *a = arg;
    kl_call *c = table_get(&engine->calls, a->id);

    if (!c)
        return -ENOENT;
    if (c->bridged)
        return -EOPNOTSUPP;
    volume_set(&c->handset.volume, a->on);
    return 0;
}

int kl_call_volume(kl_engine *engine, uint32_t id, int db)
{
    switch_arg a = {id, db};

    return db < 0 || db > VOLUME_MOST_DB ? -EINVAL : command_ask(&engine->commands, do_volume, &a);
}

static int do_gate(kl_engine *engine, void *arg)
{
    switch_arg *a = arg;
    kl_call *c = table_get(&engine->calls, a->id);

    if (!c)
        return -ENOENT;
    call_gate(c, a->on);
    return 0;
}

int kl_call_gate(kl_engine *engine, uint32_t id, int open)
{
    switch_arg a = {id, open};

    return command_ask(&engine->commands, do_gate, &a);
}

static int do_detect(kl_engine *engine, void *arg)
{
    switch_arg *a = arg;
    kl_call *c = table_get(&engine->calls, a->id);

    if (!c)
        return -ENOENT;
    c->far.dtmf.in_band = a->on;
    if (c->bridged)
        c->near.dtmf.in_band = a->on;
    return 0;
}

int kl_call_detect(kl_engine *engine, uint32_t id, int on)
{
    switch_arg a = {id, on};

    return command_ask(&engine->commands, do_detect, &a);
}

/* Counters -------------------------------------------------------------------------------------- */

typedef struct {
    uint32_t id;
    kl_call_counters *out;
} counters_arg;

static int do_counters(kl_engine *engine, void *arg)
{
    counters_arg *a = arg;
    kl_call *c = table_get(&engine->calls, a->id);

    if (!c)
        return -ENOENT;
    const recording_place *recording = call_recording(c);
    const monitoring_place *monitoring = call_monitoring(c);
    *a->out = (kl_call_counters){
        .near_frames = c->near_frames,
        .near_stalled = c->near_stalled,
        .near_rms = c->to_far.rms,
        .far_rms = c->to_near.rms,
        .gate = c->gate,
        .recording = recording && recording->recorder,
    };
    for (int i = 0; monitoring && i < CALL_MONITORS; i++)
        a->out->monitors += monitoring->by[i] != NULL;
    if (c->bridged)
        rtp_leg_count(&c->near, &a->out->near);
    rtp_leg_count(&c->far, &a->out->far);
    return 0;
}

int kl_call_get_counters(kl_engine *engine, uint32_t id, kl_call_counters *out)
{
    counters_arg a = {id, out};

    return command_ask(&engine->commands, do_counters, &a);
}
