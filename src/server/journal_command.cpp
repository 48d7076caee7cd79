#include "server/journal_command.hpp"

#include <fmt/ostream.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <iostream>
#include <memory>
#include <optional>

#include "io/clock.hpp"
#include "journal/check.hpp"
#include "journal/event_kind.hpp"
#include "journal/event_text.hpp"
#include "journal/repair.hpp"

namespace qos::server {
namespace {

using journal::SegmentFacts;

int failed(Terminal terminal, const Error& error) {
  terminal.out.flush();
  fmt::print(terminal.err, "qos journal: {}\n", error.message);
  return 1;
}

int done(Terminal terminal, int exit_code = 0) {
  terminal.out.flush();
  if (terminal.out) return exit_code;
  return failed(terminal, {"the answer could not be written out"});
}

// A folder without a journal is a mistyped one.
Result<std::vector<journal::SegmentFile>> segments_in(const std::filesystem::path& folder) {
  auto files = journal::segment_files(io::system_disk(), folder);
  if (files && files->empty()) return fail("{}: there is no journal", folder.string());
  return files;
}

bool is_of(const EventBody& body, std::uint64_t instrument) {
  return std::visit(
      [&](const auto& event) {
        if constexpr (requires { event.instrument; }) return event.instrument.value() == instrument;
        return false;
      },
      body);
}

// Prints what is asked for of some events; false: it has all that was asked for.
class Printer {
 public:
  Printer(const CatRange& range, const journal::Names& names, std::ostream& out)
      : range_{range}, names_{names}, out_{out} {
    if (range.code.empty()) return;
    const auto found = std::ranges::find(names.instruments, range.code);
    instrument_ = static_cast<std::uint64_t>(found - names.instruments.begin());
  }
  bool print(std::span<const SequencedEvent> events) {
    for (const auto& event : events) {
      if (event.sequence.value() > range_.to || printed_ == range_.limit || !out_) return false;
      if (instrument_ && !is_of(event.event.body, *instrument_)) continue;
      line_.clear();
      journal::append_event_json(line_, event, names_);
      line_ += '\n';
      out_ << line_;
      ++printed_;
    }
    return printed_ < range_.limit;
  }

