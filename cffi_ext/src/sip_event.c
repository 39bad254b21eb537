/* Fields of an event, and posting it. */
#include "sip_internal.h"

#include <stdio.h>
#include <string.h>

enum { FIELD_MAX = 255, REFUSALS_PER_SECOND = 100 };

void sip_event_start(kl_event *event, kl_sip_kind kind, uint32_t id, int code)
{
    memset(event, 0, offsetof(kl_event, data));
    event->source = KL_SRC_SIP;
    event->kind = (uint16_t)kind;
    event->id = id;
    event->code = code;
}

void sip_event_bytes(kl_event *event, kl_sip_field field, const void *bytes, size_t size)
{
    if (size > FIELD_MAX)
        size = FIELD_MAX;
    if (event->len + 2 + size > sizeof event->data)
        return;
    event->data[event->len] = (uint8_t)field;
    event->data[event->len + 1] = (uint8_t)size;
    memcpy(event->data + event->len + 2, bytes, size);
    event->len += (uint32_t)(2 + size);
}

void sip_event_text(kl_event *event, kl_sip_field field, const char *text)
{
    if (text && *text)
        sip_event_bytes(event, field, text, strlen(text));
}

void sip_event_uri(kl_event *event, kl_sip_field field, url_t const *url)
{
    char text[FIELD_MAX + 1];
    issize_t size;

    if (!url)
        return;
    size = url_e(text, sizeof text, url);
    if (size > 0)
        sip_event_bytes(event, field, text, (size_t)size < sizeof text ? (size_t)size : sizeof text - 1);
}

void sip_event_media(kl_event *event, const kl_sip_media_field *media, const char *ip, const kl_sip_crypto *crypto)
{
    uint8_t bytes[sizeof *media + 64];
    size_t length = strnlen(ip, 64);

    /* The wire form is little-endian, as is every machine that the host runs on. */
    memcpy(bytes, media, sizeof *media);
    memcpy(bytes + sizeof *media, ip, length);
    sip_event_bytes(event, KL_SIP_F_MEDIA, bytes, sizeof *media + length);
    if (crypto)
        sip_event_bytes(event, KL_SIP_F_CRYPTO, crypto, sizeof *crypto);
}

void sip_event_post(kl_sip *sip, kl_event *event)
{
    kl_bus_post(sip->bus, KL_LANE_SIP, event);
}

bool sip_event_rate(sip_rate *rate, uint32_t per_second)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    if (rate->second != now.tv_sec) {
        rate->second = now.tv_sec;
        rate->count = 0;
    }
    return rate->count++ < per_second;
}

void sip_event_refusal(kl_sip *sip, sip_t const *message, int status)
{
    kl_event event;

    sip->refusals++;
    if (!sip_event_rate(&sip->refusal_rate, REFUSALS_PER_SECOND))
        return;
    sip_event_start(&event, KL_SIP_REFUSED, 0, status);
    sip_event_bytes(&event, KL_SIP_F_COUNT, &sip->refusals, sizeof sip->refusals);
    /* A response tells its method there. */
    if (message && message->sip_cseq)
        sip_event_text(&event, KL_SIP_F_METHOD, message->sip_cseq->cs_method_name);
    if (message && message->sip_from)
        sip_event_uri(&event, KL_SIP_F_FROM, message->sip_from->a_url);
    sip_event_post(sip, &event);
}
