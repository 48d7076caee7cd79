// Names the calling thread, so that what it costs can be read by name (top -H, /proc, perf).
#pragma once

#include <pthread.h>

#include <string>
#include <string_view>

namespace qos::io {

// The kernel keeps 15 bytes; what is longer is cut.
inline void name_this_thread(std::string_view name) {
  constexpr std::size_t kMost = 15;
  pthread_setname_np(pthread_self(), std::string{name.substr(0, kMost)}.c_str());
}

}  // namespace qos::io
