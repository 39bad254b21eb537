#include "greeting.h"

enum {
    PAUSE_FRAMES = 35, /* 0.7 s end an utterance: a person waits for an answer, a recording breathes */
    /* "Hello? Who is this?" takes below 2 s of speech, greetings of telephone companies 6 to 20 s. */
    SUSPECT_FRAMES = 150,
    STEP_FRAMES = 50, /* 5 more for each further second of speech */
    LEAST = 50,
    MOST = 90,
};

static const float SPEECH_POWER = 5600.0f; /* mean square of -47 dBm0 */
static const float ABOVE_FLOOR = 6.0f;     /* 8 dB */
static const float ECHO = 0.1f;        /* what is 10 dB below our own prompt is its echo, and no greeting */
static const float TOLD_DECAY = 0.93f; /* a frame: 19 dB in the 600 ms that an echo takes at most */
static const float FLOOR_RISE = 1.005f;    /* a frame: 6.5 dB in 6 s, longer than a greeting's longest breath group */

float greeting_echo(const greeting_detector *g)
{
    return g->told * ECHO;
}

int greeting_hear(greeting_detector *g, float power, float sent)
{
    g->told = sent > g->told ? sent : g->told * TOLD_DECAY;
    g->floor = power < g->floor || !g->begun ? power : g->floor * FLOOR_RISE;
    g->begun = true;
    if (power > SPEECH_POWER && power > g->floor * ABOVE_FLOOR && power > greeting_echo(g)) {
        g->run += g->run < UINT16_MAX;
        g->pause = 0;
    } else if (g->run && ++g->pause >= PAUSE_FRAMES) {
        g->run = g->pause = 0;
    }
    if (g->run > g->longest)
        g->longest = g->run;
    if (g->longest < SUSPECT_FRAMES)
        return 0;
    int sure = LEAST + 5 * (g->longest - SUSPECT_FRAMES) / STEP_FRAMES;
    return sure > MOST ? MOST : sure;
}
