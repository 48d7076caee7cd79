// The other end of TLS, for tests: certificates made on the spot, and a client on the library itself.
#pragma once

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

#include "io/tls_context.hpp"
#include "support/temp_folder.hpp"

namespace qos::test {

template <auto free>
struct Freed {
  template <typename T>
  void operator()(T* object) const {
    free(object);
  }
};
using Key = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Freed<X509_free>>;

inline Key make_key() {
  return Key{EVP_EC_gen("P-256")};
}

// Signed by itself, of localhost and 127.0.0.1, valid for an hour. `serial` tells one from another.
inline Certificate make_certificate(EVP_PKEY* key, long serial) {
  Certificate made{X509_new()};
  X509* certificate = made.get();
  X509_set_version(certificate, X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), serial);
  X509_gmtime_adj(X509_getm_notBefore(certificate), -60);
  X509_gmtime_adj(X509_getm_notAfter(certificate), 3'600);
  X509_set_pubkey(certificate, key);
  X509_NAME* name = X509_get_subject_name(certificate);
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("localhost"),
                             -1, -1, 0);
  X509_set_issuer_name(certificate, name);
  for (const auto& [what, value] : {std::pair{NID_subject_alt_name, "DNS:localhost,IP:127.0.0.1"},
                                    std::pair{NID_basic_constraints, "critical,CA:TRUE"}}) {
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, what, value);
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
  }
  if (X509_sign(certificate, key, EVP_sha256()) == 0) throw std::runtime_error{"cannot sign"};
  return made;
}

template <typename Write>
std::string pem(Write&& write) {
  std::unique_ptr<BIO, Freed<BIO_free_all>> out{BIO_new(BIO_s_mem())};
  write(out.get());
  char* data = nullptr;
  const auto size = BIO_get_mem_data(out.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}
inline std::string pem_of(X509* certificate) {
  return pem([&](BIO* out) { PEM_write_bio_X509(out, certificate); });
}
inline std::string pem_of(EVP_PKEY* key) {
  return pem([&](BIO* out) { PEM_write_bio_PrivateKey(out, key, nullptr, nullptr, 0, nullptr, nullptr); });
}

// Writes cert.pem and key.pem into the folder, over what is there.
inline io::TlsFiles write_tls_files(const std::filesystem::path& folder, long serial = 1) {
  const auto key = make_key();
  const auto certificate = make_certificate(key.get(), serial);
  io::TlsFiles files{.certificate = folder / "cert.pem", .key = folder / "key.pem"};
  std::ofstream{files.certificate} << pem_of(certificate.get());
  std::ofstream{files.key} << pem_of(key.get());
  return files;
}

// A client's end over a socket that the caller owns, blocking or not. Trusts `trusted` only.
class TlsPeer {
 public:
  struct Options {
    std::filesystem::path trusted;
    int version = 0;  // TLS1_2_VERSION, …; 0: the best
    std::string_view ciphers;
    std::string_view protocols;  // ALPN, each behind its length
    SSL_SESSION* session = nullptr;
  };
  TlsPeer(int socket, const Options& options) : context_{SSL_CTX_new(TLS_client_method())} {
    SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER, nullptr);
    if (!options.trusted.empty() && SSL_CTX_load_verify_file(context_.get(), options.trusted.c_str()) != 1)
      throw std::runtime_error{"cannot read the trusted certificate"};
    if (options.version != 0) {
      SSL_CTX_set_security_level(context_.get(), 0);
      SSL_CTX_set_min_proto_version(context_.get(), options.version);
      SSL_CTX_set_max_proto_version(context_.get(), options.version);
    }
    if (!options.ciphers.empty())
      SSL_CTX_set_cipher_list(context_.get(), std::string{options.ciphers}.c_str());
    SSL_CTX_set_mode(context_.get(), SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_ENABLE_PARTIAL_WRITE);
    ssl_.reset(SSL_new(context_.get()));
    SSL_set1_host(ssl_.get(), "localhost");
    SSL_set_tlsext_host_name(ssl_.get(), "localhost");
    if (!options.protocols.empty())
      SSL_set_alpn_protos(ssl_.get(), reinterpret_cast<const unsigned char*>(options.protocols.data()),
                          static_cast<unsigned int>(options.protocols.size()));
    if (options.session != nullptr) SSL_set_session(ssl_.get(), options.session);
    SSL_set_fd(ssl_.get(), socket);
    SSL_set_connect_state(ssl_.get());
  }

  SSL* ssl() { return ssl_.get(); }

  enum class Outcome { done, waits, ended, failed };
  Outcome connect() {
    ERR_clear_error();
    return outcome(SSL_do_handshake(ssl_.get()));
  }
  // Of as much as goes; blocking sockets take all of it.
  Outcome send(std::string_view& bytes) {
    while (!bytes.empty()) {
      ERR_clear_error();
      std::size_t put = 0;
      const int result = SSL_write_ex(ssl_.get(), bytes.data(), bytes.size(), &put);
      bytes.remove_prefix(put);
      if (result != 1) return outcome(result);
    }
    return Outcome::done;
  }
  // Appends at most `most` bytes.
  Outcome receive(std::string& out, std::size_t most = 16'384) {
    ERR_clear_error();
    const auto before = out.size();
    out.resize(before + most);
    std::size_t got = 0;
    const int result = SSL_read_ex(ssl_.get(), out.data() + before, most, &got);
    out.resize(before + got);
    return outcome(result);
  }
  // Says that nothing more comes.
  void end() { SSL_shutdown(ssl_.get()); }

 private:
  Outcome outcome(int result) {
    if (result == 1) return Outcome::done;
    switch (SSL_get_error(ssl_.get(), result)) {
      case SSL_ERROR_WANT_READ:
      case SSL_ERROR_WANT_WRITE:
        return Outcome::waits;
      case SSL_ERROR_ZERO_RETURN:
        return Outcome::ended;
      default:
        return Outcome::failed;
    }
  }

  std::unique_ptr<SSL_CTX, Freed<SSL_CTX_free>> context_;
  std::unique_ptr<SSL, Freed<SSL_free>> ssl_;
};

}  // namespace qos::test
