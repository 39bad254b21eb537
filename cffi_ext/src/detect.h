/* One call's detectors behind one door: which run depends on the phase of the call. */
#ifndef KL_DETECT_H
#define KL_DETECT_H

#include "beep.h"
#include "greeting.h"
#include "kinline_detect.h"
#include "progress.h"
#include "third_party.h"
#include "tty.h"

enum { DETECT_FRAME = 160, DETECT_SIGNS = 16 };

struct kl_detect {
    int phase;
    uint64_t samples; /* since the phase began */
    progress_detector progress;
    beep_detector beep;
    greeting_detector greeting;
    third_party third;
    tty_receiver tty_far, tty_near;
    uint8_t tty_sides; /* where one has been told of */
    uint8_t told[KL_SIGN_COUNT]; /* the confidence last reported */
    uint32_t told_at[KL_SIGN_COUNT]; /* frame of the last report */
    kl_sign signs[DETECT_SIGNS];
    size_t signs_n;
};

bool detect_init(kl_detect *d);
void detect_release(kl_detect *d);
void detect_phase(kl_detect *d, int phase);
/* One frame; near NULL: nothing was sent. The two text telephones hear for themselves (tty_hear), before this. Signs
 * wait in d->signs until detect_take. */
void detect_hear(kl_detect *d, const int16_t far[DETECT_FRAME], const int16_t *near);
/* Whether somebody has typed within so many blocks of TTY_BLOCK. */
bool detect_typing(const kl_detect *d, unsigned blocks);
/* How many signs wait; they are taken. */
size_t detect_take(kl_detect *d);

#endif
