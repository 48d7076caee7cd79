// What the command line asks for, and the texts that a connection begins with.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace qos::bench {

struct LoadOptions {
  std::string host = "127.0.0.1";  // loopback only: whoever starts it by mistake loads nobody else
  int port = 9001;
  std::string path = "/";
  std::vector<std::string> headers;  // lines of the upgrade request
  int connections = 100;
  int threads = 1;
  double seconds = 5;
  double settle = 1;            // before what is measured
  double connect_timeout = 30;  // all handshakes together
  int parallel = 128;           // handshakes under way at once, by thread
  std::string first;            // the first text message of a connection, a template
  std::string item = "%d";      // one entry of %L
  std::string item_separator = ",";
  long items = 0;
  long item_space = 1;
  long item_stride = 1;
  std::string stamp = "\"pts\":";  // stands before the time in a message
  bool scan = false;               // every stamp inside a frame is a message
  std::string command;             // sent by every connection each command_every seconds
  double command_every = 0;
  bool spin = false;
  int poll_us = 0;
  int receive_buffer = 0;  // 0: the system's
  int server_pid = 0;
  std::string server_thread;
  double slow = 0;  // this share of the connections is never read after the start
  std::string label;
};

void add_options(CLI::App& app, LoadOptions& options);
// Backslashes resolved, numbers within their ranges; throws std::runtime_error with a sentence.
void settle(LoadOptions& options);

// The first message of the connection with this index.
std::string first_message(const LoadOptions& options, long index);

}  // namespace qos::bench
