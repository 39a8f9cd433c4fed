// SPDX-License-Identifier: Apache-2.0
#include "learn/train.h"

#include <torch/torch.h>

#include <algorithm>
#include <chrono>
#include <optional>

#include "base/progress.h"
#include "base/text.h"
#include "image/image.h"
#include "learn/event_file.h"
#include "learn/initial_weights.h"
#include "learn/sample_sheet.h"
#include "learn/tensor_file.h"
#include "learn/torch/checkpoint.h"
#include "learn/torch/device.h"
#include "learn/torch/trainer.h"
#include "learn/training_items.h"

namespace maskmill::learn {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

void require_statistics(const TrainSettings& settings, const Graph& graph, std::size_t samples) {
  if (settings.batch_size > 1 && samples > 1) return;
  if (least_batch(graph, least_input(settings)) > 1)
    throw Error(Code::usage, "batches of one sample at this input size leave nothing to normalise over")
        .at_field(settings.batch_size > 1 ? "train-subset" : "batch-size")
        .hint("make the batch, the training subset or the input larger");
}

/// Or an epoch would be spent before nothing can be said of it.
void require_scorable(const TrainSettings& settings, const SampleStore& val) {
  std::string lack;
  if (const DetectorArchitecture* detector = detector_of(settings.model)) {
    if (val.objects() == 0)
      lack = "no object of subset " + in_quotes(settings.val_subset) + " has a box";
    else if (detector->masks && val.objects_with_mask() == 0)
      lack = "no object of subset " + in_quotes(settings.val_subset) + " has a mask";
  } else {
    const std::vector<std::int64_t>& pixels = val.class_pixels().pixels;
    if (std::ranges::all_of(pixels, [](std::int64_t count) { return count == 0; }))
      lack = "no pixel of subset " + in_quotes(settings.val_subset) + " has a label";
  }
  if (!lack.empty())
    throw Error(Code::bad_value, lack + ", so there is no score to choose the weights by")
        .at_field("val-subset")
        .hint("choose another subset, or make one with maskmill split");
}

std::string weights_of_epoch(int epoch) {
  return "epoch_" + std::to_string(epoch) + ".pth";
}

double monitored(Monitor monitor, const SubsetScores& val) {
  if (monitor == Monitor::loss) return val.loss;
  for (const auto& [name, value] : val.scores)
    if ("val_" + name == name_of(monitor)) return value;
  throw Error(Code::bug, "a score that nobody gives: " + std::string(name_of(monitor)));
}

MetricsRow metrics_row(const EpochReport& report) {
  MetricsRow row{{"epoch", report.epoch}, {"train_loss", report.train_loss}};
  for (const auto& [name, value] : report.train_parts) row.emplace_back("train_" + name, value);
  row.emplace_back("val_loss", report.val_loss);
  for (const auto& [name, value] : report.val_scores) row.emplace_back("val_" + name, value);
  row.insert(row.end(), {{"learning_rate", report.learning_rate},
                         {"seconds", report.seconds},
                         {"images_per_second", report.images_per_second},
                         {"waiting_share", report.waiting_share}});
  return row;
}

/// One training into one run folder.
class Training {
 public:
  Training(const TrainSettings& settings, const RunFolder& run, Provenance made_by, Findings& findings,
           std::function<void(const EpochReport&)> report)
      : settings_(resolved(settings)),
        run_(run),
        made_by_(std::move(made_by)),
        findings_(findings),
        report_(std::move(report)) {}

  TrainResult over(Source& data, bool resume);

 private:
  void read_initial_weights();
  void say_what_changed() const;
  void load_data(Source& data);
  void begin_or_resume(bool resume);
  void begin_run(const MetricsRow* first_epoch);
  std::string state() const;
  std::string weights() const;
  std::string config_text() const;
  void train_on();
  void open_events();
  void add_events(const EpochReport& epoch, const std::vector<Sample>& predictions);
  std::size_t pictures_of(int epoch) const;
  void end_epoch(const Trainer::TrainPass& pass, const SubsetScores& val, Clock::time_point start);
  Error lost_loss(const LostLoss& lost) const;

