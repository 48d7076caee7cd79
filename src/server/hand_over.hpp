// How a running server hands its sockets and its data folder to the next one, so that an upgrade refuses
// nobody. docs/upgrade.md tells it as an operator sees it. The conversation, over <data>/serve.sock:
//
//   successor                     running server
//   "qos take-over 1"        ->
//                            <-   "sockets\n127.0.0.1:8080\n…" and the sockets beside it, in this order
//   "stop"                   ->   stops accepting, ends its feeds, finishes the journal, gives up the folder
//                            <-   "yours"
//   recovers, accepts
//   "ready"                  ->   asks its clients to leave, ends
//
// "no: …" instead of an answer says why not. Until "stop" nothing has happened and whatever goes wrong harms
// nobody. After it the running server has no way back: if the successor is lost, it lets its clients go and
// ends with an error, so that whoever supervises it starts one anew.
//
// Threads: the main one's, on either side.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "api/server.hpp"
#include "core/counter.hpp"
#include "core/result.hpp"
#include "io/listener.hpp"
#include "io/local_socket.hpp"

namespace qos::server {

std::filesystem::path hand_over_path(const std::filesystem::path& data);  // <data>/serve.sock

struct HandOverPatience {
  std::chrono::milliseconds request{2'000};  // with who has connected, until the request is there
  std::chrono::milliseconds stop{30'000};    // with a successor that has the sockets
  std::chrono::milliseconds ready{120'000};  // with one that recovers
};

struct HandOverCounters {
  Counter refused;  // requests that were none, or came at the wrong time, or from another user
  Counter failed;   // successors that were lost before they were ready
};

// What a running server does for its successor.
struct HandOverSteps {
  std::function<std::vector<api::Server::Listening>()> listening;
  // Stops accepting and gives up the data folder: everything is on disk when this returns.
  std::function<void()> give_up_data;
};

// The running server's side.
class HandOverDoor {
 public:
  enum class Outcome : std::uint8_t {
    kept,  // nothing has happened: the server goes on
    done,  // the successor accepts
    lost,  // the data folder is given up, but nobody has it
  };

  static Result<HandOverDoor> open(const std::filesystem::path& data, HandOverCounters& counters,
                                   const HandOverPatience& patience = {});

  // Somebody knocked: descriptor() is readable. `interrupt`: a descriptor that becomes readable when waiting
  // must end (-1: none); before "stop" the server then keeps everything, after it the successor is on its
  // own.
  Outcome serve(const HandOverSteps& steps, int interrupt = -1);
  int descriptor() const { return listener_.descriptor(); }

 private:
  HandOverDoor(io::LocalListener listener, HandOverCounters& counters, const HandOverPatience& patience)
      : listener_{std::move(listener)}, counters_{&counters}, patience_{patience} {}

  std::optional<io::LocalPeer> let_in();
  void turn_away_others();
  Result<std::string> hear(io::LocalPeer& peer, std::chrono::milliseconds patience, int interrupt);
  Result<void> agree(io::LocalPeer& successor, const HandOverSteps& steps, int interrupt);

  io::LocalListener listener_;
  HandOverCounters* counters_;
  HandOverPatience patience_;
};

// The successor's side, in this order: ask(), sockets_for(), take(), ready().
class Succession {
 public:
  // nullopt: no server runs on this folder. An error: one does, and says no.
  static Result<std::optional<Succession>> ask(const std::filesystem::path& data,
                                               const HandOverPatience& patience = {});
  // Whether a server would answer there.
  static bool somebody_serves(const std::filesystem::path& data);

  // A socket for each address: the running server's if it has one there (as configured, or as it is bound),
  // or a new one. What the running server listened on beside these is closed; the log says what became of
  // each.
  Result<io::BoundSockets> sockets_for(const std::vector<std::string>& listen);
  // Returns when the data folder is given up by the running server. From here on there is no way back.
  Result<void> take();
  // Clients are let in: the running server may go.
  void ready();

 private:
  struct Offered {
    std::string listen;   // as the running server's configuration has it
    std::string address;  // as it is bound
    std::unique_ptr<io::Listener> listener;
  };
  Succession(io::LocalPeer peer, std::vector<Offered> offered, const HandOverPatience& patience)
      : peer_{std::move(peer)}, offered_{std::move(offered)}, patience_{patience} {}
  static Result<std::vector<Offered>> read_offer(io::LocalMessage message);

  io::LocalPeer peer_;
  std::vector<Offered> offered_;
  HandOverPatience patience_;
  std::chrono::steady_clock::time_point taken_at_{};  // since when clients wait
};

}  // namespace qos::server
