// The events that journals are measured with.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "event/event.hpp"

namespace qos::journal {

// Under QOS_TEST_DATA; empty if it is not there.
std::string usual_recording();

// `count` of them: the recording again and again, an hour later each time.
std::vector<SequencedEvent> recorded_events(const std::string& file, std::size_t count);

// The simulated market of the project's own instruments, all hours, received when they happen.
std::vector<SequencedEvent> simulated_events(std::size_t count);

}  // namespace qos::journal
