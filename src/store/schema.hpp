// The version of a database's tables, kept in the database, and the steps that raise it.
#pragma once

#include <span>
#include <string_view>

#include "core/result.hpp"
#include "store/sqlite.hpp"

namespace qos::store {

// steps[n] is SQL that turns version n into n + 1; an empty database has version 0. Runs what is missing in
// one transaction. Refuses a database of a newer version (it was written by a newer program) and one that
// holds tables but no version (it belongs to another program).
Result<void> bring_up_to_date(Database& database, std::span<const std::string_view> steps);

}  // namespace qos::store
