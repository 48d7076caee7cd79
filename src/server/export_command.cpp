#include "server/export_command.hpp"

#include <fmt/ostream.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <memory>
#include <set>

#include "archive/default_instrument.hpp"
#include "archive/kline_csv.hpp"
#include "archive/progress.hpp"
#include "history/klines.hpp"
#include "io/file.hpp"
#include "market/calendar_rules.hpp"
#include "market/plain_text.hpp"

namespace qos::server {
namespace {

using market::Code;
using market::Date;
using market::KlineType;
using std::chrono::days;
using std::chrono::nanoseconds;
using std::chrono::sys_days;

constexpr std::size_t kMaxCodesFile = std::size_t{16} << 20;
// Minutes are read a year at a time: an always-open market has 527,040 in one.
constexpr std::size_t kMaxKlinesAtOnce = 1'000'000;
constexpr Date kFirstDate{std::chrono::year{1970}, std::chrono::month{1}, std::chrono::day{1}};
constexpr Date kLastDate{std::chrono::year{2100}, std::chrono::month{1}, std::chrono::day{1}};

struct Wanted {
  KlineType type = KlineType::day;
  StoredSeries session = StoredSeries::regular;
  market::AdjustmentDirection adjustment = market::AdjustmentDirection::none;
  Date from = kFirstDate;
  Date to = kLastDate;

  // Where the K-lines come from.
  StoredSeries stored() const { return type >= KlineType::day ? StoredSeries::day : session; }
};

Result<Date> parse_day(const char* flag, const std::string& text) {
  const auto date = market::parse_date(text);
  if (!date || !date->ok() || *date < kFirstDate || *date > kLastDate)
    return fail("{}: {} is no date like 2019-02-01, 1970 to 2100", flag, market::shown(text));
  return *date;
}

Result<Wanted> read_flags(const ExportFlags& flags) {
  Wanted wanted;
  const auto type = market::parse_kline_type(flags.kt);
  if (!type)
    return fail("--kt {}: the types are 1, 5, 15, 30, 60, 120, 240, 1001, 1007, 1030, 2001", flags.kt);
  wanted.type = *type;
  if (flags.adjust < 0 || flags.adjust > 2) return fail("--adjust is 0 (raw), 1 (forward) or 2 (backward)");
  wanted.adjustment = static_cast<market::AdjustmentDirection>(flags.adjust);
  if (flags.session == "night") wanted.session = StoredSeries::night;
  if (flags.session == "pre-market") wanted.session = StoredSeries::pre_market;
  if (flags.session == "after-hours") wanted.session = StoredSeries::after_hours;
  if (wanted.session == StoredSeries::regular && flags.session != "regular")
    return fail("--session is regular, night, pre-market or after-hours");
  if (wanted.session != StoredSeries::regular && wanted.type != KlineType::m1)
    return fail("--session goes with --kt 1");
  if (flags.from) {
    const auto from = parse_day("--from", *flags.from);
    if (!from) return std::unexpected{from.error()};
    wanted.from = *from;
  }
  if (flags.to) {
    const auto to = parse_day("--to", *flags.to);
    if (!to) return std::unexpected{to.error()};
    wanted.to = *to;
  }
  if (wanted.to < wanted.from) return fail("--to is before --from");
  return wanted;
}

// Codes in the order asked for, each once; "SZ:*" is all of the market that is stored, in order of the codes.
class CodeList {
 public:
  explicit CodeList(const store::KlineStore& store) : store_{store} {}

  Result<void> add(std::string_view text) {
    for (bool more = true; more;) {
      const auto comma = text.find(',');
      more = comma != std::string_view::npos;
      const auto part = text.substr(0, comma);
      if (part.ends_with(":*")) {
        if (auto ok = add_market(part.substr(0, part.size() - 2)); !ok) return ok;
      } else {
        // A list goes on in the market of its last code.
        const auto spelled = part.find(':') == std::string_view::npos && !prefix_.empty()
                                 ? fmt::format("{}:{}", prefix_, part)
                                 : std::string{part};
        auto code = market::parse_code(spelled);
        if (!code) return std::unexpected{code.error()};
        prefix_ = market::text_of(code->code.market);
        put(std::move(code->code));
      }
      if (more) text.remove_prefix(comma + 1);
    }
    prefix_.clear();
    return {};
  }

  Result<void> add_file(const std::string& file) {
    const auto text = io::read_file(file, kMaxCodesFile);
    if (!text) return std::unexpected{text.error()};
    std::string_view rest{*text};
    for (std::size_t line = 1; !rest.empty(); ++line) {
      const auto end = rest.find('\n');
      auto row = rest.substr(0, end);
      rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
      while (!row.empty() && (row.back() == '\r' || row.back() == ' ')) row.remove_suffix(1);
      if (row.empty()) continue;
      if (auto ok = add(row); !ok) return fail("{}:{}: {}", file, line, ok.error().message);
    }
    return {};
  }

