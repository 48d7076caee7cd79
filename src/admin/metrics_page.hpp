// The metrics page: GET /metrics on a port of its own, in the Prometheus text format. Names are qos_…, base
// units.
//
// The counts themselves belong to the rooms that raise them; this page only reads them when it is asked.
//
// Threads: add() before start(); the page answers on a thread of its own.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/counter.hpp"
#include "core/result.hpp"

namespace qos::admin {

using Labels = std::map<std::string, std::string>;

class MetricsPage {
 public:
  MetricsPage();
  ~MetricsPage();

  // What is counted must outlive the page. Several of one name differ in their labels.
  void add(std::string name, std::string help, const Counter& counter, Labels labels = {});
  void add(std::string name, std::string help, const Gauge& gauge, Labels labels = {});
  // A level computed when the page is asked; any thread may call `read`.
  void add_gauge(std::string name, std::string help, std::function<double()> read, Labels labels = {});

  // Listens on "127.0.0.1:8081"; port 0 takes a free one. An address in use is an error.
  Result<void> start(const std::string& listen);
  // The port is free again. Idempotent.
  void stop() { exposer_.reset(); }
  // The port in use after start().
  int port() const { return port_; }

 private:
  class Rows;
  std::shared_ptr<Rows> rows_;
  std::shared_ptr<void> exposer_;
  int port_ = 0;
};

}  // namespace qos::admin
