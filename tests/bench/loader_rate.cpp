// SPDX-License-Identifier: Apache-2.0
// loader_rate DATA FORMAT WIDTH HEIGHT JOBS: how many samples a second the trainer's loader decodes, brings
// to the network's size and augments, with nothing kept in memory and nobody who computes with them.
#include <chrono>
#include <cstdio>
#include <numeric>
#include <string>

#include "base/parallel.h"
#include "formats/registry.h"
#include "learn/torch/device.h"
#include "learn/torch/loader.h"
#include "learn/training_items.h"

using namespace maskmill;
using namespace maskmill::learn;

int main(int, char** argv) {
  TrainSettings settings;
  settings.input.width = std::stoi(argv[3]), settings.input.height = std::stoi(argv[4]);
  settings.augment.rotation = 10;
  settings.augment.scale_low = 0.8, settings.augment.scale_high = 1.6;
  settings.augment.brightness = 0.1, settings.augment.contrast = 0.2;
  settings.val_subset = settings.train_subset;
  const Jobs jobs(std::stoi(argv[5]));
  prepare_process(std::stoi(argv[5]));
  const formats::Opened opened = formats::open(argv[1], argv[2], {});
  Findings findings;
  Provenance::Input input;
  TrainingItems items = collect_items(*opened.source, settings, input, findings);
  const ClassMap classes(opened.source->metadata().labels, items.painted());
  const MaskSampleReader reader(classes, {settings.input.width, settings.input.height});
  const SampleStore store(settings.train_subset, std::move(items.train), reader, 0, findings);
  LoaderOptions options;
  options.augment = settings.augment;
  Loader loader(store, options);
  std::vector<std::size_t> order(store.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  constexpr int kEpochs = 3;
  const auto start = std::chrono::steady_clock::now();
  for (int epoch = 1; epoch <= kEpochs; ++epoch) {
    loader.start(in_batches(order, 8), epoch);
    while (loader.next()) continue;
  }
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  std::printf("%.2f\n", static_cast<double>(kEpochs * store.size()) / seconds.count());
}
