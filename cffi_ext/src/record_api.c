/* The public face of recording a call (halves as in clip_api.c). */
#include <errno.h>

#include "call.h"
#include "engine.h"

typedef struct {
    uint32_t id;
    recorder *recorder; /* NULL: only ask whether one may be attached */
} record_arg;

static int do_record(kl_engine *engine, void *arg)
{
    record_arg *a = arg;
    kl_call *c = table_get(&engine->calls, a->id);
    recording_place *place = c ? call_recording(c) : NULL;

    if (!c)
        return -ENOENT;
    if (!place)
        return -EPERM;
    if (place->recorder)
        return -EBUSY;
    if (a->recorder)
        observe_record(c, a->recorder);
    return 0;
}

int kl_call_record(kl_engine *engine, uint32_t id, const kl_recording *recording)
{
    record_arg a = {.id = id};
    int error = command_ask(&engine->commands, do_record, &a);

    if (error)
        return error;
    a.recorder = recorder_open(engine->writer, recording, id);
    if (!a.recorder)
        return -errno;
    error = command_ask(&engine->commands, do_record, &a);
    if (error) /* the call ended, or another thread was first */
        recorder_drop(a.recorder);
    return error;
}

static int do_record_stop(kl_engine *engine, void *arg)
{
    kl_call *c = table_get(&engine->calls, *(uint32_t *)arg);
    recording_place *place = c ? call_recording(c) : NULL;

    if (!c)
        return -ENOENT;
    if (!place)
        return -EPERM;
    if (!place->recorder)
        return -EALREADY;
    observe_record_end(c);
    return 0;
}

int kl_call_record_stop(kl_engine *engine, uint32_t id)
{
    return command_ask(&engine->commands, do_record_stop, &id);
}