  const std::vector<Code>& codes() const { return codes_; }

 private:
  Result<void> add_market(std::string_view text) {
    const auto market = market::parse_market(text);
    if (!market) return fail("{} is no market", market::shown(text));
    std::vector<Code> found;
    for (const auto& [key, name] : store_.instruments()) {
      auto code = market::parse_code(name);
      if (code && code->code.market == *market) found.push_back(std::move(code->code));
    }
    std::ranges::sort(found, {}, &Code::symbol);
    for (auto& code : found) put(std::move(code));
    return {};
  }

  void put(Code code) {
    if (seen_.insert(code.to_string()).second) codes_.push_back(std::move(code));
  }

  const store::KlineStore& store_;
  std::vector<Code> codes_;
  std::set<std::string> seen_;
  std::string prefix_;
};

// Reads through history::Klines: codes of the instrument table by one, others by a second with a table of its
// own.
class Reader {
 public:
  static Result<std::unique_ptr<Reader>> open(ArchivePlace& place, const std::vector<Code>& codes) {
    std::vector<Code> others;
    for (const auto& code : codes)
      if (place.reference->instruments.find(code) == nullptr) others.push_back(code);
    auto table = archive::default_instruments(others, place.reference->calendars);
    if (!table) return std::unexpected{table.error()};
    auto actions = place.rows->actions();
    if (!actions) return std::unexpected{actions.error()};
    return std::unique_ptr<Reader>{new Reader{
        place, std::move(*table), std::make_shared<market::CorporateActionTable>(std::move(*actions))}};
  }

  // Hands on all that is wanted of one code, oldest first; the number of K-lines.
  template <typename Take>
  Result<std::uint64_t> read(const Code& code, const Wanted& wanted, Take take) const {
    const auto key = place_.store->find(code.to_string());
    if (!key) return 0;
    const auto dates = place_.store->dates_of(*key, wanted.stored(), kFirstDate, kLastDate);
    if (!dates) return std::unexpected{dates.error()};
    if (dates->empty()) return 0;
    const auto* known = place_.reference->instruments.find(code);
    const auto& instrument = known != nullptr ? *known : *others_.find(code);
    const auto& klines = known != nullptr ? known_klines_ : other_klines_;
    const auto& calendar = place_.reference->calendars.at(instrument.calendar);
    // A week, month or year begins before its first day, a night before its date.
    const auto first = std::max(sys_days{wanted.from}, sys_days{dates->front()} - days{366});
    const auto last = std::min(sys_days{wanted.to}, sys_days{dates->back()} + days{1});
    const auto step = wanted.type >= KlineType::day ? days{200 * 366} : days{366};
    std::uint64_t count = 0;
    for (auto from = first; from <= last; from += step) {
      const auto to = std::min(last, from + step - days{1});
      const auto part =
          klines.read(instrument, {.type = wanted.type,
                                   .session = wanted.session,
                                   .count = kMaxKlinesAtOnce,
                                   .until = calendar.local_midnight(Date{to + days{1}}) - nanoseconds{1},
                                   .from = calendar.local_midnight(Date{from}),
                                   .adjustment = wanted.adjustment});
      if (!part) return std::unexpected{part.error()};
      if (auto ok = take(instrument, *part); !ok) return std::unexpected{ok.error()};
      count += part->size();
    }
    return count;
  }

 private:
  Reader(ArchivePlace& place, market::InstrumentTable others,
         std::shared_ptr<const market::CorporateActionTable> actions)
      : place_{place},
        others_{std::move(others)},
        known_klines_{place.reference->instruments, place.reference->calendars, nullptr, place.store.get(),
                      options(place)},
        other_klines_{others_, place.reference->calendars, nullptr, place.store.get(), options(place)} {
    known_klines_.set_actions(actions);
    other_klines_.set_actions(std::move(actions));
  }

  static history::Klines::Options options(const ArchivePlace& place) {
    return {.method = place.config.klines.adjustment, .anchor = place.config.klines.anchor};
  }

  ArchivePlace& place_;
  market::InstrumentTable others_;
  history::Klines known_klines_;
  history::Klines other_klines_;
};

// A file that appears under its name when it is whole; or a stream.
class Output {
 public:
  Output(std::ostream& stream, const std::optional<std::string>& file) : stream_{&stream} {
    if (!file) return;
    name_ = *file;
    part_ = *file + ".part";
    own_.open(part_, std::ios::binary | std::ios::trunc);
    stream_ = &own_;
  }
  ~Output() {
    if (!part_.empty()) std::remove(part_.c_str());
  }
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;

