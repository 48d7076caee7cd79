#include "api/ws/subscriptions.hpp"

#include <algorithm>
#include <array>
#include <span>

#include "api/codes.hpp"
#include "api/ws/resume_points.hpp"

namespace qos::api::ws {
namespace {

using channel::ChannelKey;
using channel::Topic;

// What a command speaks of.
struct Wanted {
  RequestedCodes codes;
  Topic topic = Topic::snapshot;
  std::uint8_t variant = 0;  // the plain one; a K-line's type

  ChannelKey key_of(const RequestedCode& code) const { return {code.instrument->id, topic, variant}; }
};

// The channels that say the same as `plain` with extensions.
struct Forms {
  std::array<ChannelKey, 3> keys;
  std::size_t count;

  std::span<const ChannelKey> all() const& { return std::span{keys}.first(count); }
  void all() && = delete;  // it would outlive the keys
};

constexpr std::uint8_t kMinutes = market::index_of(market::KlineType::m1);

// All forms in which a topic can be heard, the plain one first.
Forms forms_of(const ChannelKey& plain) {
  Forms forms{{plain, plain, plain}, 1};
  if (plain.topic == Topic::trade) forms.keys[forms.count++].variant = channel::kPreciseTrades;
  if (plain.topic != Topic::kline) return forms;
  forms.keys[forms.count++].variant += channel::kExtendedKlines;
  if (plain.variant == kMinutes) forms.keys[forms.count++].variant = channel::kSessionMinutes;
  return forms;
}

// Those of them that `ext` asks for.
Forms forms_of(const ChannelKey& plain, const Extensions& ext) {
  Forms forms{{plain, plain, plain}, 1};
  if (plain.topic == Topic::trade && ext.ns) forms.keys[0].variant = channel::kPreciseTrades;
  if (plain.topic != Topic::kline) return forms;
  // Numbers count everything that is told, so whoever asks for them is told everything.
  if (ext.turnover || ext.closed || ext.seq) forms.keys[0].variant += channel::kExtendedKlines;
  if (ext.ses && plain.variant == kMinutes) forms.keys[forms.count++].variant = channel::kSessionMinutes;
  return forms;
}

// In whatever form: a subscription keeps the one it began with.
bool hears(const ChannelKey& plain, const CommandContext& context) {
  const Forms forms = forms_of(plain);
  return std::ranges::any_of(
      forms.all(), [&](const ChannelKey& key) { return context.hub.listens_to(context.subscriber, key); });
}

Answer<std::uint8_t> read_kline_variant(const RequestObject& request) {
  const auto kt = request.integer("kt", {1, 2001});
  if (!kt) return std::unexpected{kt.error()};
  const auto type = market::parse_kline_type(*kt);
  if (!type)
    return invalid("kt: expected 1, 5, 15, 30, 60, 120, 240, 1001, 1007, 1030 or 2001, seen {}", *kt);
  return static_cast<std::uint8_t>(market::index_of(*type));
}

Answer<Wanted> read_wanted(channel::Topic topic, const RequestObject& request, const Services& services) {
  Wanted wanted{.topic = topic};
  const auto texts = request.texts("codes");
  if (!texts) return std::unexpected{texts.error()};
  // The plan's limit is on what the connection listens to, not on what one command names.
  auto codes = resolve_codes(*texts, 0, services.instruments);
  if (!codes) return std::unexpected{std::move(codes.error())};
  wanted.codes = std::move(*codes);
  if (topic != channel::Topic::kline) return wanted;
  const auto variant = read_kline_variant(request);
  if (!variant) return std::unexpected{variant.error()};
  wanted.variant = *variant;
  return wanted;
}

Answer<void> within_plan(const Wanted& wanted, const CommandContext& context) {
  const auto limit = context.grant.plan->limit(access::Permission::ws).product_count;
  if (limit == 0) return {};
  std::size_t products = context.hub.instruments_of(context.subscriber);
  for (const auto& code : wanted.codes.known)
    if (!context.hub.listens_to(context.subscriber, code.instrument->id)) ++products;
  if (products <= limit) return {};
  return std::unexpected{
      make_error(ErrorKind::too_many_products,
                 fmt::format("{} subscribed on this connection, the plan allows {}", products, limit))};
}

// False: it is lost, and that is known at once.
bool resume(const ChannelKey& key, const RequestedCode& code, channel::Form form, const ResumePoint& point,
            const CommandContext& context) {
  return point && context.resumes().begin(key, code.spelling, form, Resumes::AfterNumber{*point},
                                          context.now) == Resumes::Begun::yes;
}

// True: a key with a cursor is sent what it missed first. Who asks for numbers names its own position.
bool resume_cursor(const ChannelKey& key, const RequestedCode& code, const CommandContext& context) {
  if (context.cursor == nullptr || context.extensions.seq) return false;
  const auto position = context.cursor->position(key);
  if (!position) return false;
  const auto form = channel::form_of(false, context.packed);
  if (context.resumes().begin(key, code.spelling, form, Resumes::AfterSequence{*position}, context.now) ==
      Resumes::Begun::yes)
    return true;
  context.cursors_lost.add();
  context.cursor->lost(key);
  return false;
}

Answer<void> sessions_are_heard(const Wanted& wanted, const Extensions& ext) {
  if (wanted.topic == Topic::kline && wanted.variant == kMinutes && ext.ses) return {};
  return invalid("from_ses: expected the command K with kt 1 and the extension ses in force");
}

}  // namespace

Answer<Subscribed> subscribe(channel::Topic topic, const RequestObject& request,
                             const CommandContext& context) {
  auto wanted = read_wanted(topic, request, context.services);
  if (!wanted) return std::unexpected{std::move(wanted.error())};
  auto points = read_resume_points(request, wanted->codes, context.extensions, context.services);
  if (!points) return std::unexpected{std::move(points.error())};
  if (!points->of_sessions.empty())
    if (auto heard = sessions_are_heard(*wanted, context.extensions); !heard) return passed_on(heard);
  if (auto allowed = within_plan(*wanted, context); !allowed)
    return std::unexpected{std::move(allowed.error())};
  const auto form = channel::form_of(context.extensions.seq, context.packed);
  Subscribed subscribed;
  for (const auto& code : wanted->codes.known) {
    const auto plain = wanted->key_of(code);
    const bool is_heard = hears(plain, context);
    const Forms forms = forms_of(plain, context.extensions);
    for (const auto& key : forms.all()) {
      const bool is_session = key.topic == Topic::kline && key.variant == channel::kSessionMinutes;
      const auto& asked = is_session ? points->of_sessions : points->of_channels;
      const auto point = asked.find(key.instrument);
      const bool resumes = point != asked.end();
      const bool is_new = !is_heard && context.hub.subscribe(context.subscriber, key, code.spelling, form) ==
                                           channel::Hub::Added::yes;
      if (is_new && resumes && resume(key, code, form, point->second, context)) continue;
      if (is_new && !resumes && resume_cursor(key, code, context)) continue;
      // What is heard already goes on, and nobody knows what came between.
      if (resumes) (is_session ? subscribed.lost_ses : subscribed.lost).push_back(code.spelling);
      if (is_new) context.first_states.add(key, code.spelling, form);
    }
  }
  subscribed.missing = std::move(wanted->codes.missing);
  return subscribed;
}

Answer<Subscribed> unsubscribe(channel::Topic topic, const RequestObject& request,
                               const CommandContext& context) {
  auto wanted = read_wanted(topic, request, context.services);
  if (!wanted) return std::unexpected{std::move(wanted.error())};
  std::vector<ChannelKey> ended;
  for (const auto& code : wanted->codes.known) {
    const Forms forms = forms_of(wanted->key_of(code));
    for (const auto& key : forms.all())
      if (context.hub.unsubscribe(context.subscriber, key)) ended.push_back(key);
  }
  if (!ended.empty() && context.channels_ended) context.channels_ended();
  if (context.resumes_under_way != nullptr) context.resumes_under_way->forget(ended);
  if (context.cursor != nullptr) context.cursor->forget(ended);
  context.first_states.forget(std::move(ended));
  return Subscribed{.missing = std::move(wanted->codes.missing)};
}

}  // namespace qos::api::ws
