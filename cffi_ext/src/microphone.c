#include "microphone.h"

#include <string.h>

#include "mix.h"

enum {
    AGC_LEVEL = 3000,      /* RMS of speech at -17 dBm0, the ordinary level; speex's own 8000 would clip it */
    AGC_MOST_DB = 9,       /* a handset is held near the mouth; more would bring up the dormitory */
    AGC_RISE_DB = 12,      /* a second, speex's default; not while the receiver speaks: that would raise its echo */
    RECEIVER_SPEAKS = 200, /* RMS: -44 dBov */
    RECEIVER_SILENT = 32,  /* RMS: -60 dBov, whose echo drowns in the coding of the line */
    /* So long after the receiver fell silent nothing of it can be heard: its way there and back, and the tail. */
    ECHO_FRAMES = MICROPHONE_DELAY + (MICROPHONE_TAIL_MS + 19) / 20,
    NOISE_DB = -15,        /* steady noise is lowered by as much */
    ECHO_DB = -40,         /* and what is left of the echo, while the far end speaks */
    ECHO_TALK_DB = -15,    /* and while both do */
};

static bool states_init(microphone_states *s, int rate)
{
    int frame = rate / 50, on = 1, most = AGC_MOST_DB, noise = NOISE_DB, echo = ECHO_DB, both = ECHO_TALK_DB;
    float level = AGC_LEVEL;

    s->echo = speex_echo_state_init(frame, rate * MICROPHONE_TAIL_MS / 1000);
    s->preprocess = speex_preprocess_state_init(frame, rate);
    if (!s->echo || !s->preprocess)
        return false;
    speex_echo_ctl(s->echo, SPEEX_ECHO_SET_SAMPLING_RATE, &rate);
    speex_preprocess_ctl(s->preprocess, SPEEX_PREPROCESS_SET_ECHO_SUPPRESS, &echo);
    speex_preprocess_ctl(s->preprocess, SPEEX_PREPROCESS_SET_ECHO_SUPPRESS_ACTIVE, &both);
    speex_preprocess_ctl(s->preprocess, SPEEX_PREPROCESS_SET_DENOISE, &on);
    speex_preprocess_ctl(s->preprocess, SPEEX_PREPROCESS_SET_NOISE_SUPPRESS, &noise);
    speex_preprocess_ctl(s->preprocess, SPEEX_PREPROCESS_SET_AGC, &on);
    speex_preprocess_ctl(s->preprocess, SPEEX_PREPROCESS_SET_AGC_LEVEL, &level);
    speex_preprocess_ctl(s->preprocess, SPEEX_PREPROCESS_SET_AGC_MAX_GAIN, &most);
    return true;
}

static void states_release(microphone_states *s)
{
    if (s->echo)
        speex_echo_state_destroy(s->echo);
    if (s->preprocess)
        speex_preprocess_state_destroy(s->preprocess);
}

bool microphone_init(microphone *m)
{
    m->idle = true;
    return states_init(&m->narrow, 8000) && states_init(&m->wide, 16000);
}

void microphone_release(microphone *m)
{
    states_release(&m->narrow);
    states_release(&m->wide);
}

void microphone_played(microphone *m, const int16_t *pcm)
{
    memcpy(m->played[m->next], pcm, sizeof m->played[0]);
    m->level[m->next] = mix_rms(pcm, MICROPHONE_FRAME);
    m->silent = m->level[m->next] > RECEIVER_SILENT ? 0 : m->silent + (m->silent < ECHO_FRAMES);
    m->next = (m->next + 1) % MICROPHONE_DELAY;
}

/* What was said before must not sound through: filters and canceller forget. */
void microphone_rest(microphone *m)
{
    m->idle = true;
}

static void begin(microphone *m)
{
    if (!m->idle)
        return;
    m->idle = false;
    m->cancelling = true;
    speex_echo_state_reset(m->narrow.echo);
    speex_echo_state_reset(m->wide.echo);
    m->mouth = m->ear = (halves){0};
}

/* Without the echo. While none can come the canceller rests, and keeps what it has learnt: its filter of silence is silence.
 * Its filter against hum comes and goes with it, so it is blended in, two frames before an echo can be there. */
static void cancel(microphone *m, microphone_states *s, const int16_t *mouth, const int16_t *ear, int n, int16_t *out)
{
    bool was = m->cancelling;

    m->cancelling = m->silent < ECHO_FRAMES;
    speex_preprocess_ctl(s->preprocess, SPEEX_PREPROCESS_SET_ECHO_STATE, m->cancelling ? s->echo : NULL);
    if (was || m->cancelling)
        speex_echo_cancellation(s->echo, mouth, ear, out);
    else
        memcpy(out, mouth, (size_t)n * sizeof *out);
    for (int i = 0; was != m->cancelling && i < n; i++) {
        int to = m->cancelling ? out[i] : mouth[i], from = m->cancelling ? mouth[i] : out[i];
        out[i] = (int16_t)(from + (to - from) * i / n);
    }
}

static void run(microphone *m, microphone_states *s, const int16_t *mouth, const int16_t *ear, int n, int16_t *out)
{
    int rise = m->level[m->next] > RECEIVER_SPEAKS ? 0 : AGC_RISE_DB;

    cancel(m, s, mouth, ear, n, out);
    speex_preprocess_ctl(s->preprocess, SPEEX_PREPROCESS_SET_AGC_INCREMENT, &rise);
    speex_preprocess_run(s->preprocess, out);
}

void microphone_clean(microphone *m, const int16_t *pcm, int rate, int16_t *out)
{
    const int16_t *played = m->played[m->next]; /* the oldest */
    int16_t mouth[MICROPHONE_FRAME / 2], ear[MICROPHONE_FRAME / 2];

    begin(m);
    if (rate == 16000) {
        run(m, &m->wide, pcm, played, MICROPHONE_FRAME, out);
        return;
    }
    halves_down(&m->mouth, pcm, MICROPHONE_FRAME / 2, mouth);
    halves_down(&m->ear, played, MICROPHONE_FRAME / 2, ear);
    run(m, &m->narrow, mouth, ear, MICROPHONE_FRAME / 2, out);
}
