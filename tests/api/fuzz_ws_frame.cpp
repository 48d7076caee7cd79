// Client bytes in any pieces: no input may crash the reader or make it hold more than its limit, and how the
// bytes are cut must not change what is heard.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "api/ws/frame.hpp"

namespace {

using namespace qos::api::ws;

class Diary final : public MessageHandler {
 public:
  void on_text(std::string_view text) override { note('t', text); }
  void on_binary(std::string_view bytes) override { note('b', bytes); }
  void on_ping(std::string_view payload) override { note('p', payload); }
  void on_pong(std::string_view payload) override { note('o', payload); }
  void on_close(std::optional<std::uint16_t> code) override { note('c', std::to_string(code.value_or(0))); }
  bool goes_on() const override { return true; }

  std::string text;

 private:
  void note(char what, std::string_view rest) {
    if (rest.size() > kLimit) std::abort();
    text += what;
    text += rest;
  }

 public:
  static constexpr std::size_t kLimit = 512;
};

std::string hear(std::string stream, std::size_t piece) {
  MessageReader reader{Diary::kLimit};
  Diary diary;
  for (std::size_t at = 0; at < stream.size(); at += piece) {
    const auto violation = reader.read({stream.data() + at, std::min(piece, stream.size() - at)}, diary);
    if (violation)
      return diary.text + "!" + std::to_string(static_cast<int>(violation->code)) + violation->reason;
  }
  return diary.text;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string stream{reinterpret_cast<const char*>(data), size};
  const std::string whole = hear(stream, stream.size() + 1);
  if (hear(stream, 1) != whole || hear(stream, 7) != whole) std::abort();
  return 0;
}
