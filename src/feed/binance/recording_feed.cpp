#include "feed/binance/recording_feed.hpp"

#include <algorithm>
#include <utility>

#include "feed/binance/decoder.hpp"
#include "feed/binance/fields.hpp"
#include "feed/binance/frame_parser.hpp"
#include "feed/binance/paced_sink.hpp"
#include "feed/binance/recorded_line.hpp"
#include "feed/options.hpp"
#include "io/compressed_reader.hpp"

namespace qos::feed::binance {
namespace {

// Rejected lines and notices that are reported; the rest are only counted, so that a file of rubbish fills no
// disk.
constexpr std::uint64_t kMaxReports = 100;

struct Settings {
  std::filesystem::path file;
  Speed speed;
  std::string symbol;  // empty: not given
};

Result<Settings> read_settings(const FeedSpec& spec) {
  if (const auto known = only_options(spec, {"file", "speed", "symbol"}); !known)
    return std::unexpected{known.error()};
  const auto option = [&](const char* name) {
    const auto found = spec.options.find(name);
    return found == spec.options.end() ? std::string{} : found->second;
  };
  Settings settings{.file = option("file"), .speed = {}, .symbol = option("symbol")};
  if (settings.file.empty()) return fail("feed {}: option 'file' is required", spec.kind);
  if (const auto text = option("speed"); !text.empty()) {
    const auto speed = Speed::parse(text);
    if (!speed) return within(fmt::format("feed {}", spec.kind), speed.error());
    settings.speed = *speed;
  }
  return settings;
}

// The symbol of the file's depth diffs, if there is only one: it is whose the snapshots without a symbol are.
// Reads up to the whole file, once, and only when such a snapshot comes.
Result<std::string> only_depth_symbol(const std::filesystem::path& file) {
  auto reader = io::LineReader::open(file);
  if (!reader) return std::unexpected{reader.error()};
  RecordedLineParser lines;
  FrameParser frames;
  std::string only;
  for (;;) {
    const auto line = reader->next();
    // What is damaged further on is met, and reported, when the feed gets there.
    if (!line || !*line) break;
    if ((*line)->find("depthUpdate") == std::string_view::npos) continue;
    const auto message = lines.parse(**line);
    if (!message || !*message) continue;
    const auto frame = frames.parse((*message)->json);
    const auto* const diff = frame ? std::get_if<DepthDiff>(&*frame) : nullptr;
    if (diff == nullptr || diff->symbol == only) continue;
    if (!only.empty()) return fail("depth snapshot without a symbol among several; give it as symbol=");
    only = diff->symbol;
  }
  if (only.empty())
    return fail("depth snapshot without a symbol, and no diffs that tell it; give it as symbol=");
  return only;
}

std::vector<CalendarId> calendars_of(const market::InstrumentTable& instruments) {
  std::vector<CalendarId> calendars;
  for (const auto id : instruments.of_market(market::Market::CF))
    if (const auto calendar = instruments.at(id).calendar;
        std::ranges::find(calendars, calendar) == calendars.end())
      calendars.push_back(calendar);
  return calendars;
}

class RecordingFeed final : public Feed {
 public:
  RecordingFeed(Settings settings, io::LineReader reader, const FeedContext& context)
      : settings_{std::move(settings)},
        reader_{std::move(reader)},
        context_{context},
        decoder_{context.id, context.instruments, counters_, [this](const Error& error) { report(error); }} {}

  Result<void> run(EventSink& sink, const std::stop_token& stop) override {
    sink.live();
    PacedSink paced{sink,
                    context_.clock,
                    counters_,
                    {.feed = context_.id,
                     .speed = settings_.speed,
                     .calendars = calendars_of(context_.instruments),
                     .already = context_.already},
                    stop};
    while (!stop.stop_requested()) {
      const auto line = reader_.next();
      if (!line) return std::unexpected{line.error()};
      if (!*line) break;
      if (const auto read = read_line(**line, paced); !read) {
        counters_.rejected.add();
        report(read.error());
      }
    }
    return {};
  }
  const FeedCounters& counters() const override { return counters_; }

 private:
  Result<void> read_line(std::string_view line, EventSink& sink) {
    const auto message = lines_.parse(line);
    if (!message) return std::unexpected{message.error()};
    if (!*message) return {};
    auto frame = frames_.parse((*message)->json);
    if (!frame) return std::unexpected{frame.error()};
    if (auto* const snapshot = std::get_if<DepthSnapshot>(&*frame);
        snapshot != nullptr && snapshot->symbol.empty()) {
      const auto symbol = symbol_of_snapshot((*message)->symbol);
      if (!symbol) return std::unexpected{symbol.error()};
      snapshot->symbol = *symbol;
    }
    decoder_.decode(*frame, (*message)->ts_recv.value_or(event_time_of(*frame)), sink);
    return {};
  }

  Result<std::string_view> symbol_of_snapshot(std::string_view of_request) {
    if (!of_request.empty()) return of_request;
    if (!settings_.symbol.empty()) return settings_.symbol;
    if (!only_symbol_) only_symbol_ = only_depth_symbol(settings_.file);
    if (!*only_symbol_) return std::unexpected{only_symbol_->error()};
    return **only_symbol_;
  }

  void report(const Error& error) {
    if (!context_.report || reports_ > kMaxReports) return;
    const auto place = fmt::format("{}:{}", settings_.file.string(), reader_.line());
    context_.report(
        ++reports_ <= kMaxReports
            ? within(place, error).error()
            : Error{fmt::format("{}: more was rejected than is reported; from here on only counted", place)});
  }

  const Settings settings_;
  io::LineReader reader_;
  const FeedContext context_;
  FeedCounters counters_;
  RecordedLineParser lines_;
  FrameParser frames_;
  Decoder decoder_;
  std::optional<Result<std::string>> only_symbol_;  // once it was asked for
  std::uint64_t reports_ = 0;
};

}  // namespace

Result<FeedPlan> plan(const FeedSpec& spec) {
  const auto settings = read_settings(spec);
  if (!settings) return std::unexpected{settings.error()};
  return FeedPlan{.markets = {market::Market::CF}};
}

Result<std::unique_ptr<Feed>> make(const FeedSpec& spec, const std::vector<market::Market>& covered,
                                   const FeedContext& context) {
  auto settings = read_settings(spec);
  if (!settings) return std::unexpected{settings.error()};
  if (std::ranges::find(covered, market::Market::CF) == covered.end())
    return fail("feed {}: market CF, all it has, is another feed's", spec.kind);
  auto reader = io::LineReader::open(settings->file);
  if (!reader) return within(fmt::format("feed {}", spec.kind), reader.error());
  return std::make_unique<RecordingFeed>(std::move(*settings), std::move(*reader), context);
}

}  // namespace qos::feed::binance
