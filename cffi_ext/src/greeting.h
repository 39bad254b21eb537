/* Speech that goes on as recorded announcements do: a person who answers says a word or two and listens. */
#ifndef KL_GREETING_H
#define KL_GREETING_H

#include <stdbool.h>
#include <stdint.h>

enum { GREETING_FRAMES = 750 }; /* 15 s: what speech there is in it is counted */

typedef struct {
    bool begun;
    float floor;       /* running minimum of the power */
    float told;        /* power of what the far party was told, decaying as its echo does */
    uint16_t run;      /* frames of speech in the utterance in hand */
    uint16_t pause;    /* frames since speech */
    uint16_t longest;  /* frames of speech in the longest utterance */
    uint16_t at;       /* in lately */
    uint16_t spoken;   /* frames of speech lately, */
    uint16_t most;     /* and the most there have been */
    bool lately[GREETING_FRAMES]; /* whether each was speech */
} greeting_detector;

/* The power below which all that is heard may be the echo of what was sent. */
float greeting_echo(const greeting_detector *g);
/* One frame of 20 ms with this mean square, and that of what was sent meanwhile; returns the confidence, 0 to 90. */
int greeting_hear(greeting_detector *g, float power, float sent);

#endif
