/* The beep after which a machine records: one pure tone of any frequency, then silence. */
#ifndef KL_BEEP_H
#define KL_BEEP_H

#include <stdbool.h>
#include <stdint.h>

enum { BEEP_BLOCK = 80, BEEP_REACH = 4 };

typedef struct {
    int16_t last[2 * BEEP_REACH]; /* samples before the block */
    float power;
    float hz;        /* of the tone in hand; 0: none */
    uint16_t blocks; /* that it has lasted */
    bool over;       /* it has ended; what follows decides */
    uint16_t silent; /* blocks since then */
} beep_detector;

/* n: a multiple of BEEP_BLOCK; echo: mean square below which all may be our own prompt's echo. The beep's frequency when
 * one has just been told, else 0. */
uint32_t beep_hear(beep_detector *b, const int16_t *pcm, int n, float echo);

#endif
