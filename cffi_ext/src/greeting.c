#include "greeting.h"

enum {
    PAUSE_FRAMES = 35, /* 0.7 s end an utterance: a person waits for an answer, a recording breathes */
    /* "Hello? Who is this?" takes below 2 s of speech, greetings of telephone companies 6 to 20 s. */
    SUSPECT_FRAMES = 150,
    STEP = 5,
    STEP_FRAMES = 50, /* so much more for each further second of speech */
    LEAST = 50,
    MOST = 90,
    /* Of the last 15 s: a recording that pauses as long as a person who waits for an answer goes on without one. Of 28
     * greetings without a long utterance 20 had this much, of 397 people none (tests/detect/corpus.py, the first 96 and 420);
     * chosen on half of the one and a third of the other. It ends no call by itself. */
    SPOKEN_FRAMES = 225,
    SPOKEN_MOST = 80,
};

static const float SPEECH_POWER = 5600.0f; /* mean square of -47 dBm0 */
static const float ABOVE_FLOOR = 6.0f;     /* 8 dB */
static const float ECHO = 0.1f;        /* what is 10 dB below our own prompt is its echo, and no greeting */
static const float TOLD_DECAY = 0.93f; /* a frame: 19 dB in the 600 ms that an echo takes at most */
static const float FLOOR_RISE = 1.005f;    /* a frame: 6.5 dB in 6 s, longer than a greeting's longest breath group */

static void count(greeting_detector *g, bool speech)
{
    g->spoken = (uint16_t)(g->spoken + speech - g->lately[g->at]);
    g->lately[g->at] = speech;
    g->at = (uint16_t)((g->at + 1) % GREETING_FRAMES);
    if (g->spoken > g->most)
        g->most = g->spoken;
}

/* 0 below what makes suspect, then more with each second. */
static int sure_of(int frames, int suspect, int most)
{
    int sure = LEAST + STEP * (frames - suspect) / STEP_FRAMES;

    return frames < suspect ? 0 : sure > most ? most : sure;
}

float greeting_echo(const greeting_detector *g)
{
    return g->told * ECHO;
}

int greeting_hear(greeting_detector *g, float power, float sent)
{
    g->told = sent > g->told ? sent : g->told * TOLD_DECAY;
    g->floor = power < g->floor || !g->begun ? power : g->floor * FLOOR_RISE;
    g->begun = true;
    bool speech = power > SPEECH_POWER && power > g->floor * ABOVE_FLOOR && power > greeting_echo(g);
    if (speech) {
        g->run += g->run < UINT16_MAX;
        g->pause = 0;
    } else if (g->run && ++g->pause >= PAUSE_FRAMES) {
        g->run = g->pause = 0;
    }
    if (g->run > g->longest)
        g->longest = g->run;
    count(g, speech);
    int whole = sure_of(g->longest, SUSPECT_FRAMES, MOST), parts = sure_of(g->most, SPOKEN_FRAMES, SPOKEN_MOST);
    return whole > parts ? whole : parts;
}
