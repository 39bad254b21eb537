/* A recording's file: a head in clear, then chunks, each encrypted and authenticated as it is written.
 *
 *   "KLREC001", length of the head, the head (JSON)
 *   chunk: kind, length of its text, where it begins, nonce, link | text, encrypted | tag
 *
 * AES-256-GCM; the nonce counts every sealing under the file's own key, also one whose writing failed. What is
 * authenticated beside the text is the hash of the head and the chunk's header. The link is the hash of all before
 * it: link[0] = SHA-256(head with what stands before it), link[n] = SHA-256(link[n - 1] . chunk). So a damaged chunk
 * costs itself only, and nothing can be taken out, put in or moved unseen. Numbers are little-endian. */
#ifndef KL_SEALED_FILE_H
#define KL_SEALED_FILE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

enum {
    SEALED_KEY_BYTES = 32,
    SEALED_TAG_BYTES = 16,
    SEALED_LINK_BYTES = 32,
    SEALED_HEADER_BYTES = 24 + SEALED_LINK_BYTES,
    SEALED_HEAD_MOST = 4096,
    SEALED_TEXT_MOST = 32000, /* half a second of two channels at 16 kHz */
};

/* As they stand in the file: "KLRA" and "KLRE". */
#define SEALED_AUDIO 0x41524c4bu
#define SEALED_END 0x45524c4bu

typedef struct sealed_file sealed_file;

/* A new file, readable by its owner only. NULL with errno. */
sealed_file *sealed_create(const char *path, const uint8_t *key, const uint8_t *head, size_t head_len);
/* One chunk of at most SEALED_TEXT_MOST bytes: 0, or -errno with the file as it was before. */
int sealed_append(sealed_file *f, uint32_t kind, uint64_t at, const struct iovec *text, int parts);
/* The hash of all that is in the file. */
const uint8_t *sealed_link(const sealed_file *f);
/* Cuts off what a failed writing left behind, asks the disk to keep it, and frees it. 0 or -errno. */
int sealed_close(sealed_file *f);

#endif
