/* The Baudot code of US text telephones and its shift state. */
#ifndef KL_BAUDOT_H
#define KL_BAUDOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { BAUDOT_BITS = 5, BAUDOT_FIGURES = 0x1b, BAUDOT_LETTERS = 0x1f, BAUDOT_PER_CHARACTER = 3 };

/* Whether a blank returns to letters without a shift. Some senders do that, the standard does not. */
typedef enum { BLANK_UNKNOWN, BLANK_KEEPS, BLANK_UNSHIFTS } baudot_blank;

typedef struct {
    bool figures;
    bool blank;   /* the last code was one */
    char before;  /* the character before it */
    baudot_blank sender; /* as far as it has shown */
    char line_end; /* the CR or LF that the last code was, 0: neither */
} baudot_decoder;

typedef struct {
    bool begun;
    bool figures;
    uint8_t since_shift;
    bool after_blank;
} baudot_encoder;

/* The character that a code stands for, 0 for none. */
char baudot_decode(baudot_decoder *d, uint8_t code);
/* At most BAUDOT_PER_CHARACTER codes for one character; returns how many. */
int baudot_encode(baudot_encoder *e, char c, uint8_t codes[BAUDOT_PER_CHARACTER]);

#endif
