// Runs a libFuzzer entry point where libFuzzer itself is absent (g++): every corpus file as it is, then
// seeded mutations of them. Prints the seed, so that a failure can be repeated: fuzz_x CORPUS [ROUNDS]
// [SEED].
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

using Bytes = std::vector<std::uint8_t>;

std::vector<Bytes> load_corpus(const std::filesystem::path& folder) {
  std::vector<Bytes> corpus{{}};
  if (!std::filesystem::is_directory(folder)) return corpus;
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  for (const auto& file : files) {
    std::ifstream in(file, std::ios::binary);
    corpus.emplace_back(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
  }
  return corpus;
}

void mutate(Bytes& bytes, std::mt19937_64& random) {
  const auto steps = 1 + random() % 4;
  for (std::uint64_t step = 0; step < steps; ++step) {
    const auto at = bytes.empty() ? 0 : random() % bytes.size();
    switch (random() % 5) {
      case 0:
        bytes.insert(bytes.begin() + static_cast<std::ptrdiff_t>(at), static_cast<std::uint8_t>(random()));
        break;
      case 1:
        if (!bytes.empty()) bytes.erase(bytes.begin() + static_cast<std::ptrdiff_t>(at));
        break;
      case 2:
        if (!bytes.empty()) bytes[at] = static_cast<std::uint8_t>(random());
        break;
      case 3:
        if (!bytes.empty()) bytes[at] ^= static_cast<std::uint8_t>(1U << (random() % 8));
        break;
      default:
        bytes.resize(at);
        break;
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  const auto corpus = load_corpus(argc > 1 ? argv[1] : "");
  const long rounds = argc > 2 ? std::atol(argv[2]) : 20'000;
  const unsigned long seed = argc > 3 ? std::strtoul(argv[3], nullptr, 10) : 1;
  std::printf("%zu corpus inputs, %ld mutations, seed %lu\n", corpus.size(), rounds, seed);
  for (const auto& input : corpus) LLVMFuzzerTestOneInput(input.data(), input.size());
  std::mt19937_64 random{seed};
  for (long round = 0; round < rounds; ++round) {
    Bytes input = corpus[random() % corpus.size()];
    mutate(input, random);
    LLVMFuzzerTestOneInput(input.data(), input.size());
  }
  return 0;
}
