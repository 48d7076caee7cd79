#include "api/ws/deflate_offer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "api/http/header_text.hpp"
#include "api/ws/deflate.hpp"

namespace qos::api::ws {
namespace {

using http::equal_ignoring_case;
using http::for_each_part;
using http::trimmed;

constexpr std::string_view kName = "permessage-deflate";
constexpr int kMostWindowBits = 15;
constexpr int kLeastOfferedBits = 8;

struct Offer {
  bool server_no_context = false;
  bool client_no_context = false;
  bool client_window = false;  // the client would take a limit of its window; none is asked for
  std::optional<int> server_window;
};

// 8 to 15, without a leading zero; as a token or in quotes (RFC 6455, section 9.1).
std::optional<int> window_bits_of(std::string_view value) {
  if (value.size() >= 2 && value.front() == '"' && value.back() == '"')
    value = value.substr(1, value.size() - 2);
  if (value.empty() || value.size() > 2 || value.front() == '0') return std::nullopt;
  int bits = 0;
  for (const char digit : value) {
    if (digit < '0' || digit > '9') return std::nullopt;
    bits = bits * 10 + (digit - '0');
  }
  return bits >= kLeastOfferedBits && bits <= kMostWindowBits ? std::optional{bits} : std::nullopt;
}

// Sets what must not have been set before.
bool set_once(bool& flag) {
  return !std::exchange(flag, true);
}

bool read_parameter(Offer& offer, std::string_view name, std::optional<std::string_view> value) {
  const auto is = [&](std::string_view known) { return equal_ignoring_case(name, known); };
  if (is("server_no_context_takeover")) return !value && set_once(offer.server_no_context);
  if (is("client_no_context_takeover")) return !value && set_once(offer.client_no_context);
  if (is("client_max_window_bits"))
    return (!value || window_bits_of(*value)) && set_once(offer.client_window);
  if (!is("server_max_window_bits") || !value || offer.server_window) return false;
  offer.server_window = window_bits_of(*value);
  return offer.server_window.has_value();
}

// nullopt: it is none of this extension, or malformed.
std::optional<Offer> read_offer(std::string_view text) {
  Offer offer;
  if (!equal_ignoring_case(trimmed(text.substr(0, text.find(';'))), kName)) return std::nullopt;
  while (true) {
    const auto semicolon = text.find(';');
    if (semicolon == std::string_view::npos) return offer;
    text.remove_prefix(semicolon + 1);
    const auto parameter = trimmed(text.substr(0, text.find(';')));
    const auto equals = parameter.find('=');
    std::optional<std::string_view> value;
    if (equals != std::string_view::npos) value = trimmed(parameter.substr(equals + 1));
    if (!read_parameter(offer, trimmed(parameter.substr(0, equals)), value)) return std::nullopt;
  }
}

std::optional<AgreedCompression> meet(const Offer& offer, access::Compression allowed) {
  const bool own_context = allowed == access::Compression::own && !offer.server_no_context;
  const int window = std::min(kWindowBits, offer.server_window.value_or(kMostWindowBits));
  // Frames that all share have one window.
  if (own_context ? window < kLeastWindowBits : window < kWindowBits) return std::nullopt;
  std::string answer{kName};
  if (!own_context) answer += "; server_no_context_takeover";
  answer += "; client_no_context_takeover";
  if (offer.server_window) answer += fmt::format("; server_max_window_bits={}", window);
  return AgreedCompression{{.own_context = own_context, .window_bits = static_cast<std::uint8_t>(window)},
                           std::move(answer)};
}

}  // namespace

std::optional<AgreedCompression> agree_on_compression(std::span<const std::string_view> headers,
                                                      access::Compression allowed) {
  if (allowed == access::Compression::none) return std::nullopt;
  std::optional<AgreedCompression> agreed;
  // No value that this extension knows holds a comma, so one inside quotes may cut a foreign offer in two.
  for (const auto header : headers)
    for_each_part(header, ',', [&](std::string_view text) {
      if (agreed) return;
      if (const auto offer = read_offer(text)) agreed = meet(*offer, allowed);
    });
  return agreed;
}

}  // namespace qos::api::ws
