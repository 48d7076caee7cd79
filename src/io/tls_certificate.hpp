// The certificate a server speaks TLS with, as its files say now: replaced on disk, it is in force without a
// restart, for connections that begin from then on.
//
// Threads: current() and expires() any; renew() one.
#pragma once

#include <memory>
#include <mutex>
#include <optional>

#include "core/counter.hpp"
#include "io/tls_context.hpp"

namespace qos::io {

class TlsCertificate {
 public:
  static Result<std::unique_ptr<TlsCertificate>> load(TlsFiles files);

  std::shared_ptr<const TlsContext> current() const;
  UnixNanos expires() const { return current()->expires(); }

  enum class Renewal : std::uint8_t { unchanged, taken };
  // Looks whether a file has changed since the last look. An error leaves the certificate in force that was;
  // it is told once for each change, because renewing a pair of files is two changes.
  Result<Renewal> renew();

  struct Counters {
    Counter renewals;
    Counter failures;
  };
  const Counters& counters() const { return counters_; }

 private:
  // Of both files: which, how long, changed when. Absent: one cannot be looked at.
  struct Look {
    struct File {
      std::uint64_t inode = 0;
      std::int64_t size = 0;
      std::int64_t changed_ns = 0;
      friend bool operator==(const File&, const File&) = default;
    };
    std::optional<File> certificate;
    std::optional<File> key;
    friend bool operator==(const Look&, const Look&) = default;
  };

  explicit TlsCertificate(TlsFiles files) : files_{std::move(files)} {}
  static std::optional<Look::File> look_at(const std::filesystem::path& path);

  TlsFiles files_;
  std::optional<Look> taken_;    // what the files looked like when they were taken up
  std::optional<Look> refused_;  // and when they last could not be
  Counters counters_;
  mutable std::mutex mutex_;
  std::shared_ptr<const TlsContext> current_;  // guarded by mutex_
};

}  // namespace qos::io
