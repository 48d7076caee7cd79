// /product-list: what there is to ask for, by market, searchable and in pages.
#include <algorithm>
#include <limits>

#include "api/json/encode_reference.hpp"
#include "api/query_families.hpp"
#include "api/requested_markets.hpp"

namespace qos::api {
namespace {

constexpr IntegerRange kPage{1, 1'000'000'000};
constexpr IntegerRange kSize{1, 10'000};
constexpr std::int64_t kDefaultSize = 1'000;
constexpr std::size_t kMaxSearch = 64;  // bytes

// Without page and size a market is listed whole, as clients in the field expect.
struct Page {
  std::size_t first = 0;
  std::size_t size = std::numeric_limits<std::size_t>::max();
};

Answer<json::Language> language_of(const RequestObject& request) {
  auto lang = request.optional_text("lang");
  if (!lang) return passed_on(lang);
  if (!*lang || **lang == "zh") return json::Language::zh;
  if (**lang == "en") return json::Language::en;
  return invalid("lang: expected \"zh\" or \"en\", seen \"{}\"", (*lang)->substr(0, 40));
}

Answer<Page> page_of(const RequestObject& request) {
  auto page = request.optional_integer("page", kPage);
  if (!page) return passed_on(page);
  auto size = request.optional_integer("size", kSize);
  if (!size) return passed_on(size);
  if (!*page && !*size) return Page{};
  const auto length = static_cast<std::size_t>(size->value_or(kDefaultSize));
  return Page{.first = (static_cast<std::size_t>(page->value_or(1)) - 1) * length, .size = length};
}

// ASCII letters only: Chinese has no case, and a search is no place for locales.
char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

Answer<std::string> search_of(const RequestObject& request) {
  auto q = request.optional_text("q");
  if (!q) return passed_on(q);
  std::string search{q->value_or("")};
  if (search.size() > kMaxSearch)
    return invalid("q: expected at most {} bytes, seen {}", kMaxSearch, search.size());
  std::ranges::transform(search, search.begin(), lower);
  return search;
}

bool contains(std::string_view text, std::string_view lower_case) {
  return !std::ranges::search(text, lower_case, {}, lower).empty();
}

bool matches(const market::Instrument& instrument, std::string_view lower_case) {
  return lower_case.empty() || contains(instrument.code.to_string(), lower_case) ||
         contains(instrument.name_en, lower_case) || contains(instrument.name_zh, lower_case);
}

void append_page(std::string& out, market::Market market, std::string_view search, Page page,
                 json::Language language, const market::InstrumentTable& instruments) {
  std::size_t matching = 0;
  std::size_t listed = 0;
  for (const auto id : instruments.of_market(market)) {
    const auto& instrument = instruments.at(id);
    if (listed == page.size) return;
    if (!matches(instrument, search) || matching++ < page.first) continue;
    if (listed++ > 0) out += ',';
    json::append_product(out, instrument, language);
  }
}

}  // namespace

Answer<QueryAnswer> answer_product_list(const Asked& asked) {
  auto markets = requested_markets(asked.request);
  if (!markets) return passed_on(markets);
  auto language = language_of(asked.request);
  if (!language) return passed_on(language);
  auto page = page_of(asked.request);
  if (!page) return passed_on(page);
  auto search = search_of(asked.request);
  if (!search) return passed_on(search);

  QueryAnswer answer;
  auto& out = answer.data;
  out += '{';
  for (const auto& [market, spelling] : *markets) {
    if (out.back() != '{') out += ',';
    out += fmt::format(R"("{}":[)", spelling);
    append_page(out, market, *search, *page, *language, asked.services.instruments);
    out += ']';
  }
  out += '}';
  return answer;
}

}  // namespace qos::api
