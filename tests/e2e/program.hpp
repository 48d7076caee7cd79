// The real binary as a child process.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>
#include <vector>

namespace qos::e2e {

struct Outcome {
  int exit_code = -1;  // 128 + signal if it was killed
  std::string out;
  std::string err;
};

// Runs a command to its end.
Outcome run_program(const std::vector<std::string>& command);

// A program that keeps running; killed with the object.
class Program {
 public:
  explicit Program(const std::vector<std::string>& command);
  ~Program();
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  // Reads its standard output up to the line that contains `text`, and returns all of it so far. Empty if the
  // program ended first.
  std::string wait_for(std::string_view text);
  void signal(int signal) const;
  // Waits for the end, which something else brings about.
  Outcome wait_for_end();
  // Sends the signal and waits for the end.
  Outcome stop(int signal);

 private:
  pid_t pid_ = -1;
  int out_ = -1;
  std::string read_;
};

}  // namespace qos::e2e
