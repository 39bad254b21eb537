/* The audio engine: handset links, calls, RTP, prompts, the gate, recording.
 *
 * Functions may be called from any thread but the engine's own. Unless it says otherwise each
 * waits until the audio thread has carried it out (well under a millisecond), and returns 0 (or an
 * id > 0) or -errno; -ENOENT means that the id names nothing that exists. Audio is 16-bit linear; a
 * frame is 20 ms.
 *
 * A call has two legs. The far one is RTP. The near one is a handset's link, at 16 kHz: its codec is the
 * master clock of the call, and its audio frames drive the work. Or the call is bridged and the near leg is
 * RTP, too: then each packet passes as it comes, and what is lost or late is left to the listener. */
#ifndef KINLINE_ENGINE_H
#define KINLINE_ENGINE_H

#include <stddef.h>
#include <stdint.h>

#include "kinline_bus.h"
#include "kinline_detect.h"
#include "kinline_frame.h"
#include "kinline_srtp.h"

typedef struct kl_engine kl_engine;

typedef struct {
    const char *rtp_bind_ip;    /* IPv4 */
    uint16_t rtp_port;          /* 0: any even one */
    uint16_t jitter_min_ms;     /* 20 is the packet time */
    uint16_t jitter_max_ms;     /* at most 400 */
    uint16_t stall_ms;          /* a call goes on without a handset that is so late; 0: 60 */
    uint16_t clean_microphone;  /* 1: handsets' without echo and noise, at an even level; 0: as they are */
    uint16_t fifo_priority;     /* SCHED_FIFO for the audio thread where permitted; 0: never */
} kl_engine_config;

typedef struct {
    uint64_t rtp_unknown_source; /* packets from no call's far end */
    uint64_t rtp_malformed;
    uint64_t rtp_send_failed;
    uint64_t rtcp_malformed; /* of calls' far ends, as is the next; both also of each in kl_rtcp_counters */
    uint64_t rtcp_disbelieved;
    uint64_t audio_cpu_ns;       /* CPU time of the audio thread */
    uint64_t wakeups;
    int32_t fifo;                /* 1 when SCHED_FIFO was granted */
    uint32_t links;
    uint32_t calls;
    uint32_t clips;
} kl_engine_counters;

/* NULL with errno: EINVAL for a bad configuration, else what socket, bind or pthread_create said. */
kl_engine *kl_engine_create(kl_bus *bus, const kl_engine_config *config);
/* Closes recordings whole. Ends both threads; the bus is left to its owner. */
void kl_engine_destroy(kl_engine *engine);
/* Where the far ends send their RTP. */
int kl_engine_rtp_port(kl_engine *engine);
int kl_engine_get_counters(kl_engine *engine, kl_engine_counters *out);

/* Links ------------------------------------------------------------------------------------------ */

enum {
    KL_LINK_FRAME = 1, /* code: epoch << 8 | message type, data: its text, mono_ns: arrival */
    KL_LINK_GONE = 2,  /* code: errno of the descriptor (EIO for a hang-up); close the link and reopen */
};

typedef struct {
    kl_frame_counters received;
    uint64_t bytes_in;
    uint64_t bytes_out;
    uint64_t frames_out;
    uint64_t audio_out;
    uint64_t write_overruns; /* frames not sent because the handset does not read */
    uint64_t audio_unwired;  /* audio frames that no call wanted */
    uint64_t unsent;         /* sealed messages without keys */
} kl_link_counters;

/* Takes over reading and writing fd, made non-blocking; never closes it. Returns the link's id. */
int kl_link_open(kl_engine *engine, int fd);
/* After this the engine touches the descriptor no more. A call on the link goes on without it. */
int kl_link_close(kl_engine *engine, uint32_t link);
/* Installs a session's keys beside those in force: the handset's first valid frame under them puts
 * them in force both ways. Each secret is KL_FRAME_SECRET_BYTES. */
int kl_link_keys(kl_engine *engine, uint32_t link, uint8_t epoch, const uint8_t *d2h_cipher,
                 const uint8_t *d2h_tag, const uint8_t *h2d_cipher, const uint8_t *h2d_tag);
