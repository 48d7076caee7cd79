#include "server/pipeline_metrics.hpp"

namespace qos::server {

void add_feed_metrics(admin::MetricsPage& page, const std::string& kind, const feed::FeedCounters& counters) {
  const admin::Labels labels{{"feed", kind}};
  page.add("qos_feed_messages_total", "Venue messages decoded", counters.messages, labels);
  page.add("qos_feed_events_total", "Events handed to the sequencer", counters.events, labels);
  page.add("qos_feed_rejected_total", "Messages that were no valid message", counters.rejected, labels);
  page.add("qos_feed_unknown_instruments_total", "Messages of instruments the table does not have",
           counters.unknown_instruments, labels);
  page.add("qos_feed_ignored_total", "Valid messages of a kind that is not used", counters.ignored, labels);
  page.add("qos_feed_gaps_total", "Times messages were lost", counters.gaps, labels);
}

void add_market_metrics(admin::MetricsPage& page, const journal::Sequencer::Counters& sequencer,
                        const state::MachineCounters& machine, const channel::Fanout::Counters& fanout) {
  page.add("qos_sequencer_events_total", "Events numbered", sequencer.events);
  page.add("qos_sequencer_full_queue_waits_total", "Times a feed waited because its queue was full",
           sequencer.full_queue_waits);
  page.add("qos_state_events_total", "Events applied to the state", machine.events);
  page.add("qos_state_unknown_instruments_total", "Events that name no instrument of the table",
           machine.unknown_instruments);
  page.add("qos_state_stale_book_deltas_total", "Book changes dropped while a book waits for its snapshot",
           machine.stale_book_deltas);
  page.add("qos_state_digest_mismatches_total", "Digests of the journal that state does not agree with",
           machine.digest_mismatches);
  page.add("qos_state_outside_sessions_total", "Trades outside every session", machine.outside_sessions);
  page.add("qos_channel_updates_total", "Changes encoded because someone listens", fanout.updates);
  page.add("qos_channel_pushes_total", "Changes handed to I/O loops", fanout.pushes);
  page.add("qos_channel_full_ring_waits_total", "Times the market thread waited for an I/O loop",
           fanout.full_ring_waits);
}

void add_history_metrics(admin::MetricsPage& page, const KeptData& kept) {
  page.add("qos_history_reads_total", "Reads of K-lines", kept.klines().counters().reads);
  page.add("qos_history_failed_reads_total", "Reads of K-lines that the disk refused",
           kept.klines().counters().failed_reads);
  if (const auto* writer = kept.writer()) {
    page.add("qos_history_klines_total", "K-lines stored", writer->counters().written);
    page.add("qos_history_failed_commits_total", "Commits of K-lines that failed and are tried again",
             writer->counters().failed_commits);
    page.add("qos_history_missed_total", "K-lines that found the queue to the store full",
             writer->counters().missed);
  }
  if (const auto* store = kept.store())
    page.add_gauge("qos_history_bytes", "Size of the K-line store on disk",
                   [store] { return static_cast<double>(store->bytes_on_disk()); });
  page.add("qos_reference_changes_total", "Times calendars or corporate actions were new",
           kept.watch().counters().changes);
  page.add("qos_reference_failures_total", "Times the reference data could not be read",
           kept.watch().counters().failures);
}

void add_journal_metrics(admin::MetricsPage& page, const journal::Journal& journal,
                         const replay::Checkpointer::Counters& checkpoints,
                         const MarketLoop::Counters& loop) {
  const auto& counters = journal.counters();
  page.add("qos_journal_blocks_total", "Blocks of events written", counters.blocks);
  page.add("qos_journal_written_bytes_total", "Bytes written", counters.bytes);
  page.add("qos_journal_syncs_total", "Times what was written was made durable", counters.syncs);
  page.add("qos_journal_failures_total", "Writes and syncs that failed and are tried again",
           counters.failures);
  page.add("qos_journal_archived_total", "Closed segments compressed once more", counters.archived);
  page.add("qos_journal_removed_total", "Segments removed for their age or size", counters.removed);
  page.add("qos_journal_failing", "1 while the disk refuses", counters.failing);
  page.add("qos_journal_bytes", "Size of all segments on disk", counters.segment_bytes_held);
  page.add("qos_journal_held_total", "Turns in which nothing was taken because the disk is behind",
           loop.held);
  page.add_gauge("qos_journal_waiting_events", "Events that are not on the disk yet", [&journal] {
    return static_cast<double>(journal.appended().value() - journal.durable().value());
  });
  page.add("qos_checkpoints_total", "Checkpoints taken", checkpoints.taken);
  page.add("qos_checkpoint_failures_total", "Checkpoints given up because the disk refused",
           checkpoints.failed);
  page.add("qos_checkpoint_bytes", "Size of the newest checkpoint", checkpoints.last_bytes);
  page.add("qos_checkpoint_sequence", "The event behind which a recovery would begin",
           checkpoints.last_first);
}

void add_past_metrics(admin::MetricsPage& page, const PastQuestions::Counters& questions) {
  page.add("qos_past_questions_total", "Questions about the past that were answered", questions.answered);
  page.add("qos_past_refusals_total", "Questions about the past refused because too many waited",
           questions.refused);
}

void add_cursor_metrics(admin::MetricsPage& page, const api::Cursors::Counters& cursors) {
  page.add("qos_cursor_losts_total", "Times a key with a cursor could not be told what it missed",
           cursors.losts);
  page.add("qos_cursor_refused_total", "Positions that are not kept because there are too many",
           cursors.refused);
  page.add("qos_cursor_write_failures_total", "Times positions could not be written and are tried again",
           cursors.write_failures);
}

void add_travel_metrics(admin::MetricsPage& page, const TravelWorlds::Counters& worlds) {
  page.add("qos_travel_worlds", "Worlds that keys travel in, there now", worlds.worlds);
  page.add("qos_travel_worlds_made_total", "Worlds that were made and shown", worlds.made);
  page.add("qos_travel_failures_total", "Worlds that could not be made, or whose journal broke off",
           worlds.failed);
  page.add("qos_travel_refusals_total", "Requests for one more world than travel.max_worlds", worlds.refused);
}

void add_hand_over_metrics(admin::MetricsPage& page, const HandOverCounters& counters) {
  page.add("qos_hand_over_refused_total", "Requests to hand the sockets over that came to nothing",
           counters.refused);
  page.add("qos_hand_over_failed_total", "Successors that were lost before they were ready", counters.failed);
}

void add_server_metrics(admin::MetricsPage& page, const api::ServerCounters& counters) {
  page.add("qos_connections_total", "Connections accepted", counters.connections);
  page.add("qos_connections_open", "Connections open", counters.connections_open);
  page.add("qos_connections_refused_total", "Connections closed at once because too many were open",
           counters.refused_connections);
  page.add("qos_drain_asked_total", "Connections asked to leave because the server stops", counters.drained);
  page.add("qos_drain_cut_total", "Connections cut off because they did not leave", counters.drain_cuts);
  page.add("qos_websockets_open", "WebSockets open", counters.websockets_open);
  page.add("qos_http_requests_total", "HTTP requests answered", counters.http_requests);
  page.add("qos_http_errors_total", "HTTP answers that are no OK", counters.http_errors);
  page.add("qos_ws_commands_total", "WebSocket commands answered", counters.ws_commands);
  page.add("qos_ws_errors_total", "WebSocket commands answered with an error", counters.ws_errors);
  page.add("qos_ws_slow_consumers_total", "WebSockets closed because their outbox was full",
           counters.slow_consumers);
  page.add("qos_ws_heartbeat_timeouts_total", "WebSockets closed because the client was silent",
           counters.heartbeat_timeouts);
  page.add("qos_sent_frames_total", "WebSocket frames sent or superseded", counters.frames_sent);
  page.add("qos_superseded_frames_total", "Frames that a later one took the place of, for slow clients",
           counters.frames_superseded);
  page.add("qos_ws_compressed_connections", "WebSockets open that agreed on compression",
           counters.ws_compressed_open);
  page.add("qos_ws_before_compression_bytes_total", "Bytes of frames before they were compressed",
           counters.ws_bytes_before_packing);
  page.add("qos_ws_after_compression_bytes_total",
           "Bytes of them afterwards; a frame that many clients share counts once",
           counters.ws_bytes_after_packing);
  page.add("qos_sent_bytes_total", "Bytes sent", counters.bytes_sent);
  page.add("qos_received_bytes_total", "Bytes received", counters.bytes_received);
}

void add_tls_metrics(admin::MetricsPage& page, const io::TlsCounters& sessions,
                     const io::TlsCertificate& certificate) {
  page.add("qos_tls_handshakes_total", "TLS handshakes completed", sessions.handshakes);
  page.add("qos_tls_resumed_handshakes_total", "TLS handshakes completed with a ticket of an earlier one",
           sessions.resumed_handshakes);
  page.add("qos_tls_handshake_failures_total", "TLS handshakes refused, broken off or too slow",
           sessions.handshake_failures);
  page.add("qos_tls_plain_http_total", "Of the failures, clients that spoke HTTP without TLS",
           sessions.plain_http);
  page.add("qos_tls_kernel_sessions_total", "TLS sessions whose sending the kernel took over",
           sessions.kernel_sessions);
  page.add("qos_tls_certificate_renewals_total", "Times a new certificate was taken up from disk",
           certificate.counters().renewals);
  page.add("qos_tls_certificate_failures_total", "Times a new certificate could not be used",
           certificate.counters().failures);
  page.add_gauge(
      "qos_tls_certificate_expires_seconds", "Until when the certificate is valid, seconds since 1970",
      [&certificate] { return static_cast<double>(unix_nanos(certificate.expires()) / 1'000'000'000); });
}

}  // namespace qos::server
