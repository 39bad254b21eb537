/* One end of a call, as the signal path sees it: something that is heard and spoken to. */
#ifndef KL_LEG_H
#define KL_LEG_H

#include <stdbool.h>
#include <stdint.h>

enum {
    VOICE_MS = 20, /* the longest stretch that goes through a call at once */
    VOICE_NARROW = 8000 * VOICE_MS / 1000,
    VOICE_WIDE = 16000 * VOICE_MS / 1000,
};

/* Up to 20 ms of one party's voice. */
typedef struct {
    int rate; /* 8000 or 16000 samples a second */
    int n;    /* samples */
    int16_t pcm[VOICE_WIDE];
} voice;

typedef enum {
    HEARD_NOTHING, /* nothing came when it was due; the voice is silence */
    HEARD_MADE_UP, /* silence or concealment stands in for what is missing */
    HEARD_VOICE,
} heard;

typedef struct leg leg;

/* Everything happens in the audio thread. */
typedef struct {
    /* The next stretch of what the party says. */
    heard (*hear)(leg *l, voice *v);
    /* Whether it can be spoken to just now. */
    bool (*listens)(const leg *l);
    /* A stretch for the party at the leg's rate; NULL is n samples of silence. */
    void (*say)(leg *l, const int16_t *pcm, int n);
    /* The party is told nothing for n samples. */
    void (*skip)(leg *l, int n);
    /* Takes the leg out of everything that knows it. */
    void (*unhook)(leg *l);
} leg_kind;

struct leg {
    const leg_kind *kind;
    int rate; /* samples a second, both ways */
};

#endif
