/* Keeps live speech from falling behind for good: what was once held up, by a busy network or program, would otherwise
 * wait as long until its speaker is done. When for two seconds more of it waited than was ever needed, it is said a
 * little shorter, in a pause or by whole periods of a vowel (stretch.h). Whoever says a file as fast as it is taken is
 * no live speaker: its waiting is wanted. */
#ifndef KL_CATCH_UP_H
#define KL_CATCH_UP_H

#include <stdbool.h>
#include <stdint.h>

#include "stretch.h"

enum {
    CATCH_UP_PER_MS = 16,
    CATCH_UP_PIECE = STRETCH_MS * CATCH_UP_PER_MS,
};

/* In samples; all zeros to begin with. */
typedef struct {
    unsigned watched;  /* said since the watch began */
    unsigned least;    /* the least that waited when more came */
    unsigned spare;    /* to be left out */
    unsigned patience; /* pieces for which that has waited for a moment when it is not heard */
} catch_up;

/* So much waited when so much more came; whether there is room for it. */
void catch_up_watch(catch_up *c, unsigned waiting, unsigned more, bool room);
/* Makes CATCH_UP_PIECE samples shorter where that is wanted and not heard; returns how many are left, an even number. */
unsigned catch_up_shorten(catch_up *c, int16_t *pcm);

#endif
