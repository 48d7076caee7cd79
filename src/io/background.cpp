#include "io/background.hpp"

#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace qos::io {
namespace {

// <linux/ioprio.h> has no header in the C library: of this thread, the class that is served when the disk is
// idle.
constexpr int kWhoThread = 1;
constexpr int kClassIdle = 3 << 13;

}  // namespace

void become_background_thread() {
  const auto thread = static_cast<id_t>(::syscall(SYS_gettid));
  static_cast<void>(::setpriority(PRIO_PROCESS, thread, 19));
  static_cast<void>(::syscall(SYS_ioprio_set, kWhoThread, thread, kClassIdle));
}

}  // namespace qos::io
