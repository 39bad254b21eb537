/* How loud the receiver is: a gain that the inmate sets, held below the loudest there is.
 *
 * ADA standards 704.3 want 20 dB with a step at 12, 47 CFR 68.317 12 to 18 dB and more where it
 * resets on hook, which the host does. */
#ifndef KL_VOLUME_H
#define KL_VOLUME_H

#include <stdint.h>

enum { VOLUME_MOST_DB = 24 };

typedef struct {
    int db;     /* 0: nothing is done */
    float gain; /* what db asks for */
    float now;  /* what is applied, less while it is loud */
} volume;

void volume_set(volume *v, int db);
/* In place, 16 kHz. */
void volume_apply(volume *v, int16_t *pcm, int n);

#endif
