// What every feed does with its options before it reads them.
#pragma once

#include <initializer_list>
#include <string_view>

#include "feed/feed.hpp"

namespace qos::feed {

// Success if the spec has no option but those of `known`; else an error that names the unknown one and the
// known.
Result<void> only_options(const FeedSpec& spec, std::initializer_list<std::string_view> known);

}  // namespace qos::feed
