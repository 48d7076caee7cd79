// How a running server is told to end.
//
// Thread: the main one, before there is another.
#pragma once

#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>

#include <array>
#include <chrono>

#include "core/result.hpp"
#include "io/descriptor.hpp"

namespace qos::server {

// SIGINT and SIGTERM become something to wait for. Blocked before any thread exists, so that all inherit it.
class StopSignals {
 public:
  StopSignals() {
    ::sigset_t set;
    ::sigemptyset(&set);
    ::sigaddset(&set, SIGINT);
    ::sigaddset(&set, SIGTERM);
    ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
    ::signal(SIGPIPE, SIG_IGN);  // a client that went away is an error of its socket, not of the server
    signals_ = io::Descriptor{::signalfd(-1, &set, SFD_CLOEXEC)};
    QOS_ASSERT(signals_.valid());
  }
  // Readable when a signal waits: for whoever waits for something else too.
  int descriptor() const { return signals_.get(); }
  // Waits for the next signal, which is taken, or until `other` is readable: then false. -1: there is no
  // other.
  bool wait_or(int other) const {
    std::array<::pollfd, 2> waiting{::pollfd{signals_.get(), POLLIN, 0}, ::pollfd{other, POLLIN, 0}};
    while (::poll(waiting.data(), waiting.size(), -1) <= 0) continue;
    if (waiting[0].revents == 0) return false;
    wait();
    return true;
  }
  // Takes the next signal; waits for it.
  void wait() const {
    ::signalfd_siginfo ignored;
    while (::read(signals_.get(), &ignored, sizeof ignored) != sizeof ignored) continue;
  }
  // False: none came in that time.
  bool wait_for(std::chrono::milliseconds time) const {
    ::pollfd waiting{.fd = signals_.get(), .events = POLLIN, .revents = 0};
    if (::poll(&waiting, 1, static_cast<int>(time.count())) <= 0) return false;
    wait();
    return true;
  }

 private:
  io::Descriptor signals_;
};

}  // namespace qos::server
