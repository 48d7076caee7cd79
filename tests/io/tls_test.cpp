// TLS as a connection sees it, against the library's own client on the other end of a pair of sockets.
#include "io/tls_session.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <random>

#include "io/stream.hpp"
#include "io/tls_certificate.hpp"
#include "support/tls_peer.hpp"

namespace qos::io {
namespace {

using ::testing::HasSubstr;
using State = StreamResult::State;
using Peer = test::TlsPeer;
using Outcome = Peer::Outcome;

std::string random_text(std::mt19937_64& random, std::size_t size) {
  std::string text(size, '\0');
  for (char& c : text) c = static_cast<char>(random());
  return text;
}

// A server's stream and a client's socket, both in this thread and neither blocking.
class Line {
 public:
  explicit Line(int buffer_bytes = 0) {
    std::array<int, 2> ends{};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends.data()), 0);
    if (buffer_bytes > 0)
      for (const int end : ends) ::setsockopt(end, SOL_SOCKET, SO_SNDBUF, &buffer_bytes, sizeof buffer_bytes);
    client_socket = Descriptor{ends[1]};
    server = context().accept(Descriptor{ends[0]}, counters);
  }

  static const test::TempFolder& folder() {
    static const test::TempFolder folder;
    return folder;
  }
  static const TlsFiles& files() {
    static const TlsFiles files = test::write_tls_files(folder().path());
    return files;
  }
  static const TlsContext& context() {
    static const auto context = TlsContext::load(files()).value();
    return *context;
  }

