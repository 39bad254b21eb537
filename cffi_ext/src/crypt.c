/* SHA256_* are deprecated in OpenSSL 3, but EVP_MAC allocates for every message,
 * which the audio thread must not do. */
#define OPENSSL_SUPPRESS_DEPRECATED

#include "crypt.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>

enum { HMAC_BLOCK = 64, KEY_BYTES = 16 };

struct kl_frame_keys {
    EVP_CIPHER_CTX *iv;
    EVP_CIPHER_CTX *encrypt;
    EVP_CIPHER_CTX *decrypt;
    SHA256_CTX inner; /* the digest after the padded key: each message starts from a copy */
    SHA256_CTX outer;
};

static EVP_CIPHER_CTX *cipher_new(const EVP_CIPHER *cipher, const uint8_t *key, int encrypt)
{
    static const uint8_t zeros[KEY_BYTES];
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();

    if (ctx && EVP_CipherInit_ex(ctx, cipher, NULL, key, zeros, encrypt) == 1) {
        EVP_CIPHER_CTX_set_padding(ctx, 0);
        return ctx;
    }
    EVP_CIPHER_CTX_free(ctx);
    return NULL;
}

static void hmac_pad(SHA256_CTX *ctx, const uint8_t *key, uint8_t pad)
{
    uint8_t block[HMAC_BLOCK];

    memset(block, pad, sizeof block);
    for (int i = 0; i < KL_FRAME_SECRET_BYTES; i++)
        block[i] ^= key[i];
    SHA256_Init(ctx);
    SHA256_Update(ctx, block, sizeof block);
    OPENSSL_cleanse(block, sizeof block);
}

kl_frame_keys *kl_frame_keys_create(const uint8_t *cipher, const uint8_t *tag)
{
    kl_frame_keys *keys = calloc(1, sizeof *keys);

    if (!keys)
        return NULL;
    keys->iv = cipher_new(EVP_aes_128_ecb(), cipher + KEY_BYTES, 1);
    keys->encrypt = cipher_new(EVP_aes_128_cbc(), cipher, 1);
    keys->decrypt = cipher_new(EVP_aes_128_cbc(), cipher, 0);
    hmac_pad(&keys->inner, tag, 0x36);
    hmac_pad(&keys->outer, tag, 0x5c);
    if (keys->iv && keys->encrypt && keys->decrypt)
        return keys;
    kl_frame_keys_destroy(keys);
    return NULL;
}

void kl_frame_keys_destroy(kl_frame_keys *keys)
{
    if (!keys)
        return;
    EVP_CIPHER_CTX_free(keys->iv);
    EVP_CIPHER_CTX_free(keys->encrypt);
    EVP_CIPHER_CTX_free(keys->decrypt);
    OPENSSL_cleanse(keys, sizeof *keys);
    free(keys);
}

static int cbc(kl_frame_keys *keys, EVP_CIPHER_CTX *ctx, uint32_t sequence, uint8_t type, const uint8_t *in,
               uint8_t *out, size_t len)
{
    uint8_t block[KEY_BYTES] = {sequence & 0xff, sequence >> 8 & 0xff, sequence >> 16 & 0xff, sequence >> 24, type};
    uint8_t iv[KEY_BYTES];
    int n = 0;

    if (!len)
        return 0;
    if (EVP_CipherUpdate(keys->iv, iv, &n, block, sizeof block) != 1 || n != (int)sizeof block ||
        EVP_CipherInit_ex(ctx, NULL, NULL, NULL, iv, -1) != 1 ||
        EVP_CipherUpdate(ctx, out, &n, in, (int)len) != 1 || n != (int)len)
        return -EIO;
    return 0;
}

int crypt_encrypt(kl_frame_keys *keys, uint32_t sequence, uint8_t type, const uint8_t *in, uint8_t *out, size_t len)
{
    return cbc(keys, keys->encrypt, sequence, type, in, out, len);
}

int crypt_decrypt(kl_frame_keys *keys, uint32_t sequence, uint8_t type, const uint8_t *in, uint8_t *out, size_t len)
{
    return cbc(keys, keys->decrypt, sequence, type, in, out, len);
}

void crypt_tag(const kl_frame_keys *keys, const uint8_t *bytes, size_t len, uint8_t tag[KL_WIRE_TAG_BYTES])
{
    SHA256_CTX ctx = keys->inner;
    uint8_t digest[SHA256_DIGEST_LENGTH];

    SHA256_Update(&ctx, bytes, len);
    SHA256_Final(digest, &ctx);
    ctx = keys->outer;
    SHA256_Update(&ctx, digest, sizeof digest);
    SHA256_Final(digest, &ctx);
    memcpy(tag, digest, KL_WIRE_TAG_BYTES);
}
