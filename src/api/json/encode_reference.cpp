#include "api/json/encode_reference.hpp"

#include <fmt/format.h>

#include "api/json/encode.hpp"
#include "core/decimal.hpp"

namespace qos::api::json {
namespace {

using market::InstrumentKind;

void append_known(std::string& out, std::string_view member, std::string_view text) {
  if (text.empty()) return;
  out += member;
  append_string(out, text);
}

void append_known(std::string& out, std::string_view member, const std::optional<std::int64_t>& number) {
  if (!number) return;
  out += member;
  append_integer(out, *number);
}

void append_step(std::string& out, const market::AdjustmentStep& step) {
  const auto& action = step.action;
  const auto& date = action.ex_date;
  out += fmt::format(R"({{"ex_date":"{:04}-{:02}-{:02}")", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
  append_known(out, R"(,"cash":)", action.cash.to_string());
  append_known(out, R"(,"bonus":)", action.bonus.to_string());
  append_known(out, R"(,"split":)", action.split.to_string());
  append_known(out, R"(,"rights":)", action.rights.to_string());
  if (action.rights != market::Ratio{})
    append_known(out, R"(,"rights_price":)", action.rights_price.to_string());
  if (step.previous_close) append_known(out, R"(,"previous_close":)", step.previous_close->to_string());
  append_known(out, R"(,"reference":)", step.reference_price);
  append_known(out, R"(,"factor":)", step.factor);
  append_known(out, R"(,"forward":)", step.forward_factor);
  append_known(out, R"(,"backward":)", step.backward_factor);
  append_known(out, R"(,"volume_factor":)", step.volume_factor);
  append_known(out, R"(,"left_out":)", step.left_out);
  append_known(out, R"(,"source":)", action.source);
  out += '}';
}

// Only of stocks and funds does the table know a board lot; elsewhere its 1 means nothing.
bool has_lots(InstrumentKind kind) {
  return kind == InstrumentKind::stock || kind == InstrumentKind::etf;
}

std::string_view name_of(const market::Instrument& instrument, Language language) {
  const auto& first = language == Language::zh ? instrument.name_zh : instrument.name_en;
  const auto& second = language == Language::zh ? instrument.name_en : instrument.name_zh;
  if (!first.empty()) return first;
  return second.empty() ? instrument.code.symbol : second;
}

}  // namespace

void append_instrument_info_body(std::string& out, const market::Instrument& instrument) {
  append_known(out, R"(,"e":)", instrument.exchange);
  append_known(out, R"(,"tc":)", instrument.currency);
  if (instrument.kind != InstrumentKind::perpetual) {
    append_known(out, R"(,"nc":)", instrument.name_zh);
    append_known(out, R"(,"ne":)", instrument.name_en);
    if (has_lots(instrument.kind)) append_known(out, R"(,"ls":)", std::optional{instrument.lot_size});
    append_known(out, R"(,"ts":)", instrument.total_shares);
    append_known(out, R"(,"os":)", instrument.outstanding_shares);
    append_known(out, R"(,"ep":)", instrument.earnings_per_share);
    append_known(out, R"(,"na":)", instrument.net_assets_per_share);
    append_known(out, R"(,"dy":)", instrument.dividend_yield);
  }
  out += '}';
}

void append_corporate_actions_body(std::string& out, const market::Adjustment& adjustment,
                                   market::AdjustmentMethod method) {
  out += method == market::AdjustmentMethod::ratio ? R"(,"method":"ratio","actions":[)"
                                                   : R"(,"method":"subtract","actions":[)";
  for (const auto& step : adjustment.steps()) {
    if (out.back() == '}') out += ',';
    append_step(out, step);
  }
  out += "]}";
}

void append_product(std::string& out, const market::Instrument& instrument, Language language) {
  out += R"({"code":)";
  append_string(out, instrument.code.to_string());
  out += R"(,"name":)";
  append_string(out, name_of(instrument, language));
  out += '}';
}

}  // namespace qos::api::json
