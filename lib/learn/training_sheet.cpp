// SPDX-License-Identifier: Apache-2.0
#include "learn/training_sheet.h"

#include <algorithm>
#include <opencv2/core.hpp>
#include <optional>
#include <span>

#include "base/error.h"
#include "base/parallel.h"
#include "base/progress.h"
#include "base/random.h"
#include "base/text.h"
#include "learn/sample_reader.h"
#include "learn/sample_sheet.h"
#include "learn/training_items.h"
#include "render/overlay.h"

namespace maskmill::learn {
namespace {

struct Drawn {
  std::function<void()> add;  // empty: not shown
  std::vector<Finding> findings;
};

class Drawer {
 public:
  Drawer(const TrainSettings& settings, const SampleReader& reader, int epochs, const OverlaySettings& overlay)
      : settings_(settings), reader_(reader), epochs_(epochs), overlay_(overlay) {}

  Drawn draw(const Item& item, std::size_t index, Sheet& sheet) const {
    Drawn drawn;
    try {
      const Sample read = reader_.read(item, drawn.findings);
      std::vector<cv::Mat> pictures;
      for (int epoch = 1; epoch <= epochs_; ++epoch) {
        Sample sample = read;
        augment(sample, settings_.augment, static_cast<std::uint64_t>(settings_.seed), epoch, index,
                reader_.network_bounds());
        pictures.push_back(sample.mask.empty()
                               ? drawn_sample(sample, reader_.classes().labels())
                               : overlay_mask(sample.image, sample.mask, reader_.classes().labels(), overlay_));
      }
      drawn.add = sheet.encode({item.id, "", std::move(pictures), {}});
    } catch (const Error& error) {
      if (error.code() == Code::bug || error.code() == Code::write_failed ||
          error.code() == Code::interrupted)
        throw;
      drawn.findings.push_back(to_finding(error, "unreadable-sample"));
    }
    return drawn;
  }

 private:
  const TrainSettings& settings_;
  const SampleReader& reader_;
  int epochs_;
  OverlaySettings overlay_;
};

// Some of the indices, in order.
std::vector<std::size_t> some_of(std::size_t count, const DataSheetSettings& settings) {
  std::vector<std::size_t> indices(count);
  std::iota(indices.begin(), indices.end(), std::size_t{0});
  const auto most = static_cast<std::size_t>(settings.max_items);
  if (most == 0 || count <= most) return indices;
  Random random({static_cast<std::uint64_t>(settings.seed), 3});
  random.shuffle(std::span(indices));
  indices.resize(most);
  std::ranges::sort(indices);
  return indices;
}

}  // namespace

std::size_t write_training_sheet(Source& source, const Path& target, Overwrite overwrite,
                                 const std::string& title, const TrainSettings& settings, int epochs,
                                 const DataSheetSettings& sheet_settings, Findings& findings) {
  validate(settings);
  Provenance::Input unused;
  TrainingItems items = collect_items(source, settings, unused, findings);
  const ClassMap classes = detector_of(settings.model) ? ClassMap::of_objects(source.metadata().labels)
                                                       : ClassMap(source.metadata().labels, items.painted());
  const auto reader = make_sample_reader(settings, classes, /*training=*/true);
  std::erase_if(items.train, [](const Item& item) { return !item.annotated; });
  const std::vector<std::size_t> shown = some_of(items.train.size(), sheet_settings);
  if (shown.empty())
    throw Error(Code::bad_value, "subset " + in_quotes(settings.train_subset) + " holds no annotated item");
  const std::string subtitle = with_thousands(shown.size()) + " of " + counted(items.train.size(), "item") +
                               " of " + settings.train_subset + ", as training sees them in its first " +
                               counted(static_cast<std::size_t>(epochs), "epoch");
  const auto sheet = make_sheet(target, overwrite, {title, subtitle}, classes.labels(), sheet_settings.sheet);
  const Drawer drawer(settings, *reader, epochs, sheet_settings.overlay);
  Progress progress("drawing", shown.size());
  std::size_t added = 0, next = 0;
  ordered_pipeline(
      [&]() -> std::optional<std::size_t> {
        return next == shown.size() ? std::nullopt : std::optional(shown[next++]);
      },
      [&](std::size_t&& index) { return drawer.draw(items.train[index], index, *sheet); },
      [&](Drawn&& drawn) {
        progress.advance();
        findings.add(std::move(drawn.findings));
        if (!drawn.add) return;
        drawn.add();
        ++added;
      });
  if (added == 0) throw nothing_left("nothing could be drawn", findings);
  sheet->close();
  return added;
}

}  // namespace maskmill::learn
