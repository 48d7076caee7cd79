// A client that keeps everything it is sent, and knows what that must look like: numbers without a hole, and
// what a number says stays what it said.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "e2e/client.hpp"

namespace qos::e2e {

// Which count a number belongs to: "T US:AAPL", "K1 US:AAPL", "K1/ses US:AAPL" for minutes of extended
// sessions.
using Stream = std::string;

// A push, taken apart.
struct Push {
  Stream stream;
  std::uint64_t number = 0;
  std::uint64_t merged = 0;  // pushes before it that it stands for too
  std::string body;          // its members but `tp`, `seq` and `merged`, sorted by name
  std::int64_t start = 0;
  bool is_final = false;  // a K-line that has closed
};
Push push_of(std::string_view message);
// The members of an answer's element as the body of a push has them.
std::string body_of(std::string_view element);

class Recording {
 public:
  // What is subscribed to; one command of each kind.
  explicit Recording(std::vector<std::string> codes) : codes_{std::move(codes)} {}

  // On a connection with ext=1. Each subscription names the last number it has, less `back`, so what was
  // heard may be heard again. Fails the test unless everything can be resumed.
  void subscribe(WsClient& client, std::uint64_t back = 0);
  // Takes one message. False: the connection is closed.
  bool take(WsClient& client);

  std::uint64_t pushes() const { return pushes_; }
  std::uint64_t heard_again() const { return heard_again_; }
  const std::string& epoch() const { return epoch_; }
  // The last number of each stream that has any.
  std::map<Stream, std::uint64_t> last() const;
  const std::map<std::uint64_t, std::string>& pushes_of(const Stream& stream) const;
  // How many pushes before it the one of this number stands for too.
  std::uint64_t merged_into(const Stream& stream, std::uint64_t number) const;
  const std::vector<std::string>& codes() const { return codes_; }
  // Of final K-lines, as they were last told: (stream, start) -> body.
  const std::map<std::pair<Stream, std::int64_t>, std::string>& finals() const { return finals_; }

 private:
  struct Heard {
    std::map<std::uint64_t, std::string> bodies;
    std::map<std::uint64_t, std::uint64_t> merged;  // of those that stand for others
    std::uint64_t last = 0;                         // on this connection; 0: nothing yet
  };
  std::string from(std::string_view type, int kt, int session, std::uint64_t back);
  void take_answer(std::string_view message);
  void take_push(std::string_view message);

  std::vector<std::string> codes_;
  std::map<Stream, Heard> streams_;
  std::map<std::pair<Stream, std::int64_t>, std::string> finals_;
  std::string epoch_;
  std::uint64_t pushes_ = 0;
  std::uint64_t heard_again_ = 0;
  int answers_due_ = 0;
};

// Of one code's trades, as a client of old hears them on each of its connections, in order: empty, or why
// what they were sent is not all that `all` has from the first they heard on: each
// continues where the one before it ended or before that.
std::string hole_in(const std::vector<std::vector<std::string>>& connections,
                    const std::vector<std::string>& all);

}  // namespace qos::e2e
