// How far a long command is: a bar on a terminal, a line a quarter elsewhere, so that logs stay readable.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>

namespace qos::archive {

// One thread. Draws when the percentage changes, so it needs no clock.
class Progress {
 public:
  enum class Style : std::uint8_t { bar, lines };
  // total 0: not known, then nothing is shown but the label once.
  Progress(std::ostream& out, Style style, std::string label, std::uint64_t total);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void at(std::uint64_t done);

 private:
  void draw(int percent);

  std::ostream& out_;
  Style style_;
  std::string label_;
  std::uint64_t total_;
  int percent_ = -1;
};

// A bar if `out` is the process's standard error and that is a terminal.
Progress::Style progress_style(const std::ostream& out);

}  // namespace qos::archive
