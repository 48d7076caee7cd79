#include "api/ws/resume_points.hpp"

#include <algorithm>

namespace qos::api::ws {
namespace {

// No integer of the protocol passes it.
constexpr IntegerRange kNumbers{0, std::int64_t{1} << 53};

using Points = std::unordered_map<InstrumentId, ResumePoint>;

// A number says its epoch: it is not below it, and the next one begins far above.
ResumePoint point_of(std::int64_t number, std::optional<std::int64_t> epoch, const Services& services) {
  const std::uint64_t current = services.health.epoch();
  if (epoch && static_cast<std::uint64_t>(*epoch) != current) return std::nullopt;
  if (static_cast<std::uint64_t>(number) < current) return std::nullopt;
  return static_cast<std::uint64_t>(number) - current;
}

Answer<Points> read_points(const RequestObject& request, std::string_view name, const RequestedCodes& codes,
                           std::optional<std::int64_t> epoch, const Extensions& extensions,
                           const Services& services) {
  auto named = request.optional_named_integers(name, kNumbers);
  if (!named) return passed_on(named);
  Points points;
  if (!*named) return points;
  if (!extensions.seq)
    return invalid("{}: expected the extension seq to be in force, see the command X", name);
  for (const auto& [text, number] : **named) {
    const auto code = market::parse_code(text);
    if (!code) return invalid("{}: {}", name, code.error().message);
    const auto* instrument = services.instruments.find(code->code);
    // What no instrument has is named in `missing`, if it was asked for.
    if (instrument == nullptr) continue;
    if (std::ranges::find(codes.known, instrument, &RequestedCode::instrument) == codes.known.end())
      return invalid("{}: expected codes that stand in codes, seen {}", name, code->spelling);
    if (!points.try_emplace(instrument->id, point_of(number, epoch, services)).second)
      return invalid("{}: expected each code once, seen {} twice", name, code->spelling);
  }
  return points;
}

}  // namespace

Answer<ResumePoints> read_resume_points(const RequestObject& request, const RequestedCodes& codes,
                                        const Extensions& extensions, const Services& services) {
  const auto epoch = request.optional_integer("epoch", kNumbers);
  if (!epoch) return std::unexpected{epoch.error()};
  auto of_channels = read_points(request, "from", codes, *epoch, extensions, services);
  if (!of_channels) return passed_on(of_channels);
  auto of_sessions = read_points(request, "from_ses", codes, *epoch, extensions, services);
  if (!of_sessions) return passed_on(of_sessions);
  return ResumePoints{std::move(*of_channels), std::move(*of_sessions)};
}

}  // namespace qos::api::ws
