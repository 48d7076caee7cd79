// Closed segments, packed tighter: the same events in blocks of up to 65,536, compressed. They are read like
// the others.
#pragma once

#include <filesystem>

#include "core/result.hpp"
#include "io/disk.hpp"
#include "journal/reader.hpp"
#include "journal/segment.hpp"

namespace qos::journal {

// Puts an archived segment in the place of a raw one, which nobody writes any more. Wherever it is broken
// off, one of them is there complete; done again, it goes on. A damaged segment is left as it is, with an
// error. Returns the facts of the archived one.
Result<SegmentFacts> archive_segment(io::Disk& disk, const std::filesystem::path& folder,
                                     const SegmentFacts& segment);

}  // namespace qos::journal
