// SPDX-License-Identifier: Apache-2.0
// count_items FOLDER: counts items and decodes their images; a program of somebody else's, on the installed libraries.
#include <cstdio>
#include <string>

#include "base/error.h"
#include "base/parallel.h"
#include "formats/registry.h"

int main(int argc, char** argv) try {
  if (argc != 2) return 2;
  const maskmill::Jobs jobs(0);
  const maskmill::formats::Opened opened = maskmill::formats::open(argv[1]);
  maskmill::Findings findings;
  int items = 0;
  maskmill::for_each_item(*opened.source, findings, [&](maskmill::Item&& item) {
    maskmill::read_image(item.image);
    ++items;
  });
  std::printf("%s: %d items\n", std::string(opened.format->name).c_str(), items);
  return 0;
} catch (const maskmill::Error& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 3;
}
