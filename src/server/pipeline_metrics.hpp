// Which counts of which room appear on the metrics page, and under which names (docs/metrics.md).
#pragma once

#include <string>

#include "admin/metrics_page.hpp"
#include "api/cursors.hpp"
#include "api/server.hpp"
#include "channel/fanout.hpp"
#include "feed/feed.hpp"
#include "io/tls_certificate.hpp"
#include "journal/sequencer.hpp"
#include "server/hand_over.hpp"
#include "server/kept_data.hpp"
#include "server/market_loop.hpp"
#include "server/past_questions.hpp"
#include "server/travel_worlds.hpp"
#include "state/machine.hpp"

namespace qos::server {

void add_feed_metrics(admin::MetricsPage& page, const std::string& kind, const feed::FeedCounters& counters);
void add_market_metrics(admin::MetricsPage& page, const journal::Sequencer::Counters& sequencer,
                        const state::MachineCounters& machine, const channel::Fanout::Counters& fanout);
void add_history_metrics(admin::MetricsPage& page, const KeptData& kept);
void add_journal_metrics(admin::MetricsPage& page, const journal::Journal& journal,
                         const replay::Checkpointer::Counters& checkpoints, const MarketLoop::Counters& loop);
void add_past_metrics(admin::MetricsPage& page, const PastQuestions::Counters& questions);
void add_cursor_metrics(admin::MetricsPage& page, const api::Cursors::Counters& cursors);
void add_travel_metrics(admin::MetricsPage& page, const TravelWorlds::Counters& worlds);
void add_hand_over_metrics(admin::MetricsPage& page, const HandOverCounters& counters);
void add_server_metrics(admin::MetricsPage& page, const api::ServerCounters& counters);
void add_tls_metrics(admin::MetricsPage& page, const io::TlsCounters& sessions,
                     const io::TlsCertificate& certificate);

}  // namespace qos::server
