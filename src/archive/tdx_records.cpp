#include "archive/tdx_records.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <optional>
#include <utility>

#include "archive/float_decimal.hpp"
#include "archive/known_date.hpp"
#include "market/calendar_rules.hpp"

namespace qos::archive {
namespace {

using market::Date;

// As they stand in the files, little-endian.
struct DayRecord {
  std::uint32_t date;  // yyyymmdd
  std::uint32_t open;
  std::uint32_t high;
  std::uint32_t low;
  std::uint32_t close;
  std::uint32_t amount;  // bits of a binary32
  std::uint32_t volume;
  std::uint32_t reserved;
};
struct MinuteRecord {
  std::uint16_t date;   // (year - 2004) * 2048 + month * 100 + day
  std::uint16_t label;  // minutes from midnight, of the end
  std::uint32_t open;   // bits of binary32, as the next four
  std::uint32_t high;
  std::uint32_t low;
  std::uint32_t close;
  std::uint32_t amount;
  std::uint32_t volume;
  std::uint32_t reserved;
};
static_assert(sizeof(DayRecord) == kTdxRecordBytes && sizeof(MinuteRecord) == kTdxRecordBytes);
static_assert(std::endian::native == std::endian::little);

// Amounts are kept to the hundredth; a float of a day's turnover has seven digits anyway.
constexpr std::int64_t kAmountScale = 100;
constexpr std::int64_t kTurnoverPerHundredth = 1'000'000'000'000'000;  // Turnover has 17 decimals
// The exchanges opened in December 1990.
constexpr std::chrono::year kFirstYear{1990};
constexpr std::chrono::year kLastYear{2100};
constexpr int kMinutesADay = 24 * 60;

struct Prices {
  Int128 open = 0;  // in units of the scale
  Int128 high = 0;
  Int128 low = 0;
  Int128 close = 0;
};

std::optional<Date> plausible(Date date) {
  if (!date.ok() || date.year() < kFirstYear || date.year() > kLastYear) return std::nullopt;
  return date;
}

std::optional<Date> date_of(std::uint32_t yyyymmdd) {
  return plausible(Date{std::chrono::year{static_cast<int>(yyyymmdd / 10'000)},
                        std::chrono::month{yyyymmdd / 100 % 100}, std::chrono::day{yyyymmdd % 100}});
}

std::optional<Date> packed_date_of(std::uint16_t packed) {
  const unsigned rest = packed % 2048U;
  return plausible(Date{std::chrono::year{2004 + packed / 2048}, std::chrono::month{rest / 100},
                        std::chrono::day{rest % 100}});
}

// What is the same for all records of a file: checks, counts, and the message that says where.
class Records {
 public:
  Records(std::string_view name, const TdxDecoding& decoding) : name_{name}, decoding_{decoding} {}

  template <typename... Args>
  std::unexpected<Error> wrong(fmt::format_string<Args...> format, Args&&... args) const {
    return std::unexpected{Error{fmt::format("{}: record {}{}: {}", name_, found_.records, when_,
                                             fmt::format(format, std::forward<Args>(args)...))}};
  }

  void next() {
    ++found_.records;
    when_.clear();
  }
  void at(std::string when) { when_ = fmt::format(" ({})", when); }

  // The date is no holiday and not out of order; `start` rises strictly.
  Result<void> check_time(Date date, UnixNanos start) {
    if (known_date(decoding_.calendar, date) && decoding_.calendar.regular_of(date).empty())
      return wrong("no trading day of the calendar {}; if it was one, say so with `qos calendar add`",
                   decoding_.calendar.name());
    if (last_ && start <= *last_) return wrong("times must rise, this one is not after the record before");
    last_ = start;
    return {};
  }

  // Adds the K-line, unless nothing was traded.
  Result<void> add(Date date, UnixNanos start, Prices prices, std::uint32_t volume, std::uint32_t amount) {
    if (volume == 0 && decoding_.units.no_volume == NoVolume::no_trades) {
      ++found_.without_trades;
      return {};
    }
    if (std::min({prices.open, prices.high, prices.low, prices.close}) <= 0)
      return wrong("a price of zero with a volume of {}", volume);
    if (auto ok = enclose(prices); !ok) return ok;
    const auto turnover = round_float(amount, kAmountScale);
    if (!turnover) return wrong("the amount is negative or no finite number");
    const auto price = [&](Int128 scaled) {
      return Price::from_raw(
          static_cast<std::int64_t>(scaled * (Price::kScale / decoding_.units.price_scale)));
    };
    found_.klines.push_back(
        {.trading_date = date,
         .kline = {.start = start,
                   .open = price(prices.open),
                   .high = price(prices.high),
                   .low = price(prices.low),
                   .close = price(prices.close),
                   .volume = Volume::from_raw(Int128{volume} * decoding_.units.shares_per_volume *
                                              Quantity::kScale),
                   .turnover = Turnover::from_raw(turnover->scaled * kTurnoverPerHundredth),
                   .closed = true}});
    return {};
  }

  TdxKlines take() { return std::move(found_); }

 private:
  Result<void> enclose(Prices& prices) {
    if (prices.high < prices.low) {
      if (decoding_.noise == Noise::refuse)
        return wrong("high {} is below low {}{}", decimal(prices.high), decimal(prices.low), kWiden);
    } else if (prices.high >= std::max(prices.open, prices.close) &&
               prices.low <= std::min(prices.open, prices.close)) {
      return {};
    } else if (decoding_.noise == Noise::refuse) {
      return wrong("low {} to high {} does not enclose open {} and close {}{}", decimal(prices.low),
                   decimal(prices.high), decimal(prices.open), decimal(prices.close), kWiden);
    }
    const auto [low, high] = std::minmax({prices.open, prices.high, prices.low, prices.close});
    prices.high = high;
    prices.low = low;
    ++found_.widened;
    if (found_.first_widened.empty())
      found_.first_widened = fmt::format("{}: record {}{}", name_, found_.records, when_);
    return {};
  }
  static constexpr std::string_view kWiden = "; --noise widen stores it with high and low widened";

  std::string decimal(Int128 scaled) const {
    return Price::from_raw(static_cast<std::int64_t>(scaled * (Price::kScale / decoding_.units.price_scale)))
        .to_string();
  }

  std::string_view name_;
  const TdxDecoding& decoding_;
  TdxKlines found_;
  std::string when_;
  std::optional<UnixNanos> last_;
};

Result<void> check_size(std::string_view name, std::size_t bytes, std::size_t limit) {
  if (bytes > limit) return fail("{}: {} bytes, at most {} are allowed", name, bytes, limit);
  if (bytes % kTdxRecordBytes != 0)
    return fail("{}: {} bytes are not a whole number of {}-byte records: the file is cut off after record {}",
                name, bytes, kTdxRecordBytes, bytes / kTdxRecordBytes);
  return {};
}

template <typename Record>
Record record_at(std::span<const std::byte> bytes, std::size_t index) {
  Record record;
  std::memcpy(&record, bytes.data() + index * kTdxRecordBytes, kTdxRecordBytes);
  return record;
}

Result<Prices> float_prices(const MinuteRecord& record, const Records& records, std::int64_t scale) {
  Prices prices;
  const std::pair<std::uint32_t, Int128 Prices::*> fields[] = {{record.open, &Prices::open},
                                                               {record.high, &Prices::high},
                                                               {record.low, &Prices::low},
                                                               {record.close, &Prices::close}};
  for (const auto& [bits, field] : fields) {
    const auto rounded = round_float(bits, scale);
    // Price holds 9.2 billion.
    if (!rounded || rounded->scaled > Int128{INT64_MAX} / (Price::kScale / scale))
      return records.wrong("a price is negative, no finite number or too large");
    if (!rounded->meant)
      return records.wrong(
          "the price {} has more decimals than a scale of {} holds; if they are meant, state "
          "a larger --price-scale for the code",
          std::bit_cast<float>(bits), scale);
    prices.*field = rounded->scaled;
  }
  return prices;
}

}  // namespace

Result<TdxKlines> decode_tdx_days(std::string_view name, std::span<const std::byte> bytes,
                                  const TdxDecoding& decoding) {
  if (auto ok = check_size(name, bytes.size(), kMaxTdxDayFile); !ok) return std::unexpected{ok.error()};
  Records records{name, decoding};
  for (std::size_t index = 0; index < bytes.size() / kTdxRecordBytes; ++index) {
    const auto record = record_at<DayRecord>(bytes, index);
    records.next();
    const auto date = date_of(record.date);
    if (!date) return records.wrong("{} is no date yyyymmdd from 1990 on", record.date);
    records.at(market::to_string(*date));
    const auto start = decoding.calendar.local_midnight(*date);
    if (auto ok = records.check_time(*date, start); !ok) return std::unexpected{ok.error()};
    const Prices prices{.open = record.open, .high = record.high, .low = record.low, .close = record.close};
    if (auto ok = records.add(*date, start, prices, record.volume, record.amount); !ok)
      return std::unexpected{ok.error()};
  }
  return records.take();
}

Result<TdxKlines> decode_tdx_minutes(std::string_view name, std::span<const std::byte> bytes, TdxMinutes each,
                                     const TdxDecoding& decoding) {
  if (auto ok = check_size(name, bytes.size(), kMaxTdxMinuteFile); !ok) return std::unexpected{ok.error()};
  Records records{name, decoding};
  const auto minutes = static_cast<int>(each);
  for (std::size_t index = 0; index < bytes.size() / kTdxRecordBytes; ++index) {
    const auto record = record_at<MinuteRecord>(bytes, index);
    records.next();
    const auto date = packed_date_of(record.date);
    if (!date) return records.wrong("{} is no packed date", record.date);
    if (record.label < minutes || record.label > kMinutesADay)
      return records.wrong("{} is no minute of a day's end", record.label);
    records.at(fmt::format("{} {:02}:{:02}", market::to_string(*date), record.label / 60, record.label % 60));
    const auto start = decoding.calendar.local_midnight(*date) + std::chrono::minutes{record.label - minutes};
    if (auto ok = records.check_time(*date, start); !ok) return std::unexpected{ok.error()};
    const auto session = decoding.calendar.regular_session_at(start);
    if (known_date(decoding.calendar, *date) && (!session || session->trading_date != *date))
      return records.wrong("no minute of trading ends then; labels are minutes' ends");
    auto prices = float_prices(record, records, decoding.units.price_scale);
    if (!prices) return std::unexpected{prices.error()};
    if (auto ok = records.add(*date, start, *prices, record.volume, record.amount); !ok)
      return std::unexpected{ok.error()};
  }
  return records.take();
}

}  // namespace qos::archive
