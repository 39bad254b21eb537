/* Call progress tones of North America, and the tones of fax machines and modems, by spandsp. */
#ifndef KL_PROGRESS_H
#define KL_PROGRESS_H

#include <spandsp.h>
#include <stdbool.h>
#include <stdint.h>

/* sign: KL_SIGN_... */
typedef void (*progress_report)(void *user, int sign, uint32_t detail);

enum { PROGRESS_HISTORY = 1200 /* samples: 150 ms, enough to tell 440 from 480 Hz */ };

typedef struct {
    super_tone_rx_descriptor_t *tones;
    super_tone_rx_state_t *rx;
    modem_connect_tones_rx_state_t *fax, *cng;
    int16_t history[PROGRESS_HISTORY];
    int history_at;
    bool doubted; /* the receiver took noise for a tone: it is begun anew */
    progress_report report;
    void *user;
} progress_detector;

/* False without memory. */
bool progress_init(progress_detector *p, progress_report report, void *user);
void progress_release(progress_detector *p);
/* As if nothing had been heard; does not allocate. */
void progress_restart(progress_detector *p);
void progress_tones(progress_detector *p, const int16_t *pcm, int n);
void progress_fax(progress_detector *p, const int16_t *pcm, int n);

#endif
