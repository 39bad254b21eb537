#include "rtp_protection.h"

#include <errno.h>

int rtp_protection_make(rtp_protection *p, const kl_call_far_end *end)
{
    *p = (rtp_protection){0};
    if (end->srtp == KL_SRTP_NONE)
        return 0;
    if (!kl_srtp_key_bytes(end->srtp) || !end->send_key || !end->receive_key)
        return -EINVAL;
    p->send = kl_srtp_create(end->srtp, end->send_key);
    p->receive = kl_srtp_create(end->srtp, end->receive_key);
    if (p->send && p->receive)
        return 0;
    rtp_protection_release(p);
    return -ENOMEM;
}

void rtp_protection_release(rtp_protection *p)
{
    kl_srtp_destroy(p->send);
    kl_srtp_destroy(p->receive);
    kl_srtp_destroy(p->before);
    *p = (rtp_protection){0};
}

static void follow(kl_srtp *fresh, const kl_srtp *before)
{
    if (fresh && before)
        kl_srtp_follow(fresh, before);
}

static void swap(kl_srtp **a, kl_srtp **b)
{
    kl_srtp *was = *a;

    *a = *b;
    *b = was;
}

void rtp_protection_change(rtp_protection *p, rtp_protection *fresh, bool same_end)
{
    bool same_send = p->send && fresh->send && srtp_same_key(p->send, fresh->send);
    bool same_receive = p->receive && fresh->receive && srtp_same_key(p->receive, fresh->receive);

    if (!same_send) {
        follow(fresh->send, p->send);
        swap(&p->send, &fresh->send);
    }
    if (same_receive)
        return;
    follow(fresh->receive, p->receive);
    swap(&p->receive, &fresh->receive);
    swap(&p->before, &fresh->before);
    if (same_end && p->receive)
        swap(&p->before, &fresh->receive);
    p->before_over = false;
}

int rtp_protection_open(rtp_protection *p, uint8_t *bytes, size_t len, bool rtcp)
{
    int (*open)(kl_srtp *, uint8_t *, size_t) = rtcp ? kl_srtp_unprotect_rtcp : kl_srtp_unprotect;
    int result = open(p->receive, bytes, len);

    p->before_over = p->before_over || result >= 0;
    return result >= 0 || !p->before || p->before_over ? result : open(p->before, bytes, len);
}
