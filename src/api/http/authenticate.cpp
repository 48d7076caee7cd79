// What a request carries beside its body: its key, in one of three places, and the extensions it asks for.
#include <algorithm>

#include "api/http/routes.hpp"

namespace qos::api::http {
namespace {

// Keys are 32 hex digits; what is longer than this is none, and is not worth a look into the store.
constexpr std::size_t kMaxKey = 256;

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// "a%20b+c" -> "a b c". A percent sign that begins no escape stands for itself.
std::string percent_decoded(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '%' && at + 2 < text.size()) {
      const int high = hex_value(text[at + 1]);
      const int low = hex_value(text[at + 2]);
      if (high >= 0 && low >= 0) {
        out += static_cast<char>(high * 16 + low);
        at += 2;
        continue;
      }
    }
    out += text[at] == '+' ? ' ' : text[at];
  }
  return out;
}

// The first `name` ("key=") of the query; nullopt if there is none.
std::optional<std::string> value_in_query(std::string_view target, std::string_view name) {
  const auto question = target.find('?');
  if (question == std::string_view::npos) return std::nullopt;
  auto query = target.substr(question + 1);
  query = query.substr(0, query.find('#'));
  while (!query.empty()) {
    const auto pair = query.substr(0, query.find('&'));
    if (pair.starts_with(name)) return percent_decoded(pair.substr(name.size()).substr(0, kMaxKey * 3));
    query.remove_prefix(std::min(query.size(), pair.size() + 1));
  }
  return std::nullopt;
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t";
  const auto first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

// "Bearer K" -> "K"; the scheme's case does not matter (RFC 9110, section 11.1).
std::string_view bearer_token(std::string_view authorization) {
  constexpr std::string_view kScheme = "bearer ";
  authorization = trimmed(authorization);
  if (authorization.size() <= kScheme.size()) return {};
  const auto same = [](char seen, char wanted) {
    return (seen >= 'A' && seen <= 'Z' ? seen + 32 : seen) == wanted;
  };
  if (!std::ranges::equal(authorization.substr(0, kScheme.size()), kScheme, same)) return {};
  return trimmed(authorization.substr(kScheme.size()));
}

std::string key_of(const Request& request) {
  if (const auto key = trimmed(request.key_header); !key.empty()) return std::string{key};
  if (auto key = value_in_query(request.target, "key="); key && !key->empty()) return std::move(*key);
  return std::string{bearer_token(request.authorization)};
}

}  // namespace

Answer<access::Grant> authenticate(const Request& request, access::Gate& gate, UnixNanos now) {
  const std::string key = key_of(request);
  if (key.empty() || key.size() > kMaxKey) return std::unexpected{make_error(ErrorKind::key_invalid)};
  auto grant = gate.authenticate(key, now);
  if (!grant) return std::unexpected{make_error(kind_of(grant.error()))};
  return std::move(*grant);
}

Answer<Extensions> extensions_in_query(std::string_view target) {
  const auto ext = value_in_query(target, "ext=");
  if (!ext || *ext == "0") return Extensions{};
  if (*ext == "1") return Extensions::all();
  return invalid("?ext=: expected 0 or 1, seen \"{}\"", ext->substr(0, 40));
}

std::string_view path_of(std::string_view target) {
  target = target.substr(0, target.find_first_of("?#"));
  // Through a proxy the whole URL may come: http://host:port/snapshot (RFC 9112, section 3.2.2).
  if (target.starts_with('/')) return target;
  const auto scheme = target.find("://");
  if (scheme == std::string_view::npos) return target;
  const auto slash = target.find('/', scheme + 3);
  return slash == std::string_view::npos ? std::string_view{"/"} : target.substr(slash);
}

}  // namespace qos::api::http
