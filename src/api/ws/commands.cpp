#include "api/ws/commands.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <limits>

#include "api/codes.hpp"
#include "api/json/encode.hpp"
#include "api/ws/subscriptions.hpp"

namespace qos::api::ws {
namespace {

using channel::Topic;

enum class Action : std::uint8_t { heartbeat, subscribe, unsubscribe, ask, extend };

struct Command {
  std::string_view type;
  Action action;
  Topic topic = Topic::snapshot;           // subscribe, unsubscribe
  Endpoint endpoint = Endpoint::snapshot;  // ask
};

constexpr std::array kCommands{
    Command{"H", Action::heartbeat},
    Command{"S", Action::subscribe, Topic::snapshot},
    Command{"T", Action::subscribe, Topic::trade},
    Command{"D", Action::subscribe, Topic::depth},
    Command{"K", Action::subscribe, Topic::kline},
    Command{"SC", Action::unsubscribe, Topic::snapshot},
    Command{"TC", Action::unsubscribe, Topic::trade},
    Command{"DC", Action::unsubscribe, Topic::depth},
    Command{"KC", Action::unsubscribe, Topic::kline},
    Command{.type = "RS", .action = Action::ask, .endpoint = Endpoint::snapshot},
    Command{.type = "RT", .action = Action::ask, .endpoint = Endpoint::trade},
    Command{.type = "RD", .action = Action::ask, .endpoint = Endpoint::depth},
    Command{.type = "RK", .action = Action::ask, .endpoint = Endpoint::kline},
    Command{.type = "RH", .action = Action::ask, .endpoint = Endpoint::history},
    Command{.type = "RI", .action = Action::ask, .endpoint = Endpoint::instrument_info},
    Command{"X", Action::extend},
};

// An answer repeats what the client called its command, but is no echo service.
constexpr std::size_t kMaxEchoedType = 32;

// What every answer to one command repeats.
struct Envelope {
  std::string_view type{};  // as sent; empty if there was none
  std::optional<std::int64_t> reqid{};
};

// ,"missing":["US:NOPE"]  , or nothing where there are none.
void append_codes(std::string& out, std::string_view member, const std::vector<std::string>& codes) {
  if (codes.empty()) return;
  fmt::format_to(std::back_inserter(out), R"(,"{}":[)", member);
  for (const auto& code : codes) {
    if (out.back() != '[') out += ',';
    json::append_string(out, code);
  }
  out += ']';
}

void append_reqid(std::string& out, const Envelope& envelope) {
  if (envelope.reqid) fmt::format_to(std::back_inserter(out), R"(,"reqid":{})", *envelope.reqid);
}

// What the numbers of pushes begin behind, for those who hear them.
void append_epoch(std::string& out, const CommandContext& context) {
  if (context.extensions.seq)
    fmt::format_to(std::back_inserter(out), R"(,"epoch":{})", context.services.health.epoch());
}

// {"type":"S","msg":"OK","time":1767623400,"reqid":1
std::string begin_answer(const Envelope& envelope, std::string_view msg, const Services& services) {
  std::string out = R"({"type":)";
  json::append_string(out, envelope.type);
  out += R"(,"msg":)";
  json::append_string(out, msg);
  fmt::format_to(std::back_inserter(out), R"(,"time":{})", unix_seconds(services.clock.now()));
  append_reqid(out, envelope);
  return out;
}

CommandAnswer error_answer(const Envelope& envelope, const ApiError& error, const Services& services) {
  return {begin_answer(envelope, error.message, services) + '}', Outcome::error};
}

// {"type":"RS","msg":"OK","reqid":1,"data":[…]}: without a time, as the original has it.
CommandAnswer data_answer(const Envelope& envelope, const QueryAnswer& answer) {
  std::string out;
  out.reserve(answer.data.size() + 64);
  out += R"({"type":")";
  out += envelope.type;
  out += R"(","msg":"OK")";
  append_reqid(out, envelope);
  out += R"(,"data":)";
  out += answer.data;
  append_codes(out, "missing", answer.missing);
  return {std::move(out += '}')};
}

CommandAnswer answer_question(const Command& command, std::string_view text, const Envelope& envelope,
                              const CommandContext& context) {
  const auto charged = [&](CommandAnswer answer) {
    answer.charged = permission_of(command.endpoint);
    return answer;
  };
  if (auto refused =
          refuse_request(context.gate, context.grant, permission_of(command.endpoint), context.now))
    return charged(error_answer(envelope, *refused, context.services));
  const auto answer = ask(command.endpoint, text, context.grant, context.services, {}, context.memory);
  if (!answer) return charged(error_answer(envelope, answer.error(), context.services));
  return charged(data_answer(envelope, *answer));
}

