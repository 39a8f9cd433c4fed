// SPDX-License-Identifier: Apache-2.0
// FUZZ_TARGET FILE|FOLDER...: runs the target on each file, without a fuzzer.
#include <boost/filesystem.hpp>
#include <cstdint>
#include <cstdio>
#include <vector>

#include "base/path.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

int main(int argc, char** argv) {
  using namespace maskmill;
  std::vector<Path> files;
  for (int i = 1; i < argc; ++i)
    if (fs::is_directory(argv[i]))
      for (const Path& file : list_files(argv[i])) files.push_back(file);
    else
      files.emplace_back(argv[i]);
  for (const Path& file : files) {
    std::fprintf(stderr, "%s\n", file.c_str());  // the last one printed is the one that failed
    const std::string bytes = read_file(file);
    LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  }
  std::fprintf(stderr, "%zu replayed\n", files.size());
  return files.empty() ? 1 : 0;
}
