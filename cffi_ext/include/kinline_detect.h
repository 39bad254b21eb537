/* What a line sounds like: call progress, machines, and signs of a third party. 8 kHz, 16-bit linear.
 *
 * A sign is a suspicion with a confidence from 0 to 100, never a verdict: what follows is decided elsewhere. A sign
 * is reported when it appears, and again when it becomes surer by 10 or more. docs/detection.md has the rates of
 * false and missed signs on a labelled corpus. */
#ifndef KINLINE_DETECT_H
#define KINLINE_DETECT_H

#include <stddef.h>
#include <stdint.h>

typedef struct kl_detect kl_detect;

/* What is listened for. */
enum {
    KL_DETECT_NOTHING = 0,
    KL_DETECT_ANSWER = 1, /* between answer and acceptance: tones, machines, fax */
    KL_DETECT_TALK = 2,   /* in the talk: signs of a third party */
    KL_DETECT_TTY = 3,    /* in a talk that is private: text telephones only, and nothing is read */
};

enum {
    KL_SIGN_RINGBACK = 1,    /* a telephone rings behind one that has answered */
    KL_SIGN_BUSY = 2,
    KL_SIGN_REORDER = 3,
    KL_SIGN_DIAL_TONE = 4,
    KL_SIGN_SIT = 5,         /* special information tone: no such number, no circuit */
    KL_SIGN_BEEP = 6,        /* a machine records now */
    KL_SIGN_FAX = 7,
    KL_SIGN_GREETING = 8,    /* talks on without listening */
    KL_SIGN_TTY = 9,         /* a text telephone, at either end */
    KL_SIGN_FLASH = 10,      /* the switch reported a hook flash (RFC 4733 event 16) */
    KL_SIGN_HOLD = 11,       /* quieter than the line's own noise, for seconds */
    KL_SIGN_BASELINE = 12,   /* after a hold the line's noise is another */
    KL_SIGN_ECHO = 13,       /* after a hold the far end's echo is another */
    KL_SIGN_DIALLING = 14,   /* the called party dials a number in the talk */
    KL_SIGN_THREE_WAY = 15,  /* several of these within a minute and a half */
    KL_SIGN_FORWARDED = 16,  /* rings on after the answer, or another stream comes in the talk */
    KL_SIGN_COUNT = 17,
};

typedef struct {
    uint16_t kind;       /* KL_SIGN_... */
    uint16_t confidence; /* 0..100 */
    uint32_t detail;     /* TTY: KL_SIDE_...; HOLD: seconds; BEEP: Hz; SIT: which of four; otherwise 0 */
    uint64_t at;         /* samples since the phase began */
} kl_sign;

/* NULL without memory. */
kl_detect *kl_detect_create(void);
void kl_detect_destroy(kl_detect *detect);
/* Begins to listen for another thing, from nothing. -EINVAL for an unknown phase. */
int kl_detect_phase(kl_detect *detect, int phase);
/* Hears n samples of the far end and what was sent to it in that time (NULL: nothing was). n must be a multiple of
 * 160 (20 ms), otherwise -EINVAL. Returns how many signs were written; those beyond max are lost. */
int kl_detect_run(kl_detect *detect, const int16_t *far, const int16_t *near, size_t n, kl_sign *signs, size_t max);
/* What the network said rather than the audio: a digit pressed by the far end ('!' a hook flash), another stream. */
void kl_detect_digit(kl_detect *detect, char digit);
void kl_detect_other_stream(kl_detect *detect);

#endif
