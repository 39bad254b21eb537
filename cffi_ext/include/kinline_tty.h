/* Text telephones (TTY): 45.45 Baud Baudot as audio, both ways. 8 kHz, 16-bit linear.
 *
 * Characters are five bits, two alphabets of 32; which one is in force is a state that one lost character
 * can leave wrong, so the sender repeats the shift often. Text is 7-bit ASCII; letters are upper case, and
 * a character that the code has not is sent as '?'. */
#ifndef KINLINE_TTY_H
#define KINLINE_TTY_H

#include <stddef.h>
#include <stdint.h>

/* The code ---------------------------------------------------------------------------------------- */

/* Codes for n characters of text, shifts included: at the beginning, whenever the alphabet changes, after
 * each blank, and after 8 characters without one. Returns how many; those beyond max are not written. */
size_t kl_baudot_encode(const char *text, size_t n, uint8_t *codes, size_t max);
/* Text for n codes, beginning in letters. CR and LF are one '\n', whatever stands between them is kept; a
 * backspace is '\b'. Some senders return to letters with each blank without saying so:
 * which kind one is shows in what it sends behind a blank, and is guessed before that. Returns how many characters; those beyond max are not written. */
size_t kl_baudot_decode(const uint8_t *codes, size_t n, char *text, size_t max);

/* The line ---------------------------------------------------------------------------------------- */

typedef struct kl_tty_sender kl_tty_sender;

/* Sends n characters: a leading mark of 150 ms, the characters, a closing mark of 300 ms (TIA-825-A).
 * NULL without memory. */
kl_tty_sender *kl_tty_sender_create(const char *text, size_t n);
void kl_tty_sender_destroy(kl_tty_sender *sender);
/* The next n samples; returns how many of them carry signal, the rest is zeros. */
size_t kl_tty_sender_run(kl_tty_sender *sender, int16_t *pcm, size_t n);

typedef struct kl_tty_receiver kl_tty_receiver;

typedef struct {
    int32_t carrier;    /* 1 while mark or space is on the line */
    int32_t recognised; /* 1 once three characters have come in one carrier; stays */
    uint64_t recognised_at; /* samples since creation */
    uint64_t characters;
} kl_tty_status;

kl_tty_receiver *kl_tty_receiver_create(void);
void kl_tty_receiver_destroy(kl_tty_receiver *receiver);
/* n must be a multiple of 80 (10 ms), otherwise -EINVAL. Returns how many characters were written to text; those
 * beyond max are dropped. Samples that were lost on the way are better given as zeros than made up. */
int kl_tty_receiver_run(kl_tty_receiver *receiver, const int16_t *pcm, size_t n, char *text, size_t max);
void kl_tty_receiver_status(const kl_tty_receiver *receiver, kl_tty_status *out);

#endif
