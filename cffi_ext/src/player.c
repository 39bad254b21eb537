#include "player.h"

#include <string.h>

bool player_busy(const player *p)
{
    return p->head != p->tail;
}

bool player_overlay_is_next(const player *p)
{
    return player_busy(p) && !p->at && p->entry[p->tail % PLAYER_ENTRIES].overlay;
}

uint32_t player_room(const player *p)
{
    return PLAYER_ENTRIES - (p->head - p->tail);
}

void player_add(player *p, clip *c, play *owner, bool overlay)
{
    p->entry[p->head++ % PLAYER_ENTRIES] = (player_entry){c, owner, overlay};
    c->uses++;
    owner->entries++;
}

static void end_entry(player *p)
{
    player_entry *e = &p->entry[p->tail++ % PLAYER_ENTRIES];

    p->at = 0;
    e->clip->uses--;
    if (!--e->play->entries)
        p->over(p->user, e->play);
}

void player_stop(player *p)
{
    while (p->tail != p->head) {
        p->entry[p->tail % PLAYER_ENTRIES].play->stopped = true;
        end_entry(p);
    }
}

player_mode player_pull(player *p, int16_t *out, size_t n, bool wide)
{
    player_mode mode = PLAYER_IDLE;

    while (n && p->tail != p->head) {
        const player_entry *e = &p->entry[p->tail % PLAYER_ENTRIES];
        const int16_t *pcm = wide ? e->clip->pcm16 : e->clip->pcm8;
        size_t left = (wide ? e->clip->n : e->clip->n / 2) - p->at;
        size_t take = left < n ? left : n;

        if (mode == PLAYER_IDLE)
            mode = e->overlay ? PLAYER_OVERLAY : PLAYER_ALONE;
        memcpy(out, pcm + p->at, take * sizeof *out);
        out += take;
        n -= take;
        p->at += take;
        if (take == left)
            end_entry(p);
    }
    memset(out, 0, n * sizeof *out);
    return mode;
}
