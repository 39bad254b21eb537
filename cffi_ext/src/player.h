/* One side's play list: clips one after another, each heard instead of the talk or over it. */
#ifndef KL_PLAYER_H
#define KL_PLAYER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "clip.h"

enum { PLAYER_ENTRIES = 64 };

/* One request to play; both sides' entries may belong to it. */
typedef struct {
    int32_t token;
    uint32_t entries; /* not yet over; 0: free */
    bool stopped;
} play;

typedef struct {
    clip *clip;
    play *play;
    bool overlay;
} player_entry;

typedef void (*player_over)(void *user, const play *ended);

typedef struct {
    player_over over; /* called when the last entry of a play is over */
    void *user;
    uint32_t head, tail;
    size_t at; /* of the entry at tail heard, in samples at 8 kHz whatever the leg's rate, which may change */
    player_entry entry[PLAYER_ENTRIES];
} player;

typedef enum { PLAYER_IDLE, PLAYER_ALONE, PLAYER_OVERLAY } player_mode;

bool player_busy(const player *p);
/* Whether what comes next goes over the talk, and has not begun. */
bool player_overlay_is_next(const player *p);
uint32_t player_room(const player *p);
/* There must be room. */
void player_add(player *p, clip *c, play *owner, bool overlay);
/* Ends all entries as stopped. */
void player_stop(player *p);
/* The next n samples at 16 kHz (wide; n is even) or 8 kHz, zeros behind the end, and how to mix them. */
player_mode player_pull(player *p, int16_t *out, size_t n, bool wide);

#endif
