// How many files and sockets this process may hold open.
#pragma once

#include <cstdint>

namespace qos::io {

// Raises the soft limit towards `wanted`, as far as the hard limit goes, and returns what is allowed now.
std::uint64_t raise_descriptor_limit(std::uint64_t wanted);

}  // namespace qos::io
