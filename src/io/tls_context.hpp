// What all TLS connections of a listener share: the certificate with its key, and what is allowed. TLS 1.2
// and 1.3, forward secrecy and authenticated encryption only, tickets for quick reconnects, no renegotiation,
// no compression, ALPN http/1.1.
//
// Threads: immutable, any thread. Sessions keep what they need of it, so it may go before them.
#pragma once

#include <filesystem>
#include <memory>

#include "core/result.hpp"
#include "core/time.hpp"
#include "io/stream.hpp"
#include "io/tls_session.hpp"

struct ssl_ctx_st;

namespace qos::io {

struct TlsFiles {
  std::filesystem::path certificate;  // PEM: the server's own first, then the chain up to what clients know
  std::filesystem::path key;          // PEM, without a pass phrase
};

class TlsContext {
 public:
  // Errors name the file and what is wrong with it. The process ignores SIGPIPE from here on: the library's
  // writes cannot ask for it one by one.
  static Result<std::shared_ptr<const TlsContext>> load(const TlsFiles& files);
  ~TlsContext();
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;

  // A stream over a connected, non-blocking socket, whose handshake begins with the first read(). Invalid if
  // there is no memory. `counters` must outlive it.
  Stream accept(Descriptor socket, TlsCounters& counters) const;

  // Until when the certificate is valid.
  UnixNanos expires() const { return expires_; }

 private:
  TlsContext() = default;
  Result<void> allow_what_is_sound();
  Result<void> take(const TlsFiles& files);

  struct Release {
    void operator()(ssl_ctx_st* context) const;
  };
  std::unique_ptr<ssl_ctx_st, Release> context_;
  UnixNanos expires_{};
};

}  // namespace qos::io
