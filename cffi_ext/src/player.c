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
        size_t left;
        const int16_t *pcm = clip_from(e->clip, p->at, wide, &left);
        size_t take = left < n ? left : n;

        if (mode == PLAYER_IDLE)
            mode = e->overlay ? PLAYER_OVERLAY : PLAYER_ALONE;
        memcpy(out, pcm, take * sizeof *out);
        out += take;
        n -= take;
        p->at += wide ? take / 2 : take;
        if (take == left)
            end_entry(p);
    }
    memset(out, 0, n * sizeof *out);
    return mode;
}
