// SPDX-License-Identifier: Apache-2.0
// bare_decode JOBS pixels|masks FOLDER...: decodes every picture below the folders and nothing else, and
// prints the seconds: the floor that convert and check are held against.
#include <chrono>
#include <cstdio>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/parallel.h"
#include "base/text.h"
#include "image/image.h"

using namespace maskmill;

int main(int argc, char** argv) try {
  if (argc < 4) {
    std::fputs("Usage: bare_decode JOBS pixels|masks FOLDER...\n", stderr);
    return 2;
  }
  const Jobs jobs(static_cast<int>(to_integer(argv[1]).value_or(0)));
  const bool masks = std::string(argv[2]) == "masks";
  std::vector<Path> files;
  for (int i = 3; i < argc; ++i)
    for (const Path& path : list_files(argv[i]))
      if (has_image_extension(path)) files.push_back(path);
  const auto start = std::chrono::steady_clock::now();
  parallel_for(files.size(), [&](std::size_t i) {
    try {
      if (masks)
        read_raw(files[i]);
      else
        read_image(files[i]);
    } catch (const Error&) {
      // A picture that no decoder reads costs what it costs; it is check's to say so.
    }
  });
  std::printf("%.4f %zu\n", std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count(),
              files.size());
  return 0;
} catch (const Error& error) {
  std::fprintf(stderr, "bare_decode: %s\n", error.what());
  return exit_code(error.code());
}
