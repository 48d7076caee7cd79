// Looks whether the TLS certificate was replaced on disk, and says once whether the kernel encrypts. In force
// within kEvery.
//
// Threads: start() and stop() are the pipeline's owner's; a thread of its own looks.
#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>

#include "io/tls_certificate.hpp"

namespace qos::server {

class CertificateWatch {
 public:
  static constexpr std::chrono::milliseconds kEvery{2'000};

  // Both outlive it.
  CertificateWatch(io::TlsCertificate& certificate, const io::TlsCounters& sessions)
      : certificate_{certificate}, sessions_{sessions} {}
  ~CertificateWatch() { stop(); }

  void start();
  void stop();

 private:
  void look();

  io::TlsCertificate& certificate_;
  const io::TlsCounters& sessions_;
  bool told_ = false;  // who encrypts
  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::jthread thread_;
};

}  // namespace qos::server
