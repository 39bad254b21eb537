#include "baudot.h"

#include <string.h>

#include "kinline_tty.h"

enum {
    CODES = 32,
    /* One lost shift garbles at most as many characters: 0.2 % of lost packets garbled whole lines without. */
    SHIFT_EVERY = 8,
    CODE_CR = 0x08,
    CODE_LF = 0x02,
    CODE_BLANK = 0x04,
};

/* ITU-T V.18 annex A and TIA-825-A, by the code's value with the first bit sent as the lowest. 0: no character. */
static const char LETTERS[CODES] = "\bE\nA SIU\rDRJNFCKTZLWHYPQOBG\0MXV";
static const char FIGURES[CODES] = "\b3\n- \00087\r$4',!:(5\")2=6019?+\0./;";

/* A code behind a blank in figures tells senders apart: one that unshifts needs figures again and never letters. Where
 * neither has come yet, a number goes on in figures and a sentence in letters. */
static void behind_blank(baudot_decoder *d, uint8_t code)
{
    if (code == BAUDOT_FIGURES)
        d->sender = BLANK_UNSHIFTS;
    else if (code == BAUDOT_LETTERS)
        d->sender = BLANK_KEEPS;
    else if (d->sender == BLANK_UNSHIFTS || (d->sender == BLANK_UNKNOWN && (d->before < '0' || d->before > '9')))
        d->figures = false;
}

char baudot_decode(baudot_decoder *d, uint8_t code)
{
    char line_end = d->line_end;

    if (d->blank && d->figures)
        behind_blank(d, code);
    d->blank = code == CODE_BLANK;
    if (code == BAUDOT_FIGURES || code == BAUDOT_LETTERS) {
        d->figures = code == BAUDOT_FIGURES;
        return 0;
    }
    d->line_end = 0;
    char c = (d->figures ? FIGURES : LETTERS)[code % CODES];
    if (c != '\r' && c != '\n') {
        d->before = d->blank ? d->before : c;
        return c;
    }
    if (line_end && line_end != c) /* the second half of CR LF */
        return 0;
    d->line_end = c;
    return '\n';
}

static int find(const char *alphabet, char c)
{
    for (int i = 0; i < CODES; i++)
        if (alphabet[i] == c && c)
            return i;
    return -1;
}

int baudot_encode(baudot_encoder *e, char c, uint8_t codes[BAUDOT_PER_CHARACTER])
{
    int n = 0, code;

    if (c >= 'a' && c <= 'z')
        c = (char)(c - 'a' + 'A');
    if (c == '\n' || c == '\r') { /* either is a new line */
        codes[n++] = CODE_CR;
        codes[n++] = CODE_LF;
        e->after_blank = true;
        return n;
    }
    bool in_letters = find(LETTERS, c) >= 0, in_figures = find(FIGURES, c) >= 0;
    if (!in_letters && !in_figures) {
        c = '?';
        in_figures = true;
    }
    bool figures = in_letters && in_figures ? e->figures : in_figures;
    if (!e->begun || figures != e->figures || e->after_blank || e->since_shift >= SHIFT_EVERY) {
        codes[n++] = figures ? BAUDOT_FIGURES : BAUDOT_LETTERS;
        e->since_shift = 0;
    }
    code = find(figures ? FIGURES : LETTERS, c);
    codes[n++] = (uint8_t)code;
    e->begun = true;
    e->figures = figures;
    e->after_blank = c == ' ';
    e->since_shift++;
    return n;
}

size_t kl_baudot_encode(const char *text, size_t n, uint8_t *codes, size_t max)
{
    baudot_encoder e = {0};
    uint8_t some[BAUDOT_PER_CHARACTER];
    size_t made = 0;

    for (size_t i = 0; i < n; i++) {
        int count = baudot_encode(&e, text[i], some);
        for (int k = 0; k < count; k++, made++)
            if (made < max)
                codes[made] = some[k];
    }
    return made;
}

size_t kl_baudot_decode(const uint8_t *codes, size_t n, char *text, size_t max)
{
    baudot_decoder d = {0};
    size_t made = 0;

    for (size_t i = 0; i < n; i++) {
        char c = baudot_decode(&d, codes[i]);
        if (c && made++ < max)
            text[made - 1] = c;
    }
    return made;
}
