#include "observe.h"

#include "call.h"
#include "engine.h"

/* Recording ------------------------------------------------------------------------------------- */

static void write_down(void *user, const int16_t *left, const int16_t *right)
{
    kl_call *c = user;

    if (recorder_push(call_recording(c)->recorder, left, right))
        engine_post(c->engine, KL_SRC_RECORDER, KL_RECORDER_BEHIND, c->id, 0, NULL, 0);
}

void observe_record(kl_call *c, recorder *r)
{
    recording_place *place = call_recording(c);

    place->recorder = r;
    stereo_begin(&place->voices, (int)recorder_rate(r), write_down, c);
}

void observe_record_end(kl_call *c)
{
    recording_place *place = call_recording(c);

    stereo_end(&place->voices);
    recorder_end(place->recorder);
    place->recorder = NULL;
}

/* Monitoring ------------------------------------------------------------------------------------ */

static void tell(void *user, const int16_t *left, const int16_t *right)
{
    monitoring_place *place = user;

    for (int i = 0; i < CALL_MONITORS; i++)
        if (place->by[i])
            monitor_push(place->by[i], left, right);
}

bool observe_monitor(kl_call *c, kl_monitor *m)
{
    monitoring_place *place = call_monitoring(c);

    for (int i = 0; i < CALL_MONITORS; i++) {
        if (place->by[i])
            continue;
        place->by[i] = m;
        if (!place->voices.take)
            stereo_begin(&place->voices, KL_MONITOR_RATE, tell, place);
        return true;
    }
    return false;
}

void observe_monitor_end(kl_call *c, const kl_monitor *m)
{
    monitoring_place *place = call_monitoring(c);
    bool nobody = true;

    for (int i = 0; i < CALL_MONITORS; i++) {
        if (place->by[i] == m)
            place->by[i] = NULL;
        nobody = nobody && !place->by[i];
    }
    if (nobody)
        place->voices.take = NULL;
}

void observe_end(kl_call *c)
{
    recording_place *recording = call_recording(c);
    monitoring_place *monitoring = call_monitoring(c);

    if (recording && recording->recorder)
        observe_record_end(c);
    if (!monitoring)
        return;
    stereo_end(&monitoring->voices);
    for (int i = 0; i < CALL_MONITORS; i++) {
        if (monitoring->by[i])
            monitor_over(monitoring->by[i]);
        monitoring->by[i] = NULL;
    }
}
