#include "api/extensions.hpp"

#include <algorithm>
#include <array>
#include <span>

namespace qos::api {
namespace {

struct Name {
  std::string_view text;
  bool Extensions::* member;
};

constexpr std::array kPushNames{Name{"turnover", &Extensions::turnover},
                                Name{"closed", &Extensions::closed},
                                Name{"lim", &Extensions::lim},
                                Name{"lag", &Extensions::lag},
                                Name{"ses", &Extensions::ses},
                                Name{"ns", &Extensions::ns},
                                Name{"seq", &Extensions::seq}};
constexpr auto kKlineNames = std::span{kPushNames}.first<4>();

std::string text_of(std::span<const Name> names) {
  std::string text;
  for (const Name& name : names) (text += text.empty() ? "" : ", ") += name.text;
  return text;
}

Answer<Extensions> read(const RequestObject& request, const std::vector<std::string_view>& texts,
                        std::span<const Name> names) {
  Extensions extensions;
  for (std::size_t index = 0; index < texts.size(); ++index) {
    const auto name = std::ranges::find(names, texts[index], &Name::text);
    if (name == names.end())
      return invalid("{}[{}]: expected one of {}, seen \"{}\"", request.place_of("ext"), index,
                     text_of(names), texts[index]);
    extensions.*name->member = true;
  }
  return extensions;
}

}  // namespace

Answer<Extensions> read_kline_extensions(const RequestObject& request) {
  auto texts = request.optional_texts("ext");
  if (!texts) return passed_on(texts);
  return *texts ? read(request, **texts, kKlineNames) : Extensions{};
}

Answer<Extensions> read_push_extensions(const RequestObject& request) {
  auto texts = request.optional_texts("ext");
  if (!texts) return passed_on(texts);
  if (!*texts) return invalid("ext: expected an array of names among {}, seen nothing", text_of(kPushNames));
  auto extensions = read(request, **texts, kPushNames);
  if (extensions) extensions->turnover = extensions->closed = extensions->turnover || extensions->closed;
  return extensions;
}

void append_extension_names(std::string& out, const Extensions& extensions) {
  out += '[';
  for (const Name& name : kPushNames) {
    if (!(extensions.*name.member)) continue;
    if (out.back() != '[') out += ',';
    ((out += '"') += name.text) += '"';
  }
  out += ']';
}

}  // namespace qos::api