 private:
  const CatRange& range_;
  const journal::Names& names_;
  std::ostream& out_;
  std::optional<std::uint64_t> instrument_;
  std::uint64_t printed_ = 0;
  std::string line_;
};

using KindCounts = std::array<std::uint64_t, journal::kEventKinds>;

Result<KindCounts> count_kinds(const std::filesystem::path& folder, const SegmentFacts& segment) {
  KindCounts counts{};
  const Sequence before{segment.first.value() - 1};
  const auto reader = journal::Reader::open(io::system_disk(), folder, before, {});
  if (!reader) return std::unexpected{reader.error()};
  for (;;) {
    const auto events = (*reader)->next();
    if (!events) return std::unexpected{events.error()};
    if (events->empty()) return counts;
    for (const auto& event : *events) {
      if (event.sequence > segment.last) return counts;
      ++counts[static_cast<std::size_t>(journal::event_kind(event.event.body))];
    }
  }
}

std::string words_of(const KindCounts& counts) {
  std::string words;
  for (std::size_t kind = 0; kind < counts.size(); ++kind)
    if (counts[kind] > 0) words += fmt::format("  {} {}", journal::kEventKindNames[kind], counts[kind]);
  return words;
}

std::string time_of(const SegmentFacts& segment, UnixNanos t) {
  return segment.events == 0 ? "-" : journal::time_text(t);
}

void print_segment(std::ostream& out, const SegmentFacts& segment) {
  const double each =
      segment.events == 0 ? 0 : static_cast<double>(segment.bytes) / static_cast<double>(segment.events);
  fmt::print(out, "{:<25}  {:>16}  {:>12}  {:>12}  {:<30}  {:<30}  {:>12}  {:>11}  {:>7.2f}\n", segment.file,
             segment.epoch.value(), segment.first.value(), segment.last.value(),
             time_of(segment, segment.first_received), time_of(segment, segment.last_received), segment.bytes,
             segment.events, each);
}

}  // namespace

int cat_journal(const std::filesystem::path& folder, const CatRange& range, Terminal terminal) {
  const auto segments = segments_in(folder);
  if (!segments) return failed(terminal, segments.error());
  const auto names = journal::all_names(io::system_disk(), folder);
  if (!names) return failed(terminal, names.error());
  const auto from = range.from == 0 ? segments->front().first.value() : range.from;
  const auto reader = journal::Reader::open(io::system_disk(), folder, Sequence{from - 1}, *names);
  if (!reader) return failed(terminal, reader.error());
  if (!range.code.empty() && std::ranges::find(names->instruments, range.code) == names->instruments.end())
    return failed(terminal, {fmt::format("no segment knows an instrument {}", range.code)});
  Printer printer{range, *names, terminal.out};
  for (;;) {
    const auto events = (*reader)->next();
    if (!events) return failed(terminal, events.error());
    if (events->empty() || !printer.print(*events)) break;
  }
  for (const auto& lost : (*reader)->lost())
    fmt::print(terminal.err, "lost in a repair: events {} to {}\n", lost.from.value(), lost.to.value());
  return done(terminal);
}

int verify_journal(const std::filesystem::path& folder, Terminal terminal) {
  if (const auto segments = segments_in(folder); !segments) return failed(terminal, segments.error());
  const auto checked = journal::check_journal(io::system_disk(), folder);
  if (!checked) return failed(terminal, checked.error());
  for (const auto& lost : checked->noted)
    fmt::print(terminal.out, "lost in a repair: events {} to {}\n", lost.from.value(), lost.to.value());
  for (const auto& damage : checked->damage)
    fmt::print(terminal.out, "damaged: {}\n", journal::describe(damage));
  if (checked->torn > 0)
    fmt::print(terminal.out, "{} bytes at the end are an unfinished block, which is no damage\n",
               checked->torn);
  fmt::print(terminal.out, "{} events in {} segments, {} damaged places\n", checked->events,
             checked->segments.size(), checked->damage.size());
  return done(terminal, checked->damage.empty() ? 0 : 1);
}

int stat_journal(const std::filesystem::path& folder, Kinds kinds, Terminal terminal) {
  if (const auto segments = segments_in(folder); !segments) return failed(terminal, segments.error());
  const auto segments = journal::segments_of(io::system_disk(), folder);
  if (!segments) return failed(terminal, segments.error());
  fmt::print(terminal.out, "{:<25}  {:>16}  {:>12}  {:>12}  {:<30}  {:<30}  {:>12}  {:>11}  {:>7}\n",
             "SEGMENT", "EPOCH", "FIRST", "LAST", "FIRST RECEIVED", "LAST RECEIVED", "BYTES", "EVENTS",
             "B/EVENT");
  for (const auto& segment : *segments) {
    print_segment(terminal.out, segment);
    if (kinds == Kinds::left_out || segment.events == 0) continue;
    const auto counts = count_kinds(folder, segment);
    if (!counts) return failed(terminal, counts.error());
    fmt::print(terminal.out, "{}\n", words_of(*counts));
  }
  return done(terminal);
}

int repair_journal(const std::filesystem::path& folder, Repair repair, UnixNanos now, Terminal terminal) {
  if (const auto segments = segments_in(folder); !segments) return failed(terminal, segments.error());
  if (repair == Repair::look) {
    const auto checked = journal::check_journal(io::system_disk(), folder);
    if (!checked) return failed(terminal, checked.error());
    for (const auto& damage : checked->damage)
      fmt::print(terminal.out, "would be lost: {}\n", journal::describe(damage));
    fmt::print(terminal.out, "{}\n",
               checked->damage.empty()
                   ? "nothing is damaged"
                   : "nothing was changed: --yes sets these bytes aside and notes what is lost");
    return done(terminal);
  }
  const auto repaired = journal::repair_journal(io::system_disk(), folder, now);
  if (!repaired) return failed(terminal, repaired.error());
  for (const auto& damage : repaired->damage)
    fmt::print(terminal.out, "lost: {}\n", journal::describe(damage));
  for (const auto& file : repaired->aside) fmt::print(terminal.out, "set aside: {}\n", file);
  fmt::print(terminal.out, "{}\n",
             repaired->damage.empty() ? "nothing was damaged" : "the next start begins a new epoch");
  return done(terminal);
}

void add_journal_command(CLI::App& app, int& exit_code) {
  struct Options {
    std::string folder;
    CatRange range;
    bool kinds = false;
    bool yes = false;
  };
  // Lives as long as the callbacks that CLI11 keeps.
  auto options = std::make_shared<Options>();
  static const Terminal kTerminal{.out = std::cout, .err = std::cerr};
  auto* journal = app.add_subcommand("journal", "Read the journal of events, check it, repair it");
  journal->require_subcommand(1);
  const auto subcommand = [&](const char* name, const char* help, auto run) {
    auto* command = journal->add_subcommand(name, help);
    command->add_option("DIR", options->folder, "The journal's folder, as in var/journal")->required();
    command->callback([options, run, &exit_code] { exit_code = run(*options); });
    return command;
  };
  auto* cat = subcommand("cat", "Print events, one JSON line each",
                         [](const Options& o) { return cat_journal(o.folder, o.range, kTerminal); });
  cat->add_option("--from", options->range.from, "First sequence (default: the first one kept)");
  cat->add_option("--to", options->range.to, "Last sequence");
  cat->add_option("--code", options->range.code, "Only this instrument, as in US:AAPL");
  cat->add_option("--limit", options->range.limit, "At most so many lines");
  subcommand("verify", "Read everything and say what is damaged; 1 if something is",
             [](const Options& o) { return verify_journal(o.folder, kTerminal); });
  subcommand("stat", "List the segments", [](const Options& o) {
    return stat_journal(o.folder, o.kinds ? Kinds::counted : Kinds::left_out, kTerminal);
  })->add_flag("--kinds", options->kinds, "Count events by kind (reads everything)");
  subcommand("repair", "Make a damaged journal readable again, without what is damaged",
             [](const Options& o) {
               return repair_journal(o.folder, o.yes ? Repair::do_it : Repair::look, io::system_clock().now(),
                                     kTerminal);
             })
      ->add_flag("--yes", options->yes, "Do it; without, only say what would be done");
}

}  // namespace qos::server
