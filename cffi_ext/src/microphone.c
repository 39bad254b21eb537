#include "microphone.h"

#include <string.h>

#include "mix.h"

enum {
    RESAMPLER_QUALITY = 4, /* as talk.c */
    AGC_LEVEL = 3000,      /* RMS of speech at -17 dBm0, the ordinary level; speex's own 8000 would clip it */
    AGC_MOST_DB = 9,       /* a handset is held near the mouth; more would bring up the dormitory */
    AGC_RISE_DB = 12,      /* a second, speex's default; not while the receiver speaks: that would raise its echo */
    RECEIVER_SPEAKS = 200, /* RMS: -44 dBov */
    NOISE_DB = -15,        /* steady noise is lowered by as much */
    ECHO_DB = -40,         /* and what is left of the echo, while the far end speaks */
    ECHO_TALK_DB = -15,    /* and while both do */
};

static bool states_init(microphone_states *s, int rate)
{
    int frame = rate / 50 / MICROPHONE_BLOCKS, on = 1, most = AGC_MOST_DB, noise = NOISE_DB, echo = ECHO_DB, both = ECHO_TALK_DB;
    float level = AGC_LEVEL;

    s->echo = speex_echo_state_init(frame, rate * MICROPHONE_TAIL_MS / 1000);
    s->preprocess = speex_preprocess_state_init(frame, rate);
    if (!s->echo || !s->preprocess)
        return false;
    speex_echo_ctl(s->echo, SPEEX_ECHO_SET_SAMPLING_RATE, &rate);
    speex_preprocess_ctl(s->preprocess, SPEEX_PREPROCESS_SET_ECHO_STATE, s->echo);
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
    int error = 0;

    m->mouth = speex_resampler_init(1, 16000, 8000, RESAMPLER_QUALITY, &error);
    m->ear = speex_resampler_init(1, 16000, 8000, RESAMPLER_QUALITY, &error);
    m->idle = true;
    return states_init(&m->narrow, 8000) && states_init(&m->wide, 16000) && m->mouth && m->ear;
}

void microphone_release(microphone *m)
{
    states_release(&m->narrow);
    states_release(&m->wide);
    if (m->mouth)
        speex_resampler_destroy(m->mouth);
    if (m->ear)
        speex_resampler_destroy(m->ear);
}

void microphone_played(microphone *m, const int16_t *pcm)
{
    memcpy(m->played[m->next], pcm, sizeof m->played[0]);
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
    speex_echo_state_reset(m->narrow.echo);
    speex_echo_state_reset(m->wide.echo);
    speex_resampler_reset_mem(m->mouth);
    speex_resampler_reset_mem(m->ear);
}

static void to_narrow(SpeexResamplerState *r, const int16_t *pcm, int16_t *out)
{
    spx_uint32_t took = MICROPHONE_FRAME, made = MICROPHONE_FRAME / 2;

    speex_resampler_process_int(r, 0, pcm, &took, out, &made);
    memset(out + made, 0, (MICROPHONE_FRAME / 2 - made) * sizeof *out);
}

static void run(microphone_states *s, const int16_t *mouth, const int16_t *ear, int n, int16_t *out)
{
    int rise = mix_rms(ear, n) > RECEIVER_SPEAKS ? 0 : AGC_RISE_DB;

    speex_preprocess_ctl(s->preprocess, SPEEX_PREPROCESS_SET_AGC_INCREMENT, &rise);
    for (int at = 0; at < n; at += n / MICROPHONE_BLOCKS) {
        speex_echo_cancellation(s->echo, mouth + at, ear + at, out + at);
        speex_preprocess_run(s->preprocess, out + at);
    }
}

void microphone_clean(microphone *m, const int16_t *pcm, int rate, int16_t *out)
{
    const int16_t *played = m->played[m->next]; /* the oldest */
    int16_t mouth[MICROPHONE_FRAME / 2], ear[MICROPHONE_FRAME / 2];

    begin(m);
    if (rate == 16000) {
        run(&m->wide, pcm, played, MICROPHONE_FRAME, out);
        return;
    }
    to_narrow(m->mouth, pcm, mouth);
    to_narrow(m->ear, played, ear);
    run(&m->narrow, mouth, ear, MICROPHONE_FRAME / 2, out);
}