  const TrainSettings settings_;
  const RunFolder& run_;
  Provenance made_by_;
  Findings& findings_;
  std::function<void(const EpochReport&)> report_;

  StateDict initial_;  ///< of init or model.weights, until the network has them
  std::optional<ClassMap> classes_;
  std::optional<ModelCard> card_;
  std::unique_ptr<SampleReader> train_reader_, val_reader_;
  std::optional<SampleStore> train_store_, val_store_;
  std::unique_ptr<Trainer> trainer_;
  TrainingProgress progress_;
  std::unique_ptr<EventFile> events_;
  bool begun_ = false;  ///< the run's files are this training's
  TrainResult result_;
  double images_ = 0, training_seconds_ = 0, waited_seconds_ = 0;
};

void Training::read_initial_weights() {
  if (settings_.init)
    initial_ = read_weights(*settings_.init);
  else if (settings_.model.weights)
    initial_ = find_and_read_weights(*settings_.model.weights);
}

void Training::load_data(Source& data) {
  made_by_.inputs.resize(1);
  TrainingItems items = collect_items(data, settings_, made_by_.inputs.front(), findings_);
  const bool detects = detector_of(settings_.model) != nullptr;
  if (detects)
    classes_.emplace(ClassMap::of_objects(data.metadata().labels));
  else
    classes_.emplace(data.metadata().labels, items.painted());
  card_ = ModelCard{static_cast<const ModelSettings&>(settings_.model), settings_.input, classes_->labels(),
                    is_independent(settings_.loss)};
  require_statistics(settings_, build(settings_.model, 3, classes_->size()), items.train.size());
  train_reader_ = make_sample_reader(settings_, *classes_, /*training=*/true);
  val_reader_ = make_sample_reader(settings_, *classes_, /*training=*/false);
  const std::size_t cache = static_cast<std::size_t>(settings_.loader.cache_mb) << 20;
  train_store_.emplace(settings_.train_subset, std::move(items.train), *train_reader_, cache, findings_);
  val_store_.emplace(settings_.val_subset, std::move(items.val), *val_reader_,
                     cache - train_store_->cached_bytes(), findings_);
  require_scorable(settings_, *val_store_);
  result_.left_out = train_store_->broken() + val_store_->broken();
}

void Training::say_what_changed() const {
  Json before;
  try {
    before = read_json(run_.file("environment.json"));
  } catch (const Error&) {
    return;  // training needs none of it
  }
  const Json now = describe_environment(trainer_->device(), trainer_->precision());
  std::vector<std::string> changes;
  for (const auto& [key, value] : now.items())
    if (before.contains(key) && before[key] != value)
      changes.push_back(key + " " + to_line(before[key]) + " -> " + to_line(value));
  if (!changes.empty())
    notice("the run began with other arithmetic, so its end may differ in the last bits: " +
           joined(changes, ", "));
}

void Training::begin_or_resume(bool resume) {
  trainer_ = std::make_unique<Trainer>(settings_, *train_store_, *val_store_, *card_);
  if (resume) {
    if (!(run_.card() == *card_) || run_.fingerprint() != made_by_.inputs.front().fingerprint)
      throw Error(Code::bad_value, "the data are not those that this run was trained on")
          .at_file(run_.path())
          .hint("to go on with other data, begin a new run with init=" + run_.path().string());
    progress_ = load_checkpoint(run_.file(RunFolder::checkpoint), trainer_->network(), trainer_->optimizer());
    say_what_changed();
    run_.keep_metrics_before(progress_.epoch);
    if (progress_.epoch > settings_.epochs)
      notice("all of the " + counted(static_cast<std::size_t>(settings_.epochs), "epoch") +
             " are done; more are trained with epochs=");
    run_.write("config.json", config_text());
    begun_ = true;
    open_events();
    return;
  }
  progress_.schedule = trainer_->schedule().seen();
  if (initial_.empty()) return;
  const Adopted adopted = adopt(std::exchange(initial_, {}), learn::state_of(trainer_->network()->graph()));
  notice(describe(adopted, settings_.init ? *settings_.init : printable_weights(*settings_.model.weights)));
  load_some(trainer_->network(), adopted.tensors);
}

/// Not before there is something to keep: who is interrupted until then still has the former run. All that
/// the run has by now goes into place at once, or a full disk would cost the former one.
void Training::begin_run(const MetricsRow* first_epoch) {
  RunFolder::Files files = files_of(*card_);
  files.emplace_back("provenance.json", to_json_text(made_by_));
  files.emplace_back("config.json", config_text());
  files.emplace_back("environment.json",
                     to_text(describe_environment(trainer_->device(), trainer_->precision())));
  files.emplace_back("model.pth", weights());
  files.emplace_back(RunFolder::checkpoint, state());
  if (first_epoch) files.emplace_back("metrics.csv", metrics_text(*first_epoch));
  run_.begin(files);
  begun_ = true;
  open_events();
}

void Training::open_events() {
  if (settings_.tensorboard.enabled) events_ = std::make_unique<EventFile>(run_.path(), progress_.epoch);
}

std::size_t Training::pictures_of(int epoch) const {
  const TensorboardSettings& wanted = settings_.tensorboard;
  const bool due = epoch == 1 || epoch == settings_.epochs || epoch % wanted.images_every == 0;
  return wanted.enabled && due ? static_cast<std::size_t>(wanted.images) : 0;
}

void Training::add_events(const EpochReport& epoch, const std::vector<Sample>& predictions) {
  if (!events_) return;
  std::vector<std::pair<std::string, double>> scalars{{"loss/train", epoch.train_loss},
                                                      {"loss/val", epoch.val_loss}};
  for (const auto& [name, value] : epoch.train_parts) scalars.emplace_back(name + "/train", value);
  for (const auto& [name, value] : epoch.val_scores) scalars.emplace_back(name + "/val", value);
  scalars.insert(scalars.end(), {{"learning_rate", epoch.learning_rate},
                                 {"speed/images_per_second", epoch.images_per_second},
                                 {"speed/waiting_share", epoch.waiting_share}});
  events_->add_scalars(epoch.epoch, scalars);
  for (std::size_t i = 0; i < predictions.size(); ++i) {
    const cv::Mat picture = beside_truth(trainer_->val_sample(i), predictions[i], card_->classes);
    events_->add_image(epoch.epoch, val_store_->id(i), picture.cols, picture.rows, encode_png(picture));
  }
}

std::string Training::state() const {
  return encode_checkpoint(trainer_->network(), trainer_->optimizer(), progress_);
}

std::string Training::weights() const {
  return encode_pth(state_dict(trainer_->network()));
}

std::string Training::config_text() const {
  TrainSettings written = settings_;
  return to_text(to_json(settings_of(written)));
}

TrainResult Training::over(Source& data, bool resume) {
  const Clock::time_point start = Clock::now();
  prepare_process(settings_.threads);
  choose_device(settings_.device);  // what may fail comes before the data are read
  if (!resume) read_initial_weights();
  load_data(data);
  begin_or_resume(resume);
  result_.device = device_name(trainer_->device());
  result_.precision = trainer_->precision();
  try {
    train_on();
  } catch (const LostLoss& lost) {
    throw lost_loss(lost);
  } catch (const Error& error) {
    if (error.code() != Code::interrupted || progress_.steps == 0) throw;
    if (begun_)
      run_.write(RunFolder::checkpoint, state());
    else
      begin_run(nullptr);
    throw Error(Code::interrupted, "interrupted; the run holds the best weights so far")
        .at_file(run_.path())
        .hint("--resume goes on with it");
  }
  result_.epochs = progress_.epoch - 1;
  result_.best_epoch = progress_.best_epoch;
  result_.best_score = progress_.best_score;
  result_.images_per_second = training_seconds_ > 0 ? images_ / training_seconds_ : 0;
  result_.waiting_share = training_seconds_ > 0 ? waited_seconds_ / training_seconds_ : 0;
  result_.seconds = seconds_since(start);
  return result_;
}

void Training::train_on() {
  while (progress_.epoch <= settings_.epochs && !progress_.should_stop(settings_.stop)) {
    const Clock::time_point start = Clock::now();
    const Trainer::TrainPass pass = trainer_->train(progress_);
    const SubsetScores val = trainer_->score(pictures_of(progress_.epoch));
    end_epoch(pass, val, start);
  }
  if (settings_.checkpoint.state_every == 0) run_.write(RunFolder::checkpoint, state());
  run_.write("last.pth", weights());
}

void Training::end_epoch(const Trainer::TrainPass& pass, const SubsetScores& val, Clock::time_point start) {
  images_ += static_cast<double>(pass.samples);
  training_seconds_ += pass.seconds;
  waited_seconds_ += pass.waited;

  EpochReport now;
  now.epoch = progress_.epoch;
  now.epochs = settings_.epochs;
  now.train_loss = pass.loss;
  now.val_loss = val.loss;
  now.train_parts = pass.parts;
  now.val_scores = val.scores;
  now.learning_rate = trainer_->schedule().at(std::max<std::int64_t>(0, progress_.steps - 1)).learning_rate;
  now.images_per_second = static_cast<double>(pass.samples) / pass.seconds;
  now.waiting_share = pass.waited / pass.seconds;
  const double score = monitored(settings_.monitor, val);
  now.best = progress_.score_epoch(score, settings_);
  trainer_->schedule().epoch_ended(score, more_is_better(settings_.monitor));
  progress_.schedule = trainer_->schedule().seen();

  now.seconds = seconds_since(start);
  progress_.begin_next_epoch();

  const auto due = [&](int every) { return every > 0 && now.epoch % every == 0; };
  const MetricsRow row = metrics_row(now);
  if (!begun_) {
    begin_run(&row);
  } else {
    if (now.best) run_.write("model.pth", weights());
    run_.append_metrics(row);
  }
  add_events(now, val.first);
  if (due(settings_.checkpoint.every)) run_.write(weights_of_epoch(now.epoch), weights());
  // Last: what it promises is there.
  if (due(settings_.checkpoint.state_every)) run_.write(RunFolder::checkpoint, state());
  if (report_) report_(now);
}

Error Training::lost_loss(const LostLoss& lost) const {
  std::vector<CaptionedSample> samples;
  for (const std::size_t index : lost.samples)
    samples.push_back({train_store_->id(index), trainer_->sample(index, progress_.epoch)});
  const Path picture = run_.file("lost_batch.png");
  write_sample_sheet(picture, "the batch whose loss was no number",
                     "epoch " + std::to_string(progress_.epoch) + ", step " + std::to_string(progress_.steps),
                     std::move(samples), card_->classes);
  return Error(Code::bad_value, "the loss is no longer a number in epoch " + std::to_string(progress_.epoch))
      .at_file(picture)
      .hint(
          "look at that batch; a smaller optimizer.learning-rate, gradients.clip-norm=1 or precision=float32 "
          "usually helps");
}

}  // namespace

TrainResult train(const TrainSettings& settings, Source& data, const RunFolder& run,
                  const Provenance& made_by, Findings& findings,
                  const std::function<void(const EpochReport&)>& report, bool resume) {
  try {
    validate(settings);
    return guarded([&] { return Training(settings, run, made_by, findings, report).over(data, resume); });
  } catch (...) {
    run.remove_if_unused();
    throw;
  }
}

}  // namespace maskmill::learn
