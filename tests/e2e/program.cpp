#include "e2e/program.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <stdexcept>

#include "e2e/client.hpp"

namespace qos::e2e {
namespace {

struct Child {
  pid_t pid;
  int out;
  int err;
};

Child start(const std::vector<std::string>& command, bool keep_err) {
  std::array<int, 2> out{};
  std::array<int, 2> err{};
  if (::pipe2(out.data(), O_CLOEXEC) != 0 || ::pipe2(err.data(), O_CLOEXEC) != 0)
    throw std::runtime_error("pipe");
  std::vector<char*> arguments;
  for (const auto& argument : command) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::dup2(out[1], STDOUT_FILENO);
    if (keep_err) ::dup2(err[1], STDERR_FILENO);
    ::execvp(arguments[0], arguments.data());
    ::_exit(127);
  }
  ::close(out[1]);
  ::close(err[1]);
  if (pid < 0) throw std::runtime_error("fork");
  return {pid, out[0], err[0]};
}

int exit_code_of(pid_t pid) {
  int status = 0;
  ::waitpid(pid, &status, 0);
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

}  // namespace

Outcome run_program(const std::vector<std::string>& command) {
  const auto child = start(command, true);
  Outcome outcome;
  std::array<pollfd, 2> waiting{pollfd{child.out, POLLIN, 0}, pollfd{child.err, POLLIN, 0}};
  std::array<std::string*, 2> texts{&outcome.out, &outcome.err};
  for (int open = 2; open > 0;) {
    ::poll(waiting.data(), waiting.size(), -1);
    for (std::size_t stream = 0; stream < waiting.size(); ++stream) {
      if (waiting[stream].fd < 0 || waiting[stream].revents == 0) continue;
      std::array<char, 4096> chunk;
      const auto got = ::read(waiting[stream].fd, chunk.data(), chunk.size());
      if (got > 0) {
        texts[stream]->append(chunk.data(), static_cast<std::size_t>(got));
        continue;
      }
      ::close(waiting[stream].fd);
      waiting[stream].fd = -1;
      --open;
    }
  }
  outcome.exit_code = exit_code_of(child.pid);
  return outcome;
}

Program::Program(const std::vector<std::string>& command) {
  const auto child = start(command, false);
  ::close(child.err);
  pid_ = child.pid;
  out_ = child.out;
}

Program::~Program() {
  if (pid_ > 0) stop(SIGKILL);
  if (out_ >= 0) ::close(out_);
}

std::string Program::wait_for(std::string_view text) {
  const auto patience = static_cast<int>(std::chrono::milliseconds{kPatience * 3}.count());
  while (true) {
    const auto found = read_.find(text);
    if (found != std::string::npos && read_.find('\n', found) != std::string::npos) return read_;
    pollfd waiting{out_, POLLIN, 0};
    std::array<char, 4096> chunk;
    if (::poll(&waiting, 1, patience) <= 0) return {};
    const auto got = ::read(out_, chunk.data(), chunk.size());
    if (got <= 0) return {};
    read_.append(chunk.data(), static_cast<std::size_t>(got));
  }
}

void Program::signal(int signal) const {
  if (pid_ > 0) ::kill(pid_, signal);
}

Outcome Program::stop(int signal) {
  this->signal(signal);
  return wait_for_end();
}

Outcome Program::wait_for_end() {
  if (pid_ < 0) return {.out = read_, .err = {}};
  const auto exit_code = exit_code_of(pid_);
  pid_ = -1;
  return {.exit_code = exit_code, .out = read_, .err = {}};
}

}  // namespace qos::e2e
