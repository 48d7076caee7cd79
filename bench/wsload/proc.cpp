#include "proc.hpp"

#include <sys/resource.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

namespace qos::bench {
namespace {

std::string text_of(const std::filesystem::path& path) {
  std::ostringstream out;
  out << std::ifstream{path}.rdbuf();
  return std::move(out).str();
}

double seconds_of(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
}

}  // namespace

ProcessUse read_process(int pid, std::string_view thread) {
  ProcessUse use;
  if (pid <= 0) return use;
  const auto folder = std::filesystem::path{"/proc"} / std::to_string(pid);
  std::error_code gone;
  for (const auto& task : std::filesystem::directory_iterator{folder / "task", gone}) {
    // Nanoseconds on a processor; utime and stime of stat would only tell hundredths of a second.
    const auto on_cpu = std::strtoull(text_of(task.path() / "schedstat").c_str(), nullptr, 10);
    use.cpu_ns += on_cpu;
    auto name = text_of(task.path() / "comm");
    if (!name.empty()) name.pop_back();
    if (!thread.empty() && name == thread) use.thread_ns += on_cpu;
  }
  const auto status = text_of(folder / "status");
  if (const auto at = status.find("VmRSS:"); at != std::string::npos)
    use.resident_kb = std::atol(status.c_str() + at + 6);
  return use;
}

std::vector<ProcessorUse> read_processors() {
  std::vector<ProcessorUse> processors;
  std::istringstream lines{text_of("/proc/stat")};
  for (std::string name, rest; lines >> name && std::getline(lines, rest);) {
    if (!name.starts_with("cpu") || name == "cpu") continue;
    std::istringstream numbers{rest};
    std::uint64_t user = 0, nice = 0, system = 0, idle = 0, wait = 0, hard = 0, soft = 0, steal = 0;
    numbers >> user >> nice >> system >> idle >> wait >> hard >> soft >> steal;
    processors.push_back({.busy = user + nice + system + hard + soft, .idle = idle + wait, .steal = steal});
  }
  return processors;
}

double own_cpu_seconds() {
  rusage use{};
  getrusage(RUSAGE_SELF, &use);
  return seconds_of(use.ru_utime) + seconds_of(use.ru_stime);
}

}  // namespace qos::bench
