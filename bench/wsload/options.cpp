#include "options.hpp"

#include <algorithm>
#include <stdexcept>
#include <string_view>

namespace qos::bench {
namespace {

constexpr std::size_t kPaddedDigits = 7;  // of %z

std::string unescaped(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 1 == text.size()) {
      out += text[i];
      continue;
    }
    const char escaped = text[++i];
    out += escaped == 'r' ? '\r' : escaped == 'n' ? '\n' : escaped;
  }
  return out;
}

void replace_all(std::string& text, std::string_view what, std::string_view with) {
  for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += with.size())
    text.replace(at, what.size(), with);
}

}  // namespace

void add_options(CLI::App& app, LoadOptions& options) {
  app.add_option("--host", options.host, "a loopback address");
  app.add_option("--port", options.port);
  app.add_option("--path", options.path);
  app.add_option("--header", options.headers, "'Name: value', added to the upgrade request, may repeat");
  app.add_option("--conns", options.connections, "connections in total");
  app.add_option("--threads", options.threads);
  app.add_option("--seconds", options.seconds, "measured time");
  app.add_option("--settle", options.settle, "seconds before it");
  app.add_option("--connect-timeout", options.connect_timeout, "seconds, for all handshakes");
  app.add_option("--parallel", options.parallel, "handshakes under way at once, by thread");
  app.add_option("--first", options.first,
                 "first text message of each connection; %d is its index, %L the list of items, "
                 "\\r \\n \\\\ are understood");
  app.add_option("--items", options.items, "how many entries %L has");
  app.add_option("--item-space", options.item_space,
                 "entry j of connection i has number (i*[space > items] + j*stride) mod space");
  app.add_option("--item-stride", options.item_stride);
  app.add_option("--item", options.item,
                 "an entry; %d is its number, %z the same in seven digits, %n is j+1");
  app.add_option("--item-sep", options.item_separator);
  app.add_option("--stamp", options.stamp,
                 "what stands before the time in a message: nanoseconds, or seconds with a point, of "
                 "CLOCK_MONOTONIC or CLOCK_REALTIME");
  app.add_flag("--scan", options.scan, "count every stamp inside a frame as one message");
  app.add_option("--command", options.command, "text that every connection sends now and then");
  app.add_option("--command-every", options.command_every, "seconds between two commands of a connection");
  app.add_flag("--spin", options.spin, "never sleep in epoll_wait");
  app.add_option("--poll-us", options.poll_us, "sleep so many microseconds between looks at the sockets");
  app.add_option("--rcvbuf", options.receive_buffer, "SO_RCVBUF of each connection");
  app.add_option("--slow,--stop", options.slow, "share of connections that are not read after the start");
  app.add_option("--server-pid", options.server_pid, "report that process's CPU time and memory");
  app.add_option("--server-thread", options.server_thread, "and the CPU time of its threads of this name");
  app.add_option("--label", options.label, "copied to the output");
}

void settle(LoadOptions& options) {
  for (auto* text : {&options.first, &options.item, &options.item_separator, &options.command})
    *text = unescaped(*text);
  if (options.connections < 1 || options.threads < 1 || options.item_space < 1 || options.parallel < 1)
    throw std::runtime_error("--conns, --threads, --item-space and --parallel are at least 1");
  if (options.seconds > 600) throw std::runtime_error("--seconds is at most 600");
  if (options.stamp.empty()) throw std::runtime_error("--stamp is empty");
  options.threads = std::min(options.threads, options.connections);
}

std::string first_message(const LoadOptions& options, long index) {
  std::string list;
  const long base = options.item_space > options.items ? index : 0;
  for (long j = 0; j < options.items; ++j) {
    std::string item = options.item;
    const auto number = std::to_string((base + j * options.item_stride) % options.item_space);
    replace_all(item, "%d", number);
    replace_all(item, "%z",
                std::string(kPaddedDigits - std::min(kPaddedDigits, number.size()), '0') + number);
    replace_all(item, "%n", std::to_string(j + 1));
    if (j > 0) list += options.item_separator;
    list += item;
  }
  std::string message = options.first;
  replace_all(message, "%d", std::to_string(index));
  replace_all(message, "%L", list);
  return message;
}

}  // namespace qos::bench
