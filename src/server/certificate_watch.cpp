#include "server/certificate_watch.hpp"

#include <spdlog/spdlog.h>

namespace qos::server {

void CertificateWatch::start() {
  thread_ = std::jthread{[this](const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      look();
      std::unique_lock lock{mutex_};
      wake_.wait_for(lock, stop, kEvery, [] { return false; });
    }
  }};
}

void CertificateWatch::stop() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  thread_.join();
}

void CertificateWatch::look() {
  if (const auto renewed = certificate_.renew(); !renewed)
    spdlog::error("TLS: the certificate in force stays, because the new one cannot be used: {}",
                  renewed.error().message);
  else if (*renewed == io::TlsCertificate::Renewal::taken)
    spdlog::info("TLS: a new certificate is in force");
  // A kernel without TLS refuses every session alike, so the first ones tell.
  if (!told_ && sessions_.handshakes.value() > 0) {
    told_ = true;
    spdlog::info("TLS: {}",
                 sessions_.kernel_sessions.value() > 0
                     ? "the kernel encrypts what is sent"
                     : "the server encrypts what is sent, because the kernel has no TLS of its own");
  }
}

}  // namespace qos::server