CommandAnswer change_subscriptions(const Command& command, const RequestObject& request,
                                   const Envelope& envelope, const CommandContext& context) {
  // What recovery replays is old: nobody is to take it for the market's present.
  if (command.action == Action::subscribe && !context.services.health.ready())
    return error_answer(envelope, make_error(ErrorKind::not_ready, "the server is recovering"),
                        context.services);
  const auto done = command.action == Action::subscribe ? subscribe(command.topic, request, context)
                                                        : unsubscribe(command.topic, request, context);
  if (!done) return error_answer(envelope, done.error(), context.services);
  std::string out = begin_answer(envelope, "OK", context.services);
  append_codes(out, "missing", done->missing);
  append_codes(out, "lost", done->lost);
  append_codes(out, "lost_ses", done->lost_ses);
  if (command.action == Action::subscribe) append_epoch(out, context);
  return {std::move(out += '}')};
}

// {"type":"X","msg":"OK","time":1767623400,"ext":["turnover","closed"]}: what is in force from now on.
CommandAnswer extend(const RequestObject& request, const Envelope& envelope, const CommandContext& context) {
  const auto extensions = read_push_extensions(request);
  if (!extensions) return error_answer(envelope, extensions.error(), context.services);
  context.extensions = *extensions;
  std::string out = begin_answer(envelope, "OK", context.services);
  out += R"(,"ext":)";
  append_extension_names(out, *extensions);
  append_epoch(out, context);
  return {std::move(out += '}')};
}

CommandAnswer carry_out(const Command& command, const RequestObject& request, std::string_view text,
                        const Envelope& envelope, const CommandContext& context) {
  switch (command.action) {
    case Action::heartbeat:
      return {begin_answer(envelope, "OK", context.services) + '}'};
    case Action::ask:
      return answer_question(command, text, envelope, context);
    case Action::extend:
      return extend(request, envelope, context);
    case Action::subscribe:
    case Action::unsubscribe:
      break;
  }
  return change_subscriptions(command, request, envelope, context);
}

ApiError unknown_type(std::string_view type) {
  std::string known;
  for (const auto& command : kCommands) (known += known.empty() ? "" : ", ") += command.type;
  return make_error(ErrorKind::invalid_request,
                    fmt::format("type: expected one of {}, seen \"{}\"", known, type));
}

const Command* find_command(std::string_view type) {
  const auto* found = std::ranges::find(kCommands, type, &Command::type);
  return found == kCommands.end() ? nullptr : found;
}

// What the connection has asked to be told with every answer.
CommandAnswer with_budget(CommandAnswer answer, const CommandContext& context) {
  const Extensions& ext = context.extensions;
  std::optional<access::Quota> quota;
  if (ext.lim) quota = context.gate.look(context.grant, answer.charged, context.now);
  tell_budget(answer.text, ext, quota, context.lag);
  return answer;
}

CommandAnswer answer_command(std::string_view text, const CommandContext& context) {
  constexpr IntegerRange kAnyInteger{std::numeric_limits<std::int64_t>::min(),
                                     std::numeric_limits<std::int64_t>::max()};
  using Type = Answer<std::string_view>;
  using Reqid = Answer<std::optional<std::int64_t>>;
  const auto request = context.parser.read(text);
  const Type type = request ? request->text("type") : Type{std::unexpected{request.error()}};
  const Reqid reqid = request ? request->optional_integer("reqid", kAnyInteger) : Reqid{std::nullopt};

  Envelope envelope;
  if (type && type->size() <= kMaxEchoedType) envelope.type = *type;
  if (reqid) envelope.reqid = *reqid;
  const auto refuse = [&](const ApiError& error) { return error_answer(envelope, error, context.services); };
  const Command* command = type ? find_command(*type) : nullptr;

  // Nonsense is counted like a command: it costs as much.
  if (command == nullptr || command->action != Action::heartbeat)
    if (const auto refused = context.pace.refuse(context.gate, context.grant, context.now))
      return refuse(*refused);
  if (!type) return refuse(type.error());
  if (!reqid) return refuse(reqid.error());
  if (command == nullptr) return refuse(unknown_type(*type));
  return carry_out(*command, *request, text, envelope, context);
}

}  // namespace

CommandAnswer run_command(std::string_view text, const CommandContext& context) {
  return with_budget(answer_command(text, context), context);
}

CommandAnswer answer_no_command(std::string_view expected, const CommandContext& context) {
  if (const auto refused = context.pace.refuse(context.gate, context.grant, context.now))
    return with_budget(error_answer({}, *refused, context.services), context);
  return with_budget(error_answer({}, make_error(ErrorKind::invalid_request, expected), context.services),
                     context);
}

}  // namespace qos::api::ws