int kl_link_forget_keys(kl_engine *engine, uint32_t link);
/* Queues one message and returns at once: clear or sealed by its type, under the keys in force, or
 * the pending ones when none are. -EMSGSIZE, or -EAGAIN when the queue is full. */
int kl_link_send(kl_engine *engine, uint32_t link, uint8_t type, const uint8_t *text, size_t len);
int kl_link_get_counters(kl_engine *engine, uint32_t link, kl_link_counters *out);

/* Clips ------------------------------------------------------------------------------------------ */

/* Copies n samples of 16 kHz mono; returns the clip's id, -EINVAL when empty, -EFBIG beyond ten minutes. */
int kl_clip_load(kl_engine *engine, const int16_t *samples, size_t n);
/* -EBUSY while a call has it in a play list. */
int kl_clip_free(kl_engine *engine, uint32_t clip);

/* Calls ------------------------------------------------------------------------------------------ */

/* What a call is made with a place for; a private call, as one with an attorney is, for nothing. */
enum {
    KL_CALL_RECORDED = 1,
    KL_CALL_MONITORED = 2,
};

enum { KL_CODEC_PCMU = 0, KL_CODEC_PCMA = 8, KL_CODEC_G722 = 9 };

enum { KL_SIDE_NEAR = 1, KL_SIDE_FAR = 2, KL_SIDE_BOTH = 3 };

enum {
    KL_PLAY_REPLACE = 0, /* instead of what is being played */
    KL_PLAY_QUEUE = 1,   /* after it */
    KL_PLAY_OVERLAY = 2, /* after it, with the talk 12 dB lower underneath instead of muted */
};

enum {
    KL_TONE_NONE = 0,
    KL_TONE_DIAL = 1,
    KL_TONE_RINGBACK = 2,
    KL_TONE_BUSY = 3,
    KL_TONE_REORDER = 4,
    KL_TONE_OFF_HOOK = 5,
    KL_TONE_BEEP = 6, /* once */
    KL_TONE_COUNT = 7,
};

enum { KL_DTMF_EVENT = 1, KL_DTMF_IN_BAND = 2 };

enum {
    KL_CALL_PLAYED = 1,      /* code: token; heard to its end on every side */
    KL_CALL_STOPPED = 2,     /* code: token; replaced, stopped, or its side went away */
    KL_CALL_DTMF = 3,        /* code: ASCII digit, data: KL_DTMF_..., KL_SIDE_...; once a key press */
    KL_CALL_RTP_SILENT = 4,  /* code: KL_SIDE_...; no packet for 5 s with the gate open; once until they return */
    KL_CALL_RTP_RESUMED = 5, /* code: KL_SIDE_... */
    KL_CALL_SIGN = 6,        /* code: KL_SIGN_..., data: a kl_sign; as kl_call_listen asked */
    KL_CALL_TEXT = 7,        /* code: KL_SIDE_..., data: what was typed there on a text telephone */
    KL_CALL_RTP_BAD = 8,     /* code: KL_SIDE_...; the first packet that is no RTP, foreign, flooded or not authentic; see counters */
    KL_CALL_RTCP_BAD = 9,    /* code: KL_SIDE_...; the first report that is malformed or not believed */
};

enum {
    KL_RECORDER_FAILED = 1,  /* code: -errno; tried again every second, the call goes on */
    KL_RECORDER_CLOSED = 2,  /* code: 0 or -errno of what was not written; data: kl_recorded */
    KL_RECORDER_RESUMED = 3, /* what had failed is written again */
    KL_RECORDER_BEHIND = 4,  /* the disk is stuck and the ring full: from now on 20 ms blocks are dropped */
};

enum { KL_RECORDING_KEY_BYTES = 32, KL_RECORDING_HEAD_MOST = 4096, KL_RECORDING_LINK_BYTES = 32 };

typedef struct {
    const char *path;    /* a new file */
    const uint8_t *key;  /* KL_RECORDING_KEY_BYTES, for this file alone */
    const uint8_t *head; /* said in clear at its beginning, and covered by what is authenticated */
    uint32_t head_len;   /* at most KL_RECORDING_HEAD_MOST */
    uint32_t rate;       /* 8000 or 16000 */
} kl_recording;

