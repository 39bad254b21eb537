/* The session description reader under damage. Input: a byte that chooses one of two sound descriptions, and edits of it,
 * three bytes each: where (two bytes) and what to put there; 0 cuts the text off. */
#include <stdlib.h>
#include <string.h>

#include "kinline_sip.h"

/* Its keys are those of RFC 4568 §10.3.2.2 or made up. */
static const char SOUND[] = "v=0\r\no=far 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n"
                            "m=video 5000 RTP/AVP 31\r\nm=audio 4000 RTP/AVP 18 0 96\r\nc=IN IP4 192.0.2.111\r\n"
                            "a=rtpmap:0 PCMU/8000\r\na=rtpmap:96 telephone-event/8000\r\na=fmtp:96 0-15\r\n"
                            "a=ptime:20\r\na=sendonly\r\n";
static const char PROTECTED[] = "v=0\r\no=far 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n"
                                "m=audio 4000 RTP/SAVP 9 0 96\r\na=rtpmap:96 telephone-event/8000\r\n"
                                "a=crypto:1 AEAD_AES_128_GCM inline:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGw==|2^31\r\n"
                                "a=crypto:2 AES_CM_128_HMAC_SHA1_80 inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj WSH=64\r\n"
                                "a=crypto:3 AES_CM_128_HMAC_SHA1_80 inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj|2^20|1:4\r\n"
                                "a=rtcp:4001\r\na=rtcp-mux\r\n";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!size)
        return 0;
    const char *sound = data[0] % 2 ? PROTECTED : SOUND;
    char body[sizeof PROTECTED > sizeof SOUND ? sizeof PROTECTED : sizeof SOUND];
    size_t length = strlen(sound);
    kl_sip_media_field media;
    char ip[64];

    memcpy(body, sound, length + 1);
    for (data++, size--; size >= 3 && length; data += 3, size -= 3) {
        size_t at = (data[0] << 8 | data[1]) % length;
        body[at] = (char)data[2];
        if (!data[2])
            length = at;
    }
    char *exact = malloc(length + !length);
    memcpy(exact, body, length);
    if (kl_sip_sdp_read(exact, (uint32_t)length, &media, ip, sizeof ip) == 0 &&
        (!media.port || (media.codec != 0 && media.codec != 8 && media.codec != 9) || media.direction > KL_SIP_SENDRECV ||
         !memchr(ip, 0, sizeof ip)))
        abort();
    free(exact);
    return 0;
}
