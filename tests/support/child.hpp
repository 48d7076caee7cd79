// A second process, for what only another process can show: locks, permissions, sudden death.
#pragma once

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <string>
#include <string_view>

#include "core/result.hpp"

namespace qos::test {

// One direction of a talk in lines.
class Pipe {
 public:
  Pipe() { QOS_ASSERT(::pipe(ends_.data()) == 0); }
  ~Pipe() { close(0), close(1); }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;

  void only_read() { close(1); }
  void only_write() { close(0); }
  void write(std::string line) {
    line += '\n';
    QOS_ASSERT(::write(ends_[1], line.data(), line.size()) == static_cast<ssize_t>(line.size()));
  }
  // One line without its end; what there is if the other side has gone.
  std::string read() {
    std::string line;
    for (char c; ::read(ends_[0], &c, 1) == 1 && c != '\n';) line += c;
    return line;
  }

 private:
  void close(std::size_t end) {
    if (ends_[end] >= 0) ::close(ends_[end]);
    ends_[end] = -1;
  }
  std::array<int, 2> ends_{-1, -1};
};

struct ChildEnd {
  bool killed = false;  // by a signal
  int exit_code = 0;    // if not killed
};

// Runs body(talk) in a forked process; the body's result is its exit code. It ends without destructors or
// handlers, as after a crash. Fork before the test opens a database: SQLite's knowledge of its locks must not
// be inherited.
class Child {
 public:
  struct Talk {
    Pipe& in;
    Pipe& out;
    void say(const std::string& line) const { out.write(line); }
    std::string hear() const { return in.read(); }
  };

  template <typename Body>
  explicit Child(Body body) {
    process_ = ::fork();
    QOS_ASSERT(process_ >= 0);
    if (process_ != 0) {
      to_child_.only_write();
      from_child_.only_read();
      return;
    }
    to_child_.only_read();
    from_child_.only_write();
    ::_exit(body(Talk{.in = to_child_, .out = from_child_}));
  }
  ~Child() {
    if (process_ > 0) static_cast<void>(end());
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  void say(const std::string& line) { to_child_.write(line); }
  std::string hear() { return from_child_.read(); }
  // Waits for it.
  ChildEnd end() {
    int status = 0;
    QOS_ASSERT(::waitpid(process_, &status, 0) == process_);
    process_ = 0;
    return {.killed = WIFSIGNALED(status), .exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 0};
  }

 private:
  Pipe to_child_;
  Pipe from_child_;
  pid_t process_ = 0;
};

}  // namespace qos::test
