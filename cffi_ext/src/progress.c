#include "progress.h"

#include <math.h>
#include <string.h>

#include "kinline_detect.h"

/* spandsp takes the two strongest of its frequencies for a tone if they are above the mean, which noise at -41 dBm0 does
 * once in some minutes: what it finds must hold this share of the energy of the last 150 ms. */
static const float TONE_SHARE = 0.6f;

/* One element of a tone: two frequencies (0: none) for so many milliseconds. */
typedef struct {
    int f1, f2, least_ms, most_ms;
} element;

typedef struct {
    int sign;
    uint32_t detail;
    element elements[4];
} cadence;

/* TIA-464 and Bellcore GR-506. A tone that is held long enough is one without waiting for its pause: the second
 * ring of a third party's telephone may be answered before it. SIT: the first two of its three tones are high or low. */
static const cadence CADENCES[] = {
    {KL_SIGN_DIAL_TONE, 0, {{350, 440, 1800, 0}}},
    {KL_SIGN_RINGBACK, 0, {{440, 480, 1300, 0}}},
    {KL_SIGN_BUSY, 0, {{480, 620, 400, 600}, {0, 0, 400, 600}, {480, 620, 400, 600}}},
    {KL_SIGN_REORDER, 0, {{480, 620, 180, 350}, {0, 0, 150, 350}, {480, 620, 180, 350}}},
    {KL_SIGN_SIT, 1, {{914, 0, 220, 460}, {1371, 0, 220, 460}, {1777, 0, 220, 460}}},
    {KL_SIGN_SIT, 2, {{914, 0, 220, 460}, {1429, 0, 220, 460}, {1777, 0, 220, 460}}},
    {KL_SIGN_SIT, 3, {{985, 0, 220, 460}, {1371, 0, 220, 460}, {1777, 0, 220, 460}}},
    {KL_SIGN_SIT, 4, {{985, 0, 220, 460}, {1429, 0, 220, 460}, {1777, 0, 220, 460}}},
};
enum { CADENCE_COUNT = sizeof CADENCES / sizeof *CADENCES };

/* spandsp takes a pair for what it is only if its frequencies were first named in ascending order. */
static const int FREQUENCIES[] = {350, 440, 480, 620, 914, 985, 1371, 1429, 1777};
enum { FREQUENCY_COUNT = sizeof FREQUENCIES / sizeof *FREQUENCIES };

static float share_of(const progress_detector *p, int hz, float energy)
{
    float coefficient = 2 * cosf((float)(2 * M_PI / 8000) * (float)hz), s1 = 0, s2 = 0;

    for (int i = 0; i < PROGRESS_HISTORY; i++) {
        float s0 = p->history[(p->history_at + i) % PROGRESS_HISTORY] + coefficient * s1 - s2;
        s2 = s1;
        s1 = s0;
    }
    return 2 * (s1 * s1 + s2 * s2 - coefficient * s1 * s2) / (energy * PROGRESS_HISTORY);
}

/* Whether the line holds little else than this element, which is the one in progress. */
static bool holds(const progress_detector *p, const element *e)
{
    float energy = 1;

    for (int i = 0; i < PROGRESS_HISTORY; i++)
        energy += (float)p->history[i] * (float)p->history[i];
    return share_of(p, e->f1, energy) + (e->f2 ? share_of(p, e->f2, energy) : 0) >= TONE_SHARE;
}

static void tone_heard(void *user, int code, int level, int delay)
{
    progress_detector *p = user;

    (void)level;
    (void)delay;
    if (code >= FREQUENCY_COUNT && code < FREQUENCY_COUNT + CADENCE_COUNT) {
        const cadence *c = &CADENCES[code - FREQUENCY_COUNT];
        const element *last = c->elements;
        while (last[1].least_ms)
            last++;
        if (holds(p, last))
            p->report(p->user, c->sign, c->detail);
        else
            p->doubted = true;
    }
}

static void fax_heard(void *user, int code, int level, int delay)
{
    progress_detector *p = user;

    (void)level;
    (void)delay;
    if (code != MODEM_CONNECT_TONES_NONE)
        p->report(p->user, KL_SIGN_FAX, (uint32_t)code);
}

static super_tone_rx_descriptor_t *describe(void)
{
    super_tone_rx_descriptor_t *d = super_tone_rx_make_descriptor(NULL);

    if (!d)
        return NULL;
    for (int i = 0; i < FREQUENCY_COUNT; i++) /* an hour: never met */
        super_tone_rx_add_element(d, super_tone_rx_add_tone(d), FREQUENCIES[i], 0, 3600000, 0);
    for (int i = 0; i < CADENCE_COUNT; i++) {
        int tone = super_tone_rx_add_tone(d);
        for (const element *e = CADENCES[i].elements; e->least_ms; e++)
            super_tone_rx_add_element(d, tone, e->f1, e->f2, e->least_ms, e->most_ms);
    }
    return d;
}

bool progress_init(progress_detector *p, progress_report report, void *user)
{
    memset(p, 0, sizeof *p);
    p->report = report;
    p->user = user;
    p->tones = describe();
    if (!p->tones)
        return false;
    p->rx = super_tone_rx_init(NULL, p->tones, tone_heard, p);
    p->fax = modem_connect_tones_rx_init(NULL, MODEM_CONNECT_TONES_FAX_CED_OR_PREAMBLE, fax_heard, p);
    p->cng = modem_connect_tones_rx_init(NULL, MODEM_CONNECT_TONES_FAX_CNG, fax_heard, p);
    return p->rx && p->fax && p->cng;
}

void progress_release(progress_detector *p)
{
    if (p->cng)
        modem_connect_tones_rx_free(p->cng);
    if (p->fax)
        modem_connect_tones_rx_free(p->fax);
    if (p->rx)
        super_tone_rx_free(p->rx);
    if (p->tones)
        super_tone_rx_free_descriptor(p->tones);
    memset(p, 0, sizeof *p);
}

void progress_restart(progress_detector *p)
{
    super_tone_rx_init(p->rx, p->tones, tone_heard, p);
    memset(p->history, 0, sizeof p->history);
    modem_connect_tones_rx_init(p->fax, MODEM_CONNECT_TONES_FAX_CED_OR_PREAMBLE, fax_heard, p);
    modem_connect_tones_rx_init(p->cng, MODEM_CONNECT_TONES_FAX_CNG, fax_heard, p);
}

void progress_tones(progress_detector *p, const int16_t *pcm, int n)
{
    for (int i = 0; i < n; i++) {
        p->history[p->history_at] = pcm[i];
        p->history_at = p->history_at + 1 < PROGRESS_HISTORY ? p->history_at + 1 : 0;
    }
    super_tone_rx(p->rx, pcm, n);
    if (p->doubted)
        super_tone_rx_init(p->rx, p->tones, tone_heard, p);
    p->doubted = false;
}

void progress_fax(progress_detector *p, const int16_t *pcm, int n)
{
    modem_connect_tones_rx(p->fax, pcm, n);
    modem_connect_tones_rx(p->cng, pcm, n);
}
