#include "admin/metrics_page.hpp"

#include <prometheus/collectable.h>
#include <prometheus/exposer.h>
#include <prometheus/metric_family.h>

#include <exception>

namespace qos::admin {

class MetricsPage::Rows final : public prometheus::Collectable {
 public:
  struct Row {
    Labels labels;
    std::function<double()> read;
  };
  struct Family {
    std::string help;
    prometheus::MetricType type = prometheus::MetricType::Counter;
    std::vector<Row> rows;
  };

  void add(std::string name, std::string help, prometheus::MetricType type, Row row) {
    auto& family = families_[std::move(name)];
    family.help = std::move(help);
    family.type = type;
    family.rows.push_back(std::move(row));
  }

  std::vector<prometheus::MetricFamily> Collect() const override {
    std::vector<prometheus::MetricFamily> page;
    for (const auto& [name, family] : families_) {
      prometheus::MetricFamily out{name, family.help, family.type, {}};
      for (const auto& row : family.rows) out.metric.push_back(sample(family.type, row));
      page.push_back(std::move(out));
    }
    return page;
  }

 private:
  static prometheus::ClientMetric sample(prometheus::MetricType type, const Row& row) {
    prometheus::ClientMetric metric;
    for (const auto& [label, value] : row.labels) metric.label.push_back({label, value});
    (type == prometheus::MetricType::Counter ? metric.counter.value : metric.gauge.value) = row.read();
    return metric;
  }

  std::map<std::string, Family> families_;
};

MetricsPage::MetricsPage() : rows_{std::make_shared<Rows>()} {}
MetricsPage::~MetricsPage() = default;

void MetricsPage::add(std::string name, std::string help, const Counter& counter, Labels labels) {
  rows_->add(std::move(name), std::move(help), prometheus::MetricType::Counter,
             {std::move(labels), [&counter] { return static_cast<double>(counter.value()); }});
}

void MetricsPage::add(std::string name, std::string help, const Gauge& gauge, Labels labels) {
  add_gauge(
      std::move(name), std::move(help), [&gauge] { return static_cast<double>(gauge.value()); },
      std::move(labels));
}

void MetricsPage::add_gauge(std::string name, std::string help, std::function<double()> read, Labels labels) {
  rows_->add(std::move(name), std::move(help), prometheus::MetricType::Gauge,
             {std::move(labels), std::move(read)});
}

Result<void> MetricsPage::start(const std::string& listen) {
  // The library throws where it cannot listen; this is where that becomes a value.
  try {
    auto exposer = std::make_shared<prometheus::Exposer>(listen, 1);
    exposer->RegisterCollectable(rows_);
    port_ = exposer->GetListeningPorts().at(0);
    exposer_ = std::move(exposer);
    return {};
  } catch (const std::exception& problem) {
    return fail("metrics: cannot listen on {}: {}", listen, problem.what());
  }
}

}  // namespace qos::admin