typedef struct {
    uint64_t frames;  /* sample pairs written */
    uint64_t missing; /* sample pairs that a stuck or full disk has cost */
    uint64_t chunks;
    uint32_t rate;
    uint8_t link[32]; /* KL_RECORDING_LINK_BYTES: the hash of all that is in the file */
} kl_recorded;

typedef struct {
    const char *ip;        /* IPv4; 0.0.0.0: nothing at all is sent, and it is heard where it was (RFC 3264 §8.4) */
    uint16_t port;
    uint8_t codec;         /* KL_CODEC_... */
    uint8_t payload_type;  /* both ways */
    uint8_t dtmf_type;     /* telephone-event/8000; 0: none */
    uint8_t comfort_type;  /* CN/8000 (RFC 3389); 0: none */
    uint8_t srtp;          /* KL_SRTP_...; NONE: in clear, both ways */
    uint8_t held;          /* non-zero: it takes no audio (sendonly, inactive); reports are still sent */
    uint16_t rtcp_port;    /* 0: the one after; port itself: both share it (RFC 5761) */
    const uint8_t *send_key, *receive_key; /* as many bytes as kl_srtp_key_bytes says */
} kl_call_far_end;

/* Of one RTP leg's reports (RTCP). What the other end says of the packets that it had from us, as far as it can be. */
typedef struct {
    uint64_t sent;
    uint64_t received;
    uint64_t malformed;
    uint64_t disbelieved;   /* of another source, of reports that we never made, or of more than we have sent */
    uint64_t reports;       /* so many were about us and believed; the rest is of the last, and 0 before that */
    uint64_t sent_then;     /* our packets as it came, with those whose loss before us we passed on */
    uint32_t lost;          /* of these, as it says */
    uint32_t fraction_lost; /* of 256, since its report before */
    uint32_t jitter_us;
    uint32_t round_trip_us; /* mean of all that could be told; 0: none */
} kl_rtcp_counters;

/* Of one RTP leg. */
typedef struct {
    uint64_t sent;
    uint64_t received;
    uint64_t bytes;             /* payload received */
    uint64_t lost;              /* by sequence number */
    uint64_t reordered;
    uint64_t duplicate;         /* has come before, or is too old to tell; not heard */
    uint64_t late;              /* too late to be played or passed on, or so far from the others that it alone moves nothing */
    uint64_t foreign;           /* of a second source at the same address */
    uint64_t flooded;           /* not looked at, for there were too many */
    uint64_t unwanted;          /* of a payload type that was not agreed, or malformed inside */
    uint64_t unauthentic;       /* protected end: in clear, under another key, altered, cut, or of the 17th source; not heard */
    uint64_t replayed;          /* protected end: has been heard, or is too old to tell; not heard */
    uint64_t concealed_samples; /* made up by packet loss concealment */
    uint32_t jitter_us;         /* RFC 3550 interarrival jitter */
    uint32_t delay_ms;          /* depth of the jitter buffer; 0 in a bridged call, which has none */
    uint32_t mean_delay_ms;     /* of all that was played */
    kl_rtcp_counters reports;
} kl_rtp_counters;

typedef struct {
    uint64_t near_frames;  /* stretches of up to 20 ms from the near side */
    uint64_t near_stalled; /* 20 ms periods without one */
    uint32_t near_rms;     /* of the last stretch, 0..32767 */
    uint32_t far_rms;
    int32_t gate;
    int32_t recording;
    int32_t monitors;
    kl_rtp_counters near;  /* zeros in a handset's call */
    kl_rtp_counters far;
} kl_call_counters;

/* A call on a link, gate closed; returns its id, or -EBUSY when the link has one. */
int kl_call_create(kl_engine *engine, uint32_t link, uint32_t flags);
/* A bridged call, gate closed; returns its id. */
int kl_call_create_bridged(kl_engine *engine, uint32_t flags);
/* Ends it; a recording closes whole, lists being played end with KL_CALL_STOPPED. */
int kl_call_destroy(kl_engine *engine, uint32_t call);

/* The far end as agreed in SDP; again for a change, where what comes under the keys before is still heard until
 * something comes under the new ones. -EINVAL for a bad address, codec or keys, -EADDRINUSE
 * when another leg has that address and port. */
