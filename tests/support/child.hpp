// A second process, for what only another process can show: locks, permissions, sudden death.
#pragma once

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>

#include "core/result.hpp"

namespace qos::test {

struct ChildEnd {
  std::string said;     // what it wrote with the function it was given
  bool killed = false;  // by a signal
  int exit_code = 0;    // if not killed
};

// Runs body(say) in a forked process and waits for its end. The body's result is the exit code; the process
// ends without destructors or handlers, as after a crash.
template <typename Body>
ChildEnd run_in_child(Body body) {
  int ends[2];
  QOS_ASSERT(::pipe(ends) == 0);
  const pid_t child = ::fork();
  QOS_ASSERT(child >= 0);
  if (child == 0) {
    ::close(ends[0]);
    const auto say = [&ends](const std::string& text) {
      QOS_ASSERT(::write(ends[1], text.data(), text.size()) == static_cast<ssize_t>(text.size()));
    };
    ::_exit(body(say));
  }
  ::close(ends[1]);
  ChildEnd end;
  char buffer[4096];
  for (ssize_t got = 0; (got = ::read(ends[0], buffer, sizeof buffer)) > 0;)
    end.said.append(buffer, static_cast<std::size_t>(got));
  ::close(ends[0]);
  int status = 0;
  QOS_ASSERT(::waitpid(child, &status, 0) == child);
  end.killed = WIFSIGNALED(status);
  if (WIFEXITED(status)) end.exit_code = WEXITSTATUS(status);
  return end;
}

}  // namespace qos::test
