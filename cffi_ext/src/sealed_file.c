#include "sealed_file.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char MAGIC[8] = "KLREC001";

enum { NONCE_BYTES = 12 };

struct sealed_file {
    int fd;
    off_t end; /* of the last whole chunk */
    uint64_t nonce;
    EVP_CIPHER_CTX *cipher; /* holds the key */
    EVP_MD_CTX *digest;
    uint8_t first_link[SEALED_LINK_BYTES];
    uint8_t link[SEALED_LINK_BYTES];
    uint8_t chunk[SEALED_HEADER_BYTES + SEALED_TEXT_MOST + SEALED_TAG_BYTES];
};

static void put32(uint8_t *to, uint32_t value)
{
    value = htole32(value);
    memcpy(to, &value, sizeof value);
}

static void put64(uint8_t *to, uint64_t value)
{
    value = htole64(value);
    memcpy(to, &value, sizeof value);
}

static int write_at(int fd, const uint8_t *bytes, size_t len, off_t at)
{
    while (len) {
        ssize_t n = pwrite(fd, bytes, len, at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n < 0 ? -errno : -EIO;
        bytes += n;
        len -= (size_t)n;
        at += n;
    }
    return 0;
}

/* The first link has nothing before it. */
static bool link_on(EVP_MD_CTX *digest, const uint8_t *before, const uint8_t *bytes, size_t len, uint8_t *out)
{
    return EVP_DigestInit_ex(digest, EVP_sha256(), NULL) &&
           (!before || EVP_DigestUpdate(digest, before, SEALED_LINK_BYTES)) && EVP_DigestUpdate(digest, bytes, len) &&
           EVP_DigestFinal_ex(digest, out, NULL);
}

static void discard(sealed_file *f)
{
    EVP_CIPHER_CTX_free(f->cipher);
    EVP_MD_CTX_free(f->digest);
    free(f);
}

/* The head into the chunk's room, its hash into the links, and the key's schedule. */
static size_t prepare(sealed_file *f, const uint8_t *key, const uint8_t *head, size_t head_len)
{
    size_t len = sizeof MAGIC + 4 + head_len;

    memcpy(f->chunk, MAGIC, sizeof MAGIC);
    put32(f->chunk + sizeof MAGIC, (uint32_t)head_len);
    memcpy(f->chunk + sizeof MAGIC + 4, head, head_len);
    f->cipher = EVP_CIPHER_CTX_new();
    f->digest = EVP_MD_CTX_new();
    if (!f->cipher || !f->digest || !EVP_EncryptInit_ex(f->cipher, EVP_aes_256_gcm(), NULL, key, NULL) ||
        !link_on(f->digest, NULL, f->chunk, len, f->first_link))
        return 0;
    memcpy(f->link, f->first_link, sizeof f->link);
    return len;
}

sealed_file *sealed_create(const char *path, const uint8_t *key, const uint8_t *head, size_t head_len)
{
    if (head_len > SEALED_HEAD_MOST) {
        errno = EINVAL;
        return NULL;
    }
    sealed_file *f = calloc(1, sizeof *f);
    size_t len = f ? prepare(f, key, head, head_len) : 0;
    int error = len ? 0 : -ENOMEM;

    if (!error) {
        f->fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        error = f->fd < 0 ? -errno : write_at(f->fd, f->chunk, len, 0);
        if (error && f->fd >= 0) {
            close(f->fd);
            unlink(path);
        }
    }
    if (error) {
        if (f)
            discard(f);
        errno = -error;
        return NULL;
    }
    f->end = (off_t)len;
    return f;
}

/* Encrypts the parts behind the header that stands in the chunk's room; the chunk's length, or 0. */
static size_t seal(sealed_file *f, const struct iovec *text, int parts)
{
    uint8_t nonce[NONCE_BYTES] = {0};
    uint8_t *to = f->chunk + SEALED_HEADER_BYTES;
    int n;

    put64(nonce, f->nonce);
    if (!EVP_EncryptInit_ex(f->cipher, NULL, NULL, NULL, nonce) ||
        !EVP_EncryptUpdate(f->cipher, NULL, &n, f->first_link, sizeof f->first_link) ||
        !EVP_EncryptUpdate(f->cipher, NULL, &n, f->chunk, SEALED_HEADER_BYTES))
        return 0;
    for (int i = 0; i < parts; i++) {
        if (!EVP_EncryptUpdate(f->cipher, to, &n, text[i].iov_base, (int)text[i].iov_len))
            return 0;
        to += n;
    }
    if (!EVP_EncryptFinal_ex(f->cipher, to, &n) ||
        !EVP_CIPHER_CTX_ctrl(f->cipher, EVP_CTRL_GCM_GET_TAG, SEALED_TAG_BYTES, to))
        return 0;
    return (size_t)(to - f->chunk) + SEALED_TAG_BYTES;
}

int sealed_append(sealed_file *f, uint32_t kind, uint64_t at, const struct iovec *text, int parts)
{
    size_t len = 0;
    uint8_t link[SEALED_LINK_BYTES];

    for (int i = 0; i < parts; i++)
        len += text[i].iov_len;
    if (len > SEALED_TEXT_MOST)
        return -EMSGSIZE;
    put32(f->chunk, kind);
    put32(f->chunk + 4, (uint32_t)len);
    put64(f->chunk + 8, at);
    put64(f->chunk + 16, ++f->nonce); /* never twice: what was half written under a nonce is in the open */
    memcpy(f->chunk + 24, f->link, SEALED_LINK_BYTES);
    len = seal(f, text, parts);
    if (!len || !link_on(f->digest, f->link, f->chunk, len, link))
        return -EIO;
    int error = write_at(f->fd, f->chunk, len, f->end);
    if (error)
        return error;
    f->end += (off_t)len;
    memcpy(f->link, link, sizeof link);
    return 0;
}

const uint8_t *sealed_link(const sealed_file *f)
{
    return f->link;
}

int sealed_close(sealed_file *f)
{
    int error = ftruncate(f->fd, f->end) ? -errno : 0;

    if (fdatasync(f->fd) && !error)
        error = -errno;
    if (close(f->fd) && !error)
        error = -errno;
    discard(f);
    return error;
}
