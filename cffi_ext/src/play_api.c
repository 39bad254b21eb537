/* The public face of what the parties are told: prompts and tones (halves as in clip_api.c). */
#include <errno.h>

#include "call.h"
#include "engine.h"

typedef struct {
    uint32_t id;
    int side, mode;
    const uint32_t *clips;
    size_t n;
    int32_t token;
} play_arg;

static play *free_play(kl_call *c)
{
    for (int i = 0; i < CALL_PLAYS; i++)
        if (!c->plays[i].entries)
            return &c->plays[i];
    return NULL;
}

static bool fits(const player *p, size_t n, int mode)
{
    return n <= (mode == KL_PLAY_REPLACE ? PLAYER_ENTRIES : player_room(p));
}

static int do_play(kl_engine *engine, void *arg)
{
    play_arg *a = arg;
    kl_call *c = table_get(&engine->calls, a->id);
    player *sides[2] = {0};

    if (!c)
        return -ENOENT;
    if ((a->side & KL_SIDE_FAR && !c->far.set) || (a->side & KL_SIDE_NEAR && c->bridged && !c->near.set))
        return -ENOTCONN;
    if (a->side & KL_SIDE_NEAR)
        sides[0] = &c->to_near.player;
    if (a->side & KL_SIDE_FAR)
        sides[1] = &c->to_far.player;
    for (size_t i = 0; i < a->n; i++)
        if (!table_get(&engine->clips, a->clips[i]))
            return -ENOENT;
    for (int s = 0; s < 2; s++)
        if (sides[s] && !fits(sides[s], a->n, a->mode))
            return -ENOBUFS;
    for (int s = 0; s < 2; s++)
        if (sides[s] && a->mode == KL_PLAY_REPLACE)
            player_stop(sides[s]);
    play *owner = free_play(c);
    if (!owner)
        return -ENOBUFS;
    *owner = (play){.token = a->token};
    for (int s = 0; s < 2; s++)
        for (size_t i = 0; sides[s] && i < a->n; i++)
            player_add(sides[s], table_get(&engine->clips, a->clips[i]), owner, a->mode == KL_PLAY_OVERLAY);
    return 0;
}

int kl_call_play(kl_engine *engine, uint32_t id, int side, const uint32_t *clips, size_t n, int mode,
                 int32_t token)
{
    play_arg a = {id, side, mode, clips, n, token};

    if (side < KL_SIDE_NEAR || side > KL_SIDE_BOTH || mode < KL_PLAY_REPLACE || mode > KL_PLAY_OVERLAY || !n)
        return -EINVAL;
    return command_ask(&engine->commands, do_play, &a);
}

typedef struct {
    uint32_t id;
    int side;
} stop_arg;

static int do_stop(kl_engine *engine, void *arg)
{
    stop_arg *a = arg;
    kl_call *c = table_get(&engine->calls, a->id);

    if (!c)
        return -ENOENT;
    if (a->side & KL_SIDE_NEAR)
        player_stop(&c->to_near.player);
    if (a->side & KL_SIDE_FAR)
        player_stop(&c->to_far.player);
    return 0;
}

int kl_call_stop(kl_engine *engine, uint32_t id, int side)
{
    stop_arg a = {id, side};

    return command_ask(&engine->commands, do_stop, &a);
}

typedef struct {
    uint32_t id;
    int tone;
} tone_arg;

static int do_tone(kl_engine *engine, void *arg)
{
    tone_arg *a = arg;
    kl_call *c = table_get(&engine->calls, a->id);

    if (!c)
        return -ENOENT;
    c->to_near.tone = engine->tones[a->tone];
    c->to_near.tone_at = 0;
    c->to_near.tone_once = a->tone == KL_TONE_BEEP;
    return 0;
}

int kl_call_tone(kl_engine *engine, uint32_t id, int tone)
{
    tone_arg a = {id, tone};

    if (tone < 0 || tone >= KL_TONE_COUNT)
        return -EINVAL;
    return command_ask(&engine->commands, do_tone, &a);
}
