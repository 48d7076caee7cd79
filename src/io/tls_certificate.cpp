#include "io/tls_certificate.hpp"

#include <sys/stat.h>

namespace qos::io {

Result<std::unique_ptr<TlsCertificate>> TlsCertificate::load(TlsFiles files) {
  std::unique_ptr<TlsCertificate> made{new TlsCertificate{std::move(files)}};
  if (auto taken = made->renew(); !taken) return std::unexpected{std::move(taken.error())};
  return made;
}

std::shared_ptr<const TlsContext> TlsCertificate::current() const {
  const std::scoped_lock lock{mutex_};
  return current_;
}

std::optional<TlsCertificate::Look::File> TlsCertificate::look_at(const std::filesystem::path& path) {
  struct ::stat found{};
  if (::stat(path.c_str(), &found) != 0) return std::nullopt;
  return Look::File{.inode = found.st_ino,
                    .size = found.st_size,
                    .changed_ns = found.st_mtim.tv_sec * 1'000'000'000 + found.st_mtim.tv_nsec};
}

Result<TlsCertificate::Renewal> TlsCertificate::renew() {
  // Before the files are read: what changes meanwhile is seen the next time.
  const Look look{.certificate = look_at(files_.certificate), .key = look_at(files_.key)};
  if (taken_ == look) return Renewal::unchanged;
  auto made = TlsContext::load(files_);
  if (!made) {
    // Tried again at every look, as the reason may lie outside the files; told once for each look of them.
    if (std::exchange(refused_, look) == look) return Renewal::unchanged;
    counters_.failures.add();
    return std::unexpected{std::move(made.error())};
  }
  taken_ = look;
  refused_.reset();
  const std::scoped_lock lock{mutex_};
  if (current_) counters_.renewals.add();
  current_ = std::move(*made);
  return Renewal::taken;
}

}  // namespace qos::io
