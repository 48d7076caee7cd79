#include "archive/progress.hpp"

#include <fmt/ostream.h>
#include <unistd.h>

#include <algorithm>
#include <iostream>

namespace qos::archive {
namespace {

constexpr int kWidth = 40;  // columns between the brackets
constexpr int kQuarter = 25;

}  // namespace

Progress::Progress(std::ostream& out, Style style, std::string label, std::uint64_t total)
    : out_{out}, style_{style}, label_{std::move(label)}, total_{total} {
  if (total_ == 0) fmt::print(out_, "{}\n", label_);
}

// The bar's line is cleared, so that what is printed next stands alone.
Progress::~Progress() {
  if (style_ == Style::bar && percent_ >= 0) out_ << "\r\x1b[K" << std::flush;
}

void Progress::at(std::uint64_t done) {
  if (total_ == 0) return;
  const auto percent = static_cast<int>(std::min(done, total_) * 100 / total_);
  if (percent == percent_) return;
  percent_ = percent;
  draw(percent);
}

void Progress::draw(int percent) {
  if (style_ == Style::bar) {
    const int filled = percent * kWidth / 100;
    fmt::print(out_, "\r{} [{:#<{}}{:.<{}}] {:3} %", label_, "", filled, "", kWidth - filled, percent);
    out_.flush();
  } else if (percent % kQuarter == 0) {
    fmt::print(out_, "{}: {} %\n", label_, percent);
  }
}

Progress::Style progress_style(const std::ostream& out) {
  return &out == &std::cerr && ::isatty(STDERR_FILENO) == 1 ? Progress::Style::bar : Progress::Style::lines;
}

}  // namespace qos::archive
