#include "catch_up.h"

enum {
    WATCH = 32000, /* 2 s: more than can be said at once before there is no room */
    PATIENCE = 50, /* pieces to wait for a pause or a vowel before one is made shorter anywhere */
};

void catch_up_watch(catch_up *c, unsigned waiting, unsigned more, bool room)
{
    if (!room) {
        *c = (catch_up){0};
        return;
    }
    if (!c->watched || waiting < c->least)
        c->least = waiting;
    c->watched += more;
    if (c->watched < WATCH)
        return;
    c->spare = c->least > CATCH_UP_PIECE ? c->least - CATCH_UP_PIECE : 0;
    c->watched = 0;
}

unsigned catch_up_shorten(catch_up *c, int16_t *pcm)
{
    const unsigned least = STRETCH_LEAST_US * CATCH_UP_PER_MS / 1000, most = STRETCH_MOST_MS * CATCH_UP_PER_MS;

    if (c->spare < least)
        return CATCH_UP_PIECE;
    stretch_plan plan = stretch_find(pcm, CATCH_UP_PER_MS, c->spare < most ? c->spare : most);
    if (!plan.unheard && ++c->patience < PATIENCE)
        return CATCH_UP_PIECE;
    c->patience = 0;
    plan.lag -= plan.lag % 2;
    c->spare -= plan.lag;
    return stretch_shorter(pcm, CATCH_UP_PER_MS, plan.lag);
}
