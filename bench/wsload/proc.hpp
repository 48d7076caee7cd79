// What the kernel says of a process, of its threads and of the processors.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace qos::bench {

struct ProcessUse {
  std::uint64_t cpu_ns = 0;     // all threads that live
  std::uint64_t thread_ns = 0;  // those of the name asked for
  long resident_kb = 0;
};
// Zeros for a process that is not there. `thread`: as /proc/PID/task/TID/comm spells it.
ProcessUse read_process(int pid, std::string_view thread);

struct ProcessorUse {
  std::uint64_t busy = 0;  // clock ticks
  std::uint64_t idle = 0;
  std::uint64_t steal = 0;
};
std::vector<ProcessorUse> read_processors();

double own_cpu_seconds();

}  // namespace qos::bench