  Result<void> write(std::string_view text) {
    stream_->write(text.data(), static_cast<std::streamsize>(text.size()));
    return check();
  }
  Result<void> finish() {
    stream_->flush();
    if (auto ok = check(); !ok || part_.empty()) return ok;
    own_.close();
    std::error_code problem;
    std::filesystem::rename(part_, name_, problem);
    if (problem) return fail("cannot rename {} to {}: {}", part_, name_, problem.message());
    part_.clear();
    return {};
  }

 private:
  Result<void> check() const {
    if (*stream_) return {};
    return fail("cannot write {}", part_.empty() ? "the output" : part_);
  }

  std::ostream* stream_;
  std::ofstream own_;
  std::string name_;
  std::string part_;
};

struct Exported {
  std::uint64_t klines = 0;
  std::size_t codes = 0;
  std::vector<std::string> empty;  // codes without K-lines
};

Result<Exported> export_all(const ExportFlags& flags, Terminal terminal) {
  const auto wanted = read_flags(flags);
  if (!wanted) return std::unexpected{wanted.error()};
  auto place = open_archive_place(flags.place, NoHistory::refuse, terminal);
  if (!place) return std::unexpected{place.error()};
  if (auto open = keep_simulated_open(*place); !open) return std::unexpected{open.error()};
  CodeList list{*place->store};
  for (const auto& text : flags.codes)
    if (auto ok = list.add(text); !ok) return within("--code", ok.error());
  if (flags.codes_file)
    if (auto ok = list.add_file(*flags.codes_file); !ok) return within("--codes-file", ok.error());
  if (flags.codes.empty() && !flags.codes_file)
    return fail("state what to export with --code or --codes-file");
  const auto reader = Reader::open(*place, list.codes());
  if (!reader) return std::unexpected{reader.error()};

  Output output{terminal.out, flags.out};
  if (auto ok = output.write(archive::kKlineCsvHeader); !ok) return std::unexpected{ok.error()};
  Exported exported;
  {
    archive::Progress progress{terminal.err, archive::progress_style(terminal.err), "exporting",
                               std::max<std::size_t>(list.codes().size(), 1)};
    std::string text;
    for (const auto& code : list.codes()) {
      const auto name = code.to_string();
      const int units = market::spec_of(code.market).units_per_volume;
      const auto take = [&](const market::Instrument&, const std::vector<Kline>& klines) {
        text.clear();
        for (const auto& kline : klines) archive::append_kline_csv(text, name, kline, units);
        return output.write(text);
      };
      const auto count = (*reader)->read(code, *wanted, take);
      if (!count) return std::unexpected{count.error()};
      exported.klines += *count;
      if (*count == 0) exported.empty.push_back(name);
      progress.at(++exported.codes);
    }
  }
  if (auto ok = output.finish(); !ok) return std::unexpected{ok.error()};
  return exported;
}

}  // namespace

int export_klines(const ExportFlags& flags, Terminal terminal) {
  constexpr std::size_t kShownEmpty = 5;
  const auto exported = export_all(flags, terminal);
  if (!exported) {
    fmt::print(terminal.err, "qos export: {}\n", exported.error().message);
    return 1;
  }
  fmt::print(terminal.err, "{} K-lines of {} codes\n", exported->klines,
             exported->codes - exported->empty.size());
  for (std::size_t i = 0; i < std::min(exported->empty.size(), kShownEmpty); ++i)
    fmt::print(terminal.err, "{}: nothing stored in that range\n", exported->empty[i]);
  if (exported->empty.size() > kShownEmpty)
    fmt::print(terminal.err, "… nor of {} other codes\n", exported->empty.size() - kShownEmpty);
  return 0;
}

void add_export_command(CLI::App& app, int& exit_code) {
  const auto flags = std::make_shared<ExportFlags>();
  const Terminal terminal{.out = std::cout, .err = std::cerr};
  auto* command = app.add_subcommand("export", "K-lines as CSV: c,ts,o,h,l,cl,v,t");
  command->add_option("--data", flags->place.data, "Data folder (default: the configuration's, var)");
  command->add_option("--config", flags->place.config,
                      "Configuration file, for its data folder, instruments and markets");
  command->add_option("--code", flags->codes, "SZ:300059, a list with commas, or SZ:*; may be repeated");
  command->add_option("--codes-file", flags->codes_file, "A file with such a text a line");
  command->add_option("--kt", flags->kt,
                      "Type, as in the API: 1 to 240 minutes, 1001 (day, the default), 1007, …");
  command->add_option("--adjust", flags->adjust, "0 raw (the default), 1 forward, 2 backward");
  command->add_option("--session", flags->session,
                      "Minutes of regular (default), night, pre-market, after-hours; with --kt 1");
  command->add_option("--from", flags->from, "First date, in the market's zone: 2019-02-01");
  command->add_option("--to", flags->to, "Last date");
  command->add_option("--out", flags->out, "File (default: standard output)");
  command->callback([flags, terminal, &exit_code] { exit_code = export_klines(*flags, terminal); });
}

}  // namespace qos::server
