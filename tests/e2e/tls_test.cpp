// HTTPS of the binary as an operator sets it up, with the client that everybody has.
#include <gtest/gtest.h>
#include <signal.h>

#include <fstream>
#include <regex>

#include "e2e/json.hpp"
#include "e2e/program.hpp"
#include "e2e/test_server.hpp"
#include "support/tls_peer.hpp"

namespace qos::e2e {
namespace {

std::vector<std::string> serve(const std::filesystem::path& data, const io::TlsFiles& files) {
  return {QOS_BINARY, "serve",
          "--listen", "127.0.0.1:0",
          "--feed",   "simulated:past=off",
          "--data",   data.string(),
          "--set",    "admin.listen=''",
          "--set",    "tls.listen=['127.0.0.1:0']",
          "--set",    "tls.certificate='" + files.certificate.string() + "'",
          "--set",    "tls.key='" + files.key.string() + "'"};
}

std::string part(const std::string& text, const char* pattern) {
  std::smatch match;
  return std::regex_search(text, match, std::regex{pattern}) ? match[1].str() : std::string{};
}

TEST(TlsProgram, is_trusted_by_curl_and_takes_up_a_renewed_certificate) {
  const test::TempFolder data;
  const test::TempFolder folder;
  const auto files = test::write_tls_files(folder.path());
  Program server{serve(data.path(), files)};
  const auto welcome = server.wait_for("curl -s");
  const auto url = part(welcome, "HTTPS +(https://127.0.0.1:[0-9]+)\n");
  const auto key = part(welcome, "wss://127.0.0.1:[0-9]+/ws\\?key=([0-9a-f]{32})\n");
  ASSERT_FALSE(url.empty()) << welcome;
  const auto ask = [&](const std::filesystem::path& trusted) {
    return run_program({"curl", "-sS", "--cacert", trusted.string(), "-H", "key: " + key, "-d",
                        R"({"codes":["HK:700"]})", url + "/snapshot"});
  };
  const auto first = ask(files.certificate);
  EXPECT_EQ(first.exit_code, 0) << first.err;
  EXPECT_EQ(at(first.out, "/msg"), R"("OK")") << first.out;

  const auto plain = run_program({"curl", "-sS", "http" + url.substr(5) + "/snapshot"});
  EXPECT_EQ(plain.exit_code, 52) << "an empty answer, not a reset: " << plain.err;

  const auto old = folder / "old.pem";
  std::filesystem::copy_file(files.certificate, old);
  test::write_tls_files(folder.path(), 2);
  TestServer::wait_until([&] { return ask(files.certificate).exit_code == 0; });
  EXPECT_NE(ask(old).exit_code, 0);
  EXPECT_EQ(server.stop(SIGTERM).exit_code, 0);
}

TEST(TlsProgram, does_not_start_with_a_certificate_that_it_cannot_use) {
  const test::TempFolder data;
  const test::TempFolder folder;
  auto files = test::write_tls_files(folder.path());
  std::ofstream{files.key} << "no key";
  const auto refused = run_program(serve(data.path(), files));
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_NE(refused.err.find("key.pem"), std::string::npos) << refused.err;
  files.key.clear();
  const auto unsaid = run_program(serve(data.path(), files));
  EXPECT_EQ(unsaid.exit_code, 2);
  EXPECT_NE(unsaid.err.find("tls.key is empty"), std::string::npos) << unsaid.err;
}

}  // namespace
}  // namespace qos::e2e
