// The families of questions behind ask(), one file each. Every function reads its own members of the request,
// applies the plan, and writes the JSON of `data`.
#pragma once

#include "api/loop_memory.hpp"
#include "api/query.hpp"
#include "api/request.hpp"

namespace qos::api {

// What a question is answered from.
struct Asked {
  const RequestObject& request;
  std::string_view text;  // of the whole request
  const access::Plan& plan;
  const Services& services;
  const Extensions& ext;  // asked for beside the request
  LoopMemory* memory;     // nullptr: nothing is remembered of this world
};

// The disk refused to give the past. Why is the operator's to know (history::Klines::Options::report): it
// names files.
inline ApiError history_unavailable() {
  return make_error(ErrorKind::history_unavailable, "the stored K-lines cannot be read at the moment");
}

// query_codes.cpp: one answer element, or several, for each of `codes`.
Answer<QueryAnswer> answer_snapshot(const Asked& asked);
// The same for a request that was answered before; nullopt: it must be read.
std::optional<QueryAnswer> answer_remembered_snapshot(std::string_view request, const access::Plan& plan,
                                                      LoopMemory& memory);
Answer<QueryAnswer> answer_depth(const Asked& asked);
Answer<QueryAnswer> answer_trade(const Asked& asked);
Answer<QueryAnswer> answer_instrument_info(const Asked& asked);

// query_kline.cpp
Answer<QueryAnswer> answer_kline(const Asked& asked);
Answer<QueryAnswer> answer_history(const Asked& asked);

// query_actions.cpp
Answer<QueryAnswer> answer_corporate_actions(const Asked& asked);

// query_calendar.cpp
Answer<QueryAnswer> answer_market_calendar(const Asked& asked);

// query_products.cpp
Answer<QueryAnswer> answer_product_list(const Asked& asked);

}  // namespace qos::api
