// SPDX-License-Identifier: Apache-2.0
// bare_codec JOBS masks|pixels FOLDER... decodes every mask or picture below the folders, bare_codec JOBS
// encode OUT FOLDER... encodes every mask again into the new folder OUT; nothing else is done. Prints the
// seconds: the floor that convert and check are held against.
#include <chrono>
#include <cstdio>
#include <functional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/output.h"
#include "base/parallel.h"
#include "base/text.h"
#include "image/image.h"

using namespace maskmill;

namespace {

double seconds_of(const std::function<void()>& action) {
  const auto start = std::chrono::steady_clock::now();
  action();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

double decoding(const std::vector<Path>& files, bool masks) {
  return seconds_of([&] {
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
  });
}

double encoding(const std::vector<Path>& files, const Path& out) {
  std::vector<RawImage> masks(files.size());
  parallel_for(files.size(), [&](std::size_t i) { masks[i] = read_raw(files[i]); });
  OutputFolder folder(out);
  const double seconds = seconds_of([&] {
    parallel_for(files.size(), [&](std::size_t i) {
      folder.write(std::to_string(i) + ".png", encode_index_png(masks[i].pixels, masks[i].palette));
    });
  });
  folder.commit();
  return seconds;
}

}  // namespace

int main(int argc, char** argv) try {
  const std::string mode = argc < 4 ? "" : argv[2];
  const bool encodes = mode == "encode" && argc > 4;
  if (mode != "masks" && mode != "pixels" && !encodes) {
    std::fputs("Usage: bare_codec JOBS masks|pixels FOLDER... or bare_codec JOBS encode OUT FOLDER...\n", stderr);
    return 2;
  }
  const Jobs jobs(static_cast<int>(to_integer(argv[1]).value_or(0)));
  std::vector<Path> files;
  for (int i = encodes ? 4 : 3; i < argc; ++i)
    for (const Path& path : list_files(argv[i]))
      if (has_image_extension(path)) files.push_back(path);
  if (files.empty()) {
    std::fputs("bare_codec: no picture lies there\n", stderr);
    return 3;
  }
  std::printf("%.4f %zu\n", encodes ? encoding(files, argv[3]) : decoding(files, mode == "masks"), files.size());
  return 0;
} catch (const Error& error) {
  std::fprintf(stderr, "bare_codec: %s\n", error.what());
  return exit_code(error.code());
}
