/* The public face of listening to a call (halves as in clip_api.c). */
#include <errno.h>

#include "call.h"
#include "engine.h"

typedef struct {
    uint32_t id;
    int phase;
    kl_detect *detectors; /* for a call that has none yet; what is not needed comes back */
} listen_arg;

static int do_listen(kl_engine *engine, void *arg)
{
    listen_arg *a = arg;
    kl_call *c = table_get(&engine->calls, a->id);

    if (!c)
        return -ENOENT;
    if (a->phase == KL_DETECT_TALK && !call_text(c))
        return -EPERM;
    if (a->phase == KL_DETECT_ANSWER && c->gate)
        return -EPERM;
    if (!c->ears.detect) {
        if (!a->detectors)
            return -EAGAIN;
        c->ears.detect = a->detectors;
        a->detectors = NULL;
    }
    ears_listen(c, a->phase);
    return 0;
}

int kl_call_listen(kl_engine *engine, uint32_t id, int phase)
{
    if (phase < KL_DETECT_NOTHING || phase > KL_DETECT_TTY)
        return -EINVAL;
    listen_arg a = {id, phase, NULL};
    int result = command_ask(&engine->commands, do_listen, &a);
    if (result != -EAGAIN)
        return result;
    a.detectors = kl_detect_create(); /* most calls never need any: they are made when first asked for */
    if (!a.detectors)
        return -ENOMEM;
    result = command_ask(&engine->commands, do_listen, &a);
    kl_detect_destroy(a.detectors);
    return result;
}
