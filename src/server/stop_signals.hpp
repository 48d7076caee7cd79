// How a running server is told to end.
//
// Thread: the main one, before there is another.
#pragma once

#include <signal.h>

namespace qos::server {

// SIGINT and SIGTERM become something to wait for. Blocked before any thread exists, so that all inherit it.
class StopSignals {
 public:
  StopSignals() {
    ::sigemptyset(&set_);
    ::sigaddset(&set_, SIGINT);
    ::sigaddset(&set_, SIGTERM);
    ::pthread_sigmask(SIG_BLOCK, &set_, nullptr);
    ::signal(SIGPIPE, SIG_IGN);  // a client that went away is an error of its socket, not of the server
  }
  void wait() const {
    int signal = 0;
    while (::sigwait(&set_, &signal) != 0) continue;
  }

 private:
  ::sigset_t set_;
};

}  // namespace qos::server
