#include "io/tls_context.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <signal.h>

#include <array>
#include <ctime>

#include "io/file.hpp"

namespace qos::io {
namespace {

constexpr std::size_t kMaxPemFile = 1 << 20;

// The reason that the library gave last, which is the nearest to what the file says.
std::string reason() {
  const auto code = ERR_peek_last_error();
  const char* text = ERR_reason_error_string(code);
  return text != nullptr ? text : fmt::format("error {:#x} of the TLS library", code);
}

// A server has nobody to ask.
int no_pass_phrase(char*, int, int, void*) {
  return -1;
}

int choose_protocol(SSL*, const unsigned char** chosen, unsigned char* size, const unsigned char* offered,
                    unsigned int offered_size, void*) {
  static constexpr std::array<unsigned char, 9> kHttp{8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
  unsigned char* found = nullptr;
  const int result = SSL_select_next_proto(&found, size, kHttp.data(), kHttp.size(), offered, offered_size);
  *chosen = found;
  return result == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

UnixNanos expiry_of(const X509* certificate) {
  std::tm time{};
  if (certificate == nullptr || ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &time) != 1) return {};
  return from_unix_seconds(::timegm(&time));
}

}  // namespace

void TlsContext::Release::operator()(ssl_ctx_st* context) const {
  SSL_CTX_free(context);
}

TlsContext::~TlsContext() = default;

Result<std::shared_ptr<const TlsContext>> TlsContext::load(const TlsFiles& files) {
  struct ::sigaction pipe{};
  if (::sigaction(SIGPIPE, nullptr, &pipe) == 0 && pipe.sa_handler == SIG_DFL) ::signal(SIGPIPE, SIG_IGN);
  std::shared_ptr<TlsContext> made{new TlsContext};
  ERR_clear_error();
  made->context_.reset(SSL_CTX_new(TLS_server_method()));
  if (!made->context_) return fail("cannot set up TLS: {}", reason());
  if (auto done = made->allow_what_is_sound(); !done) return std::unexpected{done.error()};
  if (auto done = made->take(files); !done) return std::unexpected{done.error()};
  return made;
}

Result<void> TlsContext::allow_what_is_sound() {
  SSL_CTX* context = context_.get();
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                   SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA |
                                   SSL_OP_ENABLE_KTLS);
  // An idle connection holds no record buffers; the bytes of a piece that is offered again may have moved.
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  // One call of the kernel for header and body of a record, and of small records together.
  SSL_CTX_set_read_ahead(context, 1);
  // The client keeps what it needs to come back quickly; the server keeps nothing.
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(context, 1);
  SSL_CTX_set_default_passwd_cb(context, no_pass_phrase);
  SSL_CTX_set_alpn_select_cb(context, choose_protocol, nullptr);
  if (SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) != 1 ||
      SSL_CTX_set_cipher_list(context, "ECDHE+AESGCM:ECDHE+CHACHA20") != 1)
    return fail("cannot set up TLS: {}", reason());
  return {};
}

Result<void> TlsContext::take(const TlsFiles& files) {
  // Whether a file is there and readable is the system's to say, in words that a person knows.
  for (const auto& path : {files.certificate, files.key})
    if (const auto text = read_file(path, kMaxPemFile); !text) return std::unexpected{text.error()};
  SSL_CTX* context = context_.get();
  ERR_clear_error();
  if (SSL_CTX_use_certificate_chain_file(context, files.certificate.c_str()) != 1)
    return fail("{}: no certificate in PEM form to serve TLS with: {}", files.certificate.string(), reason());
  if (SSL_CTX_use_PrivateKey_file(context, files.key.c_str(), SSL_FILETYPE_PEM) != 1)
    return fail("{}: no private key, in PEM form and without a pass phrase, of the certificate in {}: {}",
                files.key.string(), files.certificate.string(), reason());
  expires_ = expiry_of(SSL_CTX_get0_certificate(context));
  return {};
}

Stream TlsContext::accept(Descriptor socket, TlsCounters& counters) const {
  ERR_clear_error();
  SSL* ssl = SSL_new(context_.get());
  if (ssl == nullptr) return {};
  const int fd = socket.get();
  auto session = std::make_unique<TlsSession>(ssl, fd, counters);
  if (SSL_set_fd(ssl, fd) != 1) return {};
  SSL_set_accept_state(ssl);
  return Stream{std::move(socket), std::move(session)};
}

}  // namespace qos::io