  Peer& dial(Peer::Options options = {}) {
    options.trusted = files().certificate;
    return client.emplace(client_socket.get(), options);
  }
  // To the end of the handshake, or of what can be done for it. What the server reads of it is kept.
  Outcome shake_hands() {
    Outcome client_side = Outcome::waits;
    for (int round = 0; round < 100; ++round) {
      client_side = client->connect();
      has_ended |= server_read(heard).state == State::ended;
      if (client_side != Outcome::waits && !server.is_opening()) break;
    }
    return client_side;
  }
  StreamResult server_read(std::string& out, std::size_t most = 65'536) {
    std::string into(most, '\0');
    const auto got = server.read(into);
    out.append(into, 0, got.bytes);
    return got;
  }
  // Everything that there is.
  std::string server_hears() {
    std::string out;
    while (server_read(out).state == State::ok) {
    }
    return out;
  }
  std::string client_hears() {
    std::string out;
    while ((client_outcome = client->receive(out)) == Outcome::done) {
    }
    return out;
  }
  void raw(std::string_view bytes) {
    ASSERT_EQ(::send(client_socket.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(bytes.size()));
  }

  TlsCounters counters;
  Descriptor client_socket;
  Stream server;
  std::optional<Peer> client;
  std::string heard;
  bool has_ended = false;
  Outcome client_outcome = Outcome::waits;
};

// What a client says first.
std::string client_hello() {
  Line line;
  line.dial().connect();
  std::string hello(4'096, '\0');
  const auto got = ::recv(line.server.fd(), hello.data(), hello.size(), 0);
  hello.resize(static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
  return hello;
}

TEST(Tls, carries_bytes_both_ways_in_either_version) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    Line line;
    line.dial({.version = version});
    EXPECT_TRUE(line.server.is_opening());
    ASSERT_EQ(line.shake_hands(), Outcome::done);
    EXPECT_FALSE(line.server.is_opening());
    EXPECT_EQ(SSL_version(line.client->ssl()), version);
    std::string_view question = "question";
    EXPECT_EQ(line.client->send(question), Outcome::done);
    EXPECT_EQ(line.server_hears(), "question");
    EXPECT_EQ(line.server.write("answer").bytes, 6U);
    EXPECT_EQ(line.client_hears(), "answer");
    EXPECT_EQ(line.client_outcome, Outcome::waits);
    EXPECT_EQ(line.counters.handshakes.value(), 1U);
    EXPECT_EQ(line.counters.handshake_failures.value(), 0U);
    EXPECT_EQ(line.counters.kernel_sessions.value(), 0U) << "a pair of local sockets has no kernel TLS";
  }
}

// The owner's buffer is reused, and what the socket does not take is replaced by newer bytes: the other side
// hears exactly what was taken, in order.
TEST(Tls, what_was_taken_is_sent_and_what_was_not_may_be_replaced) {
  constexpr std::uint64_t kSeed = 20'261'123;
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    SCOPED_TRACE(version);
    std::mt19937_64 random{kSeed};
    Line line{4'096};
    line.dial({.version = version});
    ASSERT_EQ(line.shake_hands(), Outcome::done);
    std::string taken;
    std::string heard;
    int times_full = 0;
    while (taken.size() < 4'000'000) {
      std::string offered = random_text(random, 1 + random() % 70'000);
      const auto put = line.server.write(offered);
      ASSERT_NE(put.state, State::broken);
      taken.append(offered, 0, put.bytes);
      std::ranges::fill(offered, 'x');
      const bool is_full = put.bytes < offered.size();
      EXPECT_TRUE(!is_full || line.server.wants_to_write());
      times_full += is_full ? 1 : 0;
      if (is_full || random() % 4 == 0)
        for (auto reads = random() % 8; reads > 0; --reads)
          line.client->receive(heard, 1 + random() % 20'000);
    }
    while (heard.size() < taken.size()) {
      ASSERT_NE(line.server.write({}).state, State::broken);
      ASSERT_NE(line.client->receive(heard), Outcome::failed);
    }
    EXPECT_FALSE(line.server.wants_to_write());
    EXPECT_TRUE(heard == taken);
    EXPECT_GT(times_full, 20);
  }
}

// Records of one byte, read with little room: nothing waits for a socket that will not wake anybody.
TEST(Tls, tells_of_bytes_that_the_kernel_no_longer_has) {
  Line line;
  line.dial();
  ASSERT_EQ(line.shake_hands(), Outcome::done);
  std::string said;
  for (int index = 0; index < 150; ++index) {
    const std::string byte(1, static_cast<char>('a' + index % 26));
    std::string_view rest = byte;
    ASSERT_EQ(line.client->send(rest), Outcome::done);
    said += byte;
  }
  std::string heard;
  ASSERT_EQ(line.server_read(heard, 7).bytes, 7U);
  EXPECT_TRUE(line.server.has_unread());
  while (line.server.has_unread()) ASSERT_LE(line.server_read(heard, 7).bytes, 7U);
  EXPECT_EQ(heard, said);
  EXPECT_EQ(line.server_read(heard).state, State::again);
}

TEST(Tls, goes_on_after_a_change_of_keys_that_the_client_asks_for) {
  Line line;
  line.dial({.version = TLS1_3_VERSION});
  ASSERT_EQ(line.shake_hands(), Outcome::done);
  for (const int type : {SSL_KEY_UPDATE_REQUESTED, SSL_KEY_UPDATE_NOT_REQUESTED, SSL_KEY_UPDATE_REQUESTED}) {
    ASSERT_EQ(SSL_key_update(line.client->ssl(), type), 1);
    std::string_view question = "question";
    ASSERT_EQ(line.client->send(question), Outcome::done);
    EXPECT_EQ(line.server_hears(), "question");
    EXPECT_EQ(line.server.write("answer").bytes, 6U);
    EXPECT_EQ(line.client_hears(), "answer");
  }
}

// While a change of keys is to be answered the socket is full of what was sent before.
TEST(Tls, changes_keys_with_a_full_socket) {
  std::mt19937_64 random{7};
  Line line{4'096};
  line.dial({.version = TLS1_3_VERSION});
  ASSERT_EQ(line.shake_hands(), Outcome::done);
  const std::string block = random_text(random, 50'000);
  std::string taken;
  std::string heard;
  for (int round = 0; round < 20; ++round) {
    const auto put = line.server.write(block);
    taken.append(block, 0, put.bytes);
    ASSERT_EQ(SSL_key_update(line.client->ssl(), SSL_KEY_UPDATE_REQUESTED), 1);
    std::string_view ping = "ping";
    if (line.client->send(ping) == Outcome::done) {
      EXPECT_EQ(line.server_hears(), "ping") << round;
    }
    while (heard.size() < taken.size()) {
      ASSERT_NE(line.server.write({}).state, State::broken);
      ASSERT_NE(line.client->receive(heard), Outcome::failed);
    }
  }
  EXPECT_TRUE(heard == taken);
}

TEST(Tls, the_client_s_end_is_heard_behind_its_last_bytes_and_can_be_answered) {
  Line line;
  line.dial();
  ASSERT_EQ(line.shake_hands(), Outcome::done);
  std::string_view question = "last question";
  ASSERT_EQ(line.client->send(question), Outcome::done);
  line.client->end();
  std::string heard;
  EXPECT_EQ(line.server_read(heard).state, State::ok);
  EXPECT_EQ(heard, "last question");
  EXPECT_TRUE(line.server.has_unread()) << "nothing more comes from the socket";
  EXPECT_EQ(line.server_read(heard).state, State::ended);
  EXPECT_EQ(line.server.write("last answer").bytes, 11U);
  line.server.shutdown_write();
  EXPECT_FALSE(line.server.wants_to_write());
  EXPECT_EQ(line.client_hears(), "last answer");
  EXPECT_EQ(line.client_outcome, Outcome::ended);
}

// A farewell that finds the socket full is sent when there is room, and only then the stream ends.
TEST(Tls, says_farewell_when_the_socket_has_room) {
  const std::string block(512, 'b');
  // As many blocks as fill the socket: with one more the session keeps something, without it nothing.
  std::size_t fitting = 0;
  {
    Line line{4'096};
    line.dial();
    ASSERT_EQ(line.shake_hands(), Outcome::done);
    for (line.server.write(block); !line.server.wants_to_write(); line.server.write(block)) ++fitting;
  }
  Line line{4'096};
  line.dial();
  ASSERT_EQ(line.shake_hands(), Outcome::done);
  for (std::size_t count = 0; count < fitting; ++count) line.server.write(block);
  ASSERT_FALSE(line.server.wants_to_write());
  line.server.shutdown_write();
  ASSERT_TRUE(line.server.wants_to_write()) << "there was room for the farewell";
  EXPECT_EQ(line.server.write({}).state, State::again);
  EXPECT_EQ(line.client_hears().size(), fitting * block.size());
  EXPECT_EQ(line.client_outcome, Outcome::waits);
  EXPECT_EQ(line.server.write({}).state, State::ok);
  EXPECT_FALSE(line.server.wants_to_write());
  EXPECT_EQ(line.client_hears(), "");
  EXPECT_EQ(line.client_outcome, Outcome::ended);
}

TEST(Tls, a_stream_cut_off_without_a_farewell_is_broken) {
  Line line;
  line.dial();
  ASSERT_EQ(line.shake_hands(), Outcome::done);
  std::string_view half = "half a request";
  ASSERT_EQ(line.client->send(half), Outcome::done);
  line.client_socket.reset();
  std::string heard;
  EXPECT_EQ(line.server_read(heard).state, State::ok);
  EXPECT_EQ(heard, "half a request");
  EXPECT_EQ(line.server_read(heard).state, State::broken);
  EXPECT_EQ(line.server.write("too late").state, State::broken);
  line.server.close();
}

TEST(Tls, closing_tells_the_client_that_nothing_was_cut_off) {
  Line line;
  line.dial();
  ASSERT_EQ(line.shake_hands(), Outcome::done);
  line.server.write("all of it");
  line.server.close();
  EXPECT_FALSE(line.server.valid());
  EXPECT_EQ(line.client_hears(), "all of it");
  EXPECT_EQ(line.client_outcome, Outcome::ended);
}

TEST(Tls, damaged_bytes_after_the_handshake_break_the_stream) {
  Line line;
  line.dial();
  ASSERT_EQ(line.shake_hands(), Outcome::done);
  line.raw(
      std::string_view{"\x17\x03\x03\x00\x20"
                       "0123456789abcdef0123456789abcdef",
                       37});
  std::string heard;
  EXPECT_EQ(line.server_read(heard).state, State::broken);
  EXPECT_EQ(heard, "");
  EXPECT_EQ(line.counters.handshake_failures.value(), 0U) << "the handshake was sound";
}

TEST(Tls, plain_http_ends_decently_and_is_counted_by_itself) {
  Line line;
  line.raw("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  std::string ignored;
  EXPECT_EQ(line.server_read(ignored).state, State::ended);
  EXPECT_EQ(line.counters.handshake_failures.value(), 1U);
  EXPECT_EQ(line.counters.plain_http.value(), 1U);
  line.server.shutdown_write();
  char byte = 0;
  EXPECT_EQ(::recv(line.client_socket.get(), &byte, 1, 0), 0) << "an end, no reset and no bytes";
  // What still comes is thrown away until the client ends too.
  line.raw("more");
  EXPECT_EQ(line.server_read(ignored).bytes, 4U);
  line.client_socket.reset();
  EXPECT_EQ(line.server_read(ignored).state, State::ended);
}

TEST(Tls, garbage_is_refused_and_counted_and_the_client_is_told) {
  Line line;
  line.raw(std::string{"\x16\x03\x01\x00\x80", 5} + std::string(128, '\xAA'));
  std::string ignored;
  EXPECT_EQ(line.server_read(ignored).state, State::ended);
  EXPECT_EQ(line.counters.handshake_failures.value(), 1U);
  EXPECT_EQ(line.counters.plain_http.value(), 0U);
  EXPECT_EQ(line.server.write("nobody would understand").state, State::broken);
  line.server.shutdown_write();
  std::array<char, 64> told{};
  EXPECT_EQ(::recv(line.client_socket.get(), told.data(), told.size(), 0), 7) << "an alert";
  EXPECT_EQ(told[0], 21);
}

TEST(Tls, a_handshake_that_stops_anywhere_is_one_failure) {
  const std::string hello = client_hello();
  ASSERT_GT(hello.size(), 100U);
  for (std::size_t cut = 0; cut <= hello.size(); ++cut) {
    TlsCounters seen;
    {
      Line line;
      line.raw(hello.substr(0, cut));
      std::string ignored;
      ASSERT_EQ(line.server_read(ignored).state, State::again) << cut;
      ASSERT_TRUE(line.server.is_opening());
      ::shutdown(line.client_socket.get(), SHUT_WR);
      ASSERT_EQ(line.server_read(ignored).state, State::ended) << cut;
      ASSERT_EQ(line.counters.handshake_failures.value(), 1U) << cut;
    }
    Line given_up;
    given_up.raw(hello.substr(0, cut));
    std::string ignored;
    given_up.server_read(ignored);
    given_up.server.close();
    ASSERT_EQ(given_up.counters.handshake_failures.value(), 1U) << cut;
  }
}

TEST(Tls, a_handshake_may_come_byte_by_byte) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends.data()), 0);
  const Descriptor client_end{ends[0]};
  const Descriptor far_end{ends[1]};
  Line line;
  Peer client{client_end.get(), {.trusted = Line::files().certificate}};
  std::array<char, 8'192> bytes{};
  std::string heard;
  Outcome outcome = Outcome::waits;
  for (int round = 0; round < 20 && (outcome == Outcome::waits || line.server.is_opening()); ++round) {
    if (outcome == Outcome::waits) outcome = client.connect();
    const auto said = ::recv(far_end.get(), bytes.data(), bytes.size(), 0);
    for (ssize_t at = 0; at < said; ++at) {
      line.raw({bytes.data() + at, 1});
      line.server_read(heard);
    }
    const auto answered = ::recv(line.client_socket.get(), bytes.data(), bytes.size(), 0);
    if (answered > 0) {
      ASSERT_EQ(::send(far_end.get(), bytes.data(), static_cast<std::size_t>(answered), 0), answered);
    }
  }
  EXPECT_EQ(outcome, Outcome::done);
  EXPECT_EQ(line.counters.handshakes.value(), 1U);
}

// Hellos with bytes changed, doubled and left out, in pieces. Nothing is expected of them but an end.
TEST(Tls, survives_mutated_hellos) {
  constexpr std::uint64_t kSeed = 5;
  std::mt19937_64 random{kSeed};
  const std::string hello = client_hello();
  std::uint64_t refused = 0;
  for (int round = 0; round < 3'000; ++round) {
    std::string mutated = hello;
    for (auto changes = 1 + random() % 8; changes > 0; --changes) {
      const auto at = random() % mutated.size();
      switch (random() % 4) {
        case 0:
          mutated[at] = static_cast<char>(random());
          break;
        case 1:
          mutated.insert(at, mutated.substr(at, random() % 40));
          break;
        case 2:
          mutated.erase(at, random() % 20);
          break;
        default:
          mutated[at] = static_cast<char>(mutated[at] ^ (1 << random() % 8));
      }
      if (mutated.empty()) mutated = "\x16";
    }
    Line line;
    std::string heard;
    for (std::size_t at = 0; at < mutated.size();) {
      const auto piece = mutated.substr(at, 1 + random() % mutated.size());
      line.raw(piece);
      line.server_read(heard);
      at += piece.size();
    }
    ::shutdown(line.client_socket.get(), SHUT_WR);
    for (int more = 0; more < 4; ++more) line.server_read(heard);
    ASSERT_FALSE(line.server.is_opening()) << "seed " << kSeed << ", round " << round;
    refused += line.counters.handshake_failures.value();
    ASSERT_EQ(line.counters.handshakes.value(), 0U);
  }
  EXPECT_EQ(refused, 3'000U);
}

TEST(Tls, refuses_what_is_not_sound) {
  const auto refuses = [](const Peer::Options& options) {
    Line line;
    line.dial(options);
    EXPECT_EQ(line.shake_hands(), Outcome::failed);
    EXPECT_EQ(line.counters.handshake_failures.value(), 1U);
    EXPECT_TRUE(line.has_ended);
  };
  {
    SCOPED_TRACE("an old version");
    refuses({.version = TLS1_1_VERSION, .ciphers = "ALL:@SECLEVEL=0"});
  }
  {
    SCOPED_TRACE("encryption without authentication in one");
    refuses({.version = TLS1_2_VERSION, .ciphers = "ECDHE-ECDSA-AES128-SHA"});
  }
  {
    SCOPED_TRACE("another protocol only");
    refuses({.protocols = std::string_view{"\x02h2", 3}});
  }
}

TEST(Tls, does_not_renegotiate) {
  Line line;
  line.dial({.version = TLS1_2_VERSION});
  ASSERT_EQ(line.shake_hands(), Outcome::done);
  ASSERT_EQ(SSL_renegotiate(line.client->ssl()), 1);
  line.client->connect();
  std::string heard;
  const auto got = line.server_read(heard);
  EXPECT_TRUE(got.state == State::again || got.state == State::broken);
  EXPECT_EQ(heard, "");
  std::string ignored;
  line.client->receive(ignored);
  EXPECT_EQ(line.counters.handshakes.value(), 1U);
}

TEST(Tls, speaks_http_1_1_to_whoever_asks_what_is_spoken) {
  Line line;
  line.dial({.protocols = std::string_view{"\x02h2\x08http/1.1", 12}});
  ASSERT_EQ(line.shake_hands(), Outcome::done);
  const unsigned char* chosen = nullptr;
  unsigned int size = 0;
  SSL_get0_alpn_selected(line.client->ssl(), &chosen, &size);
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(chosen), size), "http/1.1");
}

TEST(Tls, a_client_comes_back_with_a_ticket) {
  Line first;
  first.dial();
  ASSERT_EQ(first.shake_hands(), Outcome::done);
  first.client_hears();  // the ticket comes behind the handshake
  const std::unique_ptr<SSL_SESSION, test::Freed<SSL_SESSION_free>> session{
      SSL_get1_session(first.client->ssl())};
  EXPECT_EQ(first.counters.resumed_handshakes.value(), 0U);
  Line second;
  second.dial({.session = session.get()});
  ASSERT_EQ(second.shake_hands(), Outcome::done);
  EXPECT_EQ(second.counters.resumed_handshakes.value(), 1U);
}

class TlsFilesTest : public ::testing::Test {
 protected:
  std::string error() const {
    const auto loaded = TlsContext::load(files_);
    return loaded ? "loaded" : loaded.error().message;
  }
  test::TempFolder folder_;
  TlsFiles files_ = test::write_tls_files(folder_.path());
};

TEST_F(TlsFilesTest, says_which_file_is_wrong_and_why) {
  EXPECT_EQ(error(), "loaded");
  const TlsFiles good = files_;

  files_.certificate = folder_ / "absent.pem";
  EXPECT_THAT(error(), HasSubstr("absent.pem: No such file"));
  files_ = {.certificate = good.certificate, .key = folder_.path()};
  EXPECT_NE(error(), "loaded");
  files_ = {.certificate = good.key, .key = good.key};
  EXPECT_THAT(error(), HasSubstr("key.pem: no certificate in PEM form"));
  files_ = {.certificate = good.certificate, .key = good.certificate};
  EXPECT_THAT(error(), HasSubstr("cert.pem: no private key"));

  const auto stranger = test::make_key();
  files_ = {.certificate = good.certificate, .key = folder_ / "stranger.pem"};
  std::ofstream{files_.key} << test::pem_of(stranger.get());
  EXPECT_THAT(error(), HasSubstr("stranger.pem: no private key"));
  EXPECT_THAT(error(), HasSubstr("mismatch"));

  files_.key = folder_ / "locked.pem";
  std::ofstream{files_.key} << test::pem([&](BIO* out) {
    PEM_write_bio_PrivateKey(out, stranger.get(), EVP_aes_128_cbc(),
                             reinterpret_cast<const unsigned char*>("word"), 4, nullptr, nullptr);
  });
  EXPECT_THAT(error(), HasSubstr("locked.pem: no private key"));
}

long serial_seen_over(const TlsContext& context, const std::filesystem::path& trusted) {
  std::array<int, 2> ends{};
  EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends.data()), 0);
  TlsCounters counters;
  Stream server = context.accept(Descriptor{ends[0]}, counters);
  const Descriptor socket{ends[1]};
  Peer client{socket.get(), {.trusted = trusted}};
  std::array<char, 1'024> ignored{};
  for (int round = 0; round < 10 && client.connect() == Outcome::waits; ++round) server.read(ignored);
  const X509* certificate = SSL_get0_peer_certificate(client.ssl());
  return certificate == nullptr ? -1 : ASN1_INTEGER_get(X509_get0_serialNumber(certificate));
}

TEST_F(TlsFilesTest, a_certificate_renewed_on_disk_is_taken_up_and_a_bad_one_is_not) {
  auto certificate = TlsCertificate::load(files_).value();
  EXPECT_EQ(serial_seen_over(*certificate->current(), files_.certificate), 1);
  EXPECT_GT(certificate->expires(), UnixNanos{});
  EXPECT_EQ(certificate->renew(), TlsCertificate::Renewal::unchanged);

  test::write_tls_files(folder_.path(), 2);
  const auto old = certificate->current();
  EXPECT_EQ(certificate->renew(), TlsCertificate::Renewal::taken);
  EXPECT_EQ(serial_seen_over(*certificate->current(), files_.certificate), 2);
  EXPECT_EQ(certificate->renew(), TlsCertificate::Renewal::unchanged);
  EXPECT_NE(old, certificate->current());

  std::ofstream{files_.certificate} << "half a certifi";
  const auto bad = certificate->renew();
  ASSERT_FALSE(bad);
  EXPECT_THAT(bad.error().message, HasSubstr("cert.pem"));
  EXPECT_EQ(certificate->renew(), TlsCertificate::Renewal::unchanged) << "told once";
  std::filesystem::remove(files_.key);
  EXPECT_FALSE(certificate->renew());
  EXPECT_NE(certificate->current(), nullptr);

  test::write_tls_files(folder_.path(), 3);
  EXPECT_EQ(certificate->renew(), TlsCertificate::Renewal::taken);
  EXPECT_EQ(serial_seen_over(*certificate->current(), files_.certificate), 3);
  EXPECT_EQ(certificate->counters().renewals.value(), 2U);
  EXPECT_EQ(certificate->counters().failures.value(), 2U);
}

}  // namespace
}  // namespace qos::io
