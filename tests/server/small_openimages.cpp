// SPDX-License-Identifier: Apache-2.0
// small_openimages FOLDER [options]: writes a small Open Images as its hosts serve it, for
// test_server to stand in for them.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <exception>
#include <string>

#include "support/small_openimages.h"

using namespace maskmill::tests;

int main(int argc, char** argv) {
  CLI::App app("Writes a small Open Images as its hosts serve it.");
  std::string folder;
  SmallOpenImagesOptions options;
  app.add_option("FOLDER", folder)->required();
  app.add_option("--seed", options.seed);
  app.add_option("--train", options.train, "images");
  app.add_option("--validation", options.validation, "images");
  app.add_option("--test", options.test, "images");
  app.add_option("--longest-side", options.longest_side, "of an image, in pixels")
      ->check(CLI::Range(8, 4096));
  app.add_flag("!--no-traps", options.traps, "nothing is absent or in quotes");
  CLI11_PARSE(app, argc, argv);
  try {
    const auto images = write_small_openimages(folder, options);
    std::size_t objects = 0, masks = 0;
    for (const OpenImagesImage& image : images)
      for (const OpenImagesObject& object : image.objects)
        ++objects, masks += object.mask_path.empty() ? 0 : 1;
    fmt::print("{} images, {} boxes, {} masks\n", images.size(), objects, masks);
    return 0;
  } catch (const std::exception& error) {
    fmt::print(stderr, "small_openimages: {}\n", error.what());
    return 3;
  }
}
