#include "access/key_text.hpp"

#include <openssl/evp.h>
#include <openssl/rand.h>

#include <memory>

namespace qos::access {
namespace {

struct FreeContext {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

}  // namespace

Result<std::string> random_key() {
  std::array<unsigned char, kKeyDigits / 2> bytes;
  if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1)
    return fail("the system gave no random bytes for a key");
  std::string key;
  key.reserve(kKeyDigits);
  for (const unsigned char byte : bytes) {
    constexpr std::string_view kHex = "0123456789abcdef";
    key += kHex[byte >> 4];
    key += kHex[byte & 15];
  }
  return key;
}

std::optional<KeyHash> hash_key(std::string_view key) {
  if (key.size() != kKeyDigits) return std::nullopt;
  std::array<char, kKeyDigits> digits;
  for (std::size_t i = 0; i < kKeyDigits; ++i) {
    const char c = key[i];
    if (c >= 'A' && c <= 'F')
      digits[i] = static_cast<char>(c - 'A' + 'a');
    else if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'))
      digits[i] = c;
    else
      return std::nullopt;
  }
  // Fetched once and one context a thread: a request pays for the digest, not for finding the algorithm.
  static const EVP_MD* const sha256 = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  thread_local const std::unique_ptr<EVP_MD_CTX, FreeContext> context{EVP_MD_CTX_new()};
  KeyHash hash;
  QOS_ASSERT(sha256 != nullptr && context != nullptr);
  QOS_ASSERT(EVP_DigestInit_ex2(context.get(), sha256, nullptr) == 1 &&
             EVP_DigestUpdate(context.get(), digits.data(), digits.size()) == 1 &&
             EVP_DigestFinal_ex(context.get(), reinterpret_cast<unsigned char*>(hash.data()), nullptr) == 1);
  return hash;
}

}  // namespace qos::access
