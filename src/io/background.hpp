// Work that may take as long as it likes, as long as nobody else has to wait for it.
#pragma once

namespace qos::io {

// The calling thread gets processor time and disk only after all others, from now on. Where the system
// refuses, it stays as it is.
void become_background_thread();

}  // namespace qos::io
