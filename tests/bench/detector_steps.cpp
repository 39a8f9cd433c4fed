// SPDX-License-Identifier: Apache-2.0
// detector_steps DATA FORMAT THREADS SETTING...: the trainer's steps of a detector one at a time, for
// tests/bench/detectors.py. Told "step FILE" it takes the training's next step, told "detect FILE" it finds
// objects on the next pictures of the validation subset, one at a time; the batch is written to FILE first.
// Told "weights FILE" it writes the network's. Answers each with a line of JSON.
#include <chrono>
#include <fstream>
#include <iostream>
#include <optional>
#include <string>

#include "base/json.h"
#include "base/parallel.h"
#include "base/random.h"
#include "formats/registry.h"
#include "learn/sampler.h"
#include "learn/tensor_file.h"
#include "learn/torch/detection/detector.h"
#include "learn/torch/detection/objects.h"
#include "learn/torch/device.h"
#include "learn/torch/loader.h"
#include "learn/torch/optimizer.h"
#include "learn/torch/task.h"
#include "learn/training_items.h"

using namespace maskmill;
using namespace maskmill::learn;

namespace {

void write(const std::string& file, const std::string& bytes) {
  std::ofstream(file, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

void write_batch(const std::string& file, const Batch& batch) {
  StateDict tensors{to_named_tensor("images", batch.images)};
  std::vector<std::int64_t> sizes;
  for (const Size& size : batch.sizes) sizes.insert(sizes.end(), {size.height, size.width});
  tensors.push_back(to_named_tensor("sizes", torch::tensor(sizes).view({-1, 2})));
  for (std::size_t i = 0; i < batch.objects.size(); ++i) {
    const std::string image = std::to_string(i);
    tensors.push_back(to_named_tensor(image + ".boxes", batch.objects[i].boxes));
    tensors.push_back(to_named_tensor(image + ".labels", batch.objects[i].labels));
    tensors.push_back(to_named_tensor(image + ".masks", batch.objects[i].masks));
  }
  write(file, encode_pth(tensors));
}

template <class Work>
double seconds_of(Work&& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

int main(int argc, char** argv) {
  const int threads = std::stoi(argv[3]);
  const TrainSettings settings = resolved(settings_from({}, {argv + 4, argv + argc}));
  const Jobs jobs(threads);
  prepare_process(threads);
  const formats::Opened opened = formats::open(argv[1], argv[2], {});
  Findings findings;
  Provenance::Input input;
  TrainingItems items = collect_items(*opened.source, settings, input, findings);
  const ClassMap classes = ClassMap::of_objects(opened.source->metadata().labels);
  const ModelCard card{settings.model, settings.input, classes.labels(), false};
  const auto train_reader = make_sample_reader(settings, classes, /*training=*/true);
  const auto val_reader = make_sample_reader(settings, classes, /*training=*/false);
  const SampleStore train(settings.train_subset, std::move(items.train), *train_reader, std::size_t{1} << 30,
                          findings);
  const SampleStore val(settings.val_subset, std::move(items.val), *val_reader, std::size_t{1} << 30,
                        findings);

  const torch::Device device = choose_device(settings.device);
  const Precision precision = choose_precision(settings.precision, device);
  const std::unique_ptr<Task> task = make_task(settings, card, train.class_pixels(), device, precision);
  const std::unique_ptr<Optimizer> optimizer =
      make_optimizer(parameters_of(*task->network()), settings.optimizer);
  std::optional<Detector> predicting;  // as prediction has the network that was trained so far
  const auto steps =
      static_cast<std::int64_t>(in_batches(Sampler(train.size(), 0).in_order(), settings.batch_size).size());
  const Schedule schedule(settings.schedule, settings.optimizer, steps, settings.epochs);
  const Sampler sampler(train.size(), static_cast<std::uint64_t>(settings.seed));
  LoaderOptions options;
  options.kind = task->batches();
  options.augment = settings.augment;
  options.seed = static_cast<std::uint64_t>(settings.seed);
  Loader train_loader(train, options);
  options.augment.enabled = false;
  Loader val_loader(val, options);

  std::vector<int> shapes(train.size());
  for (std::size_t i = 0; i < shapes.size(); ++i)
    shapes[i] = train.network_size(i).width < train.network_size(i).height ? 1 : 0;
  int epoch = 0;
  std::int64_t step = 0;
  std::string what, file;
  while (std::cin >> what >> file) {
    Json said;
    if (what == "weights") {
      write(file, encode_pth(state_dict(task->network())));
    } else if (what == "step") {
      std::optional<Batch> batch = train_loader.next();
      if (!batch) {
        ++epoch;
        train_loader.start(in_batches_of_shape(sampler.order(epoch), shapes, settings.batch_size), epoch);
        batch = train_loader.next();
      }
      write_batch(file, *batch);
      predicting.reset();
      task->network()->train();
      const std::uint64_t seed = Random{stable_hash("dropout"), static_cast<std::uint64_t>(settings.seed),
                                        static_cast<std::uint64_t>(step)}
                                     .next();
      const Pace pace = schedule.at(step++);
      said["seconds"] = seconds_of([&] {
        torch::manual_seed(seed);
        optimizer->zero_grad();
        const Task::Losses losses = task->losses(*batch);
        losses.total.backward();
        clip_gradients(optimizer->parameters(), settings.gradients);
        optimizer->step(pace);
        said["loss"] = losses.total.item<double>();
        for (const auto& [name, part] : losses.parts) said[name] = part.item<double>();
      });
      said["epoch"] = epoch;
      said["samples"] = batch->size();
      said["seed"] = static_cast<std::int64_t>(seed);
      said["learning_rate"] = pace.learning_rate;
    } else {
      std::optional<Batch> batch = val_loader.next();
      if (!batch) {
        val_loader.start(in_batches(Sampler(val.size(), 0).in_order(), settings.batch_size), 1);
        batch = val_loader.next();
      }
      write_batch(file, *batch);
      if (!predicting) {
        Network network(build(card.model, 3, card.classes.size()));
        load_state_dict(network, state_dict(task->network()));
        network->place(device);
        network->eval();
        network->prepare_for_inference(precision);
        predicting.emplace(network, card.model.detector, detector_of(card.model)->masks);
      }
      std::size_t found = 0;
      said["seconds"] = seconds_of([&] {
        const PictureBatch pictures = picture_batch(batch->images, batch->sizes, settings.input);
        const std::vector<Detections> detections = predicting->detect(pictures, precision);
        for (std::size_t i = 0; i < detections.size(); ++i)
          found += annotations_of(detections[i], batch->sizes[i], batch->sizes[i], 0).size();
      });
      said["objects"] = found;
    }
    std::cout << said.dump() << std::endl;
  }
}
