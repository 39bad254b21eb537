/* Recognising and reading a text telephone on a line. Nothing here allocates after init. */
#ifndef KL_TTY_H
#define KL_TTY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "baudot.h"
#include "baudot_line.h"

enum {
    TTY_BLOCK = 80,   /* samples: 10 ms, less than half a bit, so that most blocks hold one tone */
    TTY_HISTORY = 12, /* blocks kept while nobody listens: the first character is not lost to recognition */
    TTY_HELD = 64,    /* characters that wait to be taken */
};

/* A place for what is read. Without one a text telephone is recognised and its characters counted, no more. */
typedef struct {
    size_t n;
    bool fresh; /* something has come since this was last cleared */
    char held[TTY_HELD];
} tty_text;

typedef struct {
    tty_text *text; /* NULL: nothing is read */
    baudot_line line;
    baudot_decoder code;
    bool carrier;
    bool recognised;
    uint8_t tonal;     /* of the last 8 blocks, newest in bit 0: mark or space, and nothing else */
    uint8_t marks, spaces; /* likewise: which */
    uint16_t quiet;    /* blocks since carrier was last seen */
    uint16_t in_carrier; /* characters since the carrier began */
    uint64_t blocks;
    uint64_t recognised_block;
    uint64_t characters;
    int16_t history[TTY_HISTORY * TTY_BLOCK];
    int history_at;
} tty_receiver;

/* As if nothing had been heard; also the first time. */
void tty_restart(tty_receiver *t);
/* n: a multiple of TTY_BLOCK. */
void tty_hear(tty_receiver *t, const int16_t *pcm, size_t n);
#endif
