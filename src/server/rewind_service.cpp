#include "server/rewind_service.hpp"

#include <spdlog/spdlog.h>

#include <thread>

#include "api/change_bodies.hpp"

namespace qos::server {
namespace {

using What = api::Rewind::What;
using Missed = api::Rewind::Missed;

// What was published a moment ago is on its way to the disk: a commit takes milliseconds.
constexpr std::chrono::seconds kPatience{5};
constexpr std::chrono::milliseconds kLook{1};

// The pushes of one channel that a change makes.
template <typename Tell>
void for_each_wanted(const api::Rewind::Request& request, const state::Change& change,
                     const market::Instrument& instrument, Tell&& tell) {
  if (request.what == What::final_klines) {
    if (change.sequence > request.after)
      api::for_each_final_kline(change, instrument, request.key,
                                [&](const auto& place, auto&& encode) { tell(place, encode); });
    return;
  }
  api::for_each_push(change, instrument, [&](const auto& key, const auto& place, auto&& encode) {
    if (key != request.key) return;
    const bool is_new =
        request.what == What::pushes ? place.number > request.after_number : place.sequence > request.after;
    if (is_new) tell(place, encode);
  });
}

}  // namespace

bool RewindService::ask(const Request& request, Done done) {
  return questions_.ask([this, request, done = std::move(done)](const PastQuestions::GiveUp& give_up) {
    done(answer(request, give_up));
  });
}

std::expected<api::Rewind::Result, api::Rewind::Failure> RewindService::answer(
    const Request& request, const PastQuestions::GiveUp& give_up) const {
  Result result;
  bool too_many = false;
  const auto begun = std::chrono::steady_clock::now();
  const replay::Rewind::Call call{
      .instrument = request.key.instrument,
      .begins_here =
          [&](Sequence sequence, const state::InstrumentView& view) {
            return request.what == What::pushes
                       ? api::number_of(view.numbers(), request.key) <= request.after_number
                       : sequence <= request.after;
          },
      .visit =
          [&](const SequencedEvent&, const state::Change& change) {
            if (change.empty()) return true;
            const auto& instrument = rewind_.archive().instruments.at(request.key.instrument);
            for_each_wanted(request, change, instrument, [&](const auto& place, auto&& encode) {
              Missed missed{.number = place.number, .sequence = place.sequence};
              encode(missed.body);
              result.pushes.push_back(std::move(missed));
            });
            too_many = result.pushes.size() > request.limit;
            return !too_many;
          },
      .goes_on =
          [&](Sequence last) {
            if (last >= request.at_least || std::chrono::steady_clock::now() - begun > kPatience || give_up())
              return false;
            std::this_thread::sleep_for(kLook);
            return true;
          },
      // What is published later comes to the client by itself.
      .enough = [&](Sequence last) { return last >= request.at_least || give_up(); }};
  const auto until = rewind_.run(call);
  if (too_many) return std::unexpected{Failure::too_many};
  if (!until) {
    spdlog::warn("what a client missed could not be told: {}", until.error().message);
    return std::unexpected{Failure::broken};
  }
  if (!*until) return std::unexpected{Failure::too_old};
  if (**until < request.at_least) return std::unexpected{Failure::broken};
  result.until = **until;
  return result;
}

}  // namespace qos::server
