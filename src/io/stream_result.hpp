// How reading from a stream, or writing to it, went.
#pragma once

#include <cstddef>
#include <cstdint>

namespace qos::io {

struct StreamResult {
  enum class State : std::uint8_t {
    ok,      // `bytes` of them went; fewer than offered is normal
    again,   // none went: wait until the socket is ready
    ended,   // read only: the other side will send no more
    broken,  // the connection is of no use any more
  };
  std::size_t bytes = 0;
  State state = State::again;
};

}  // namespace qos::io
