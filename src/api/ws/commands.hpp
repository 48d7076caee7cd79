// What a client may say on a WebSocket: one row a command in commands.cpp. A command changes subscriptions or
// asks a question, and is always answered with one JSON text (QOS protocol, section 5).
//
// Thread: the loop's.
#pragma once

#include <string>
#include <string_view>

#include "access/gate.hpp"
#include "api/budget.hpp"
#include "api/query.hpp"
#include "api/request.hpp"
#include "api/ws/cursor_trail.hpp"
#include "api/ws/first_states.hpp"
#include "api/ws/pace.hpp"
#include "api/ws/resumes.hpp"
#include "channel/hub.hpp"

namespace qos::api::ws {

// Whose command it is, and what it may touch.
struct CommandContext {
  channel::Hub& hub;
  channel::Subscriber& subscriber;
  FirstStates& first_states;  // gains what a subscription adds; the caller sends them after the answer
  Extensions& extensions;     // in force for subscriptions from now on; X sets them
  Pace& pace;
  const access::Grant& grant;
  access::Gate& gate;
  const Services& services;
  RequestParser& parser;
  SteadyTime now;                        // of the server, not of the world it shows
  std::function<Resumes&()> resumes;     // made when first needed
  Resumes* resumes_under_way = nullptr;  // nullptr: not needed so far
  CursorTrail* cursor = nullptr;         // nullptr: the key has no cursor
  Counter& cursors_lost;
  LoopMemory* memory = nullptr;  // nullptr: nothing is remembered of this world
  Lag lag{};
  bool packed = false;  // its pushes are those that are packed once for all
  // Channels were unsubscribed: what waits of them must stay before what comes when they are subscribed anew.
  std::function<void()> channels_ended{};
};

enum class Outcome : std::uint8_t { ok, error };

struct CommandAnswer {
  std::string text;
  Outcome outcome = Outcome::ok;
  access::Permission charged = access::Permission::ws;  // out of whose minute
};

CommandAnswer run_command(std::string_view text, const CommandContext& context);

// For what is no command at all: a binary message.
CommandAnswer answer_no_command(std::string_view expected, const CommandContext& context);

}  // namespace qos::api::ws