int kl_call_far(kl_engine *engine, uint32_t call, const kl_call_far_end *far_end);
int kl_call_far_clear(kl_engine *engine, uint32_t call);
/* The same for the near end of a bridged call; -EOPNOTSUPP when the near end is a handset. */
int kl_call_near(kl_engine *engine, uint32_t call, const kl_call_far_end *near_end);
int kl_call_near_clear(kl_engine *engine, uint32_t call);

/* Closed, no sample of either party reaches the other or the recorder; RTP audio then serves to
 * detect DTMF only. In-band detection stops while the gate is open: see kl_call_detect. */
int kl_call_gate(kl_engine *engine, uint32_t call, int open);
/* What to listen for from now on (KL_DETECT_...); told as KL_CALL_SIGN. In a talk text telephones are read, too. -EPERM
 * for KL_DETECT_TALK on a call that has no place for a recorder, and so none for what would be read: there KL_DETECT_TTY
 * only recognises them; and for KL_DETECT_ANSWER once the gate is open, for nobody waits for an answer in a talk. */
int kl_call_listen(kl_engine *engine, uint32_t call, int phase);
/* A receiver's gain, 0 to 24 dB, at once; -EOPNOTSUPP for a call without a handset. */
int kl_call_volume(kl_engine *engine, uint32_t call, int db);
/* On, tones pass as they are (TTY): no echo cancelling, gain control, comfort noise, stretching or volume. */
int kl_call_tone_safe(kl_engine *engine, uint32_t call, int on);
/* In-band DTMF of the RTP legs on or off (RFC 4733 is always reported). */
int kl_call_detect(kl_engine *engine, uint32_t call, int on);

/* Plays clips to a side. -ENOTCONN for an RTP side without an end, -ENOBUFS when the list is full
 * (64 clips a side). A handset's list advances with its frames, an RTP leg's list also without its peer. */
int kl_call_play(kl_engine *engine, uint32_t call, int side, const uint32_t *clips, size_t n, int mode,
                 int32_t token);
int kl_call_stop(kl_engine *engine, uint32_t call, int side);
/* A tone to the caller, silent under prompts, until another or KL_TONE_NONE. */
int kl_call_tone(kl_engine *engine, uint32_t call, int tone);

/* Records both parties' voices as they pass the gate: 16 bit, left the caller, right the called party, sealed as
 * src/sealed_file.h describes; readable to its last second whatever happens. The file is made and written by a thread
 * of its own, and what the disk refuses comes as KL_RECORDER_FAILED (-EEXIST for a file that is there).
 * -EPERM on a privileged call, -EBUSY when it is being recorded, -EINVAL for another rate or a longer head. */
int kl_call_record(kl_engine *engine, uint32_t call, const kl_recording *recording);
int kl_call_record_stop(kl_engine *engine, uint32_t call);

/* Monitors --------------------------------------------------------------------------------------- */

typedef struct kl_monitor kl_monitor;

enum { KL_MONITOR_RATE = 16000, KL_MONITOR_BLOCK = 320 };

/* Staff listen to what passes the gate of a call, up to four at once, each with a thread of their own. NULL with errno:
 * ENOENT, EPERM where the call has no place for it (a private one), EUSERS. Closed before the engine is. */
kl_monitor *kl_monitor_open(kl_engine *engine, uint32_t call);
void kl_monitor_close(kl_monitor *monitor);
/* Readable while sound waits, and when the call is over. */
int kl_monitor_fd(const kl_monitor *monitor);
/* Copies up to so many blocks of KL_MONITOR_BLOCK sample pairs, left the caller, right the called party; how many, or
 * -EPIPE when the call is over and all is heard. Whoever is 1.3 s late misses some (kl_monitor_dropped, sample pairs). */
int kl_monitor_hear(kl_monitor *monitor, int16_t *pairs, int blocks);
uint64_t kl_monitor_dropped(kl_monitor *monitor);
/* Speaks to both parties over their talk while the gate is open: takes up to n samples and returns how many; one second
 * of sound may wait. -EPIPE when the call is over. */
int kl_monitor_say(kl_monitor *monitor, const int16_t *pcm, int n);

int kl_call_get_counters(kl_engine *engine, uint32_t call, kl_call_counters *out);

#endif
