// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/error.h"
#include "base/text.h"
#include "formats/camvid/camvid_halves.h"
#include "formats/mask_files/mask_sink.h"

namespace maskmill {
namespace {

bool fits_a_line(std::string_view name) {
  return name.find_first_of("\r\n") == std::string_view::npos && trimmed(name) == name;
}

/// Pixels without a label get the number after the last label's, so that codes.txt can name it.
MaskWriteSettings for_masks(const CamvidWriteSettings& settings, const LabelMap& labels) {
  MaskWriteSettings masks;
  if (settings.coding == CamvidCoding::colour) masks.coding = PixelCoding::colour;
  const bool has_void =
      std::ranges::any_of(labels, [](const Label& label) { return label.role == Role::ignore; });
  if (!has_void) masks.void_value = labels.size();
  return masks;
}

class CamvidSink : public MaskSink {
 public:
  CamvidSink(const CreateRequest& request, const CamvidWriteSettings& settings)
      : MaskSink(request, for_masks(settings, request.metadata.labels),
                 {.values = numbered(request.metadata.labels), .kind = MaskFileKind::gray_png}),
        is_colour_(settings.coding == CamvidCoding::colour) {
    for (const Label& label : metadata().labels)
      if (!fits_a_line(label.name))
        throw Error(
            Code::unsupported,
            fmt::format("codes.txt, of a name a line, cannot hold the label name {}", in_quotes(label.name)))
            .hint("rename the label");
    for (const std::string& subset : metadata().subsets) {
      if (std::ranges::find(kNoLists, subset) != kNoLists.end())
        throw Error(Code::bad_value, fmt::format("the list of the subset {0} would be {0}.txt, which means "
                                                 "something else here",
                                                 subset))
            .hint("rename the subset");
      lists_[list_of(subset)];
    }
  }

  std::function<void()> encode(Item item) override {
    if (!item.subset.empty() && !fits_a_line(item.id))
      throw Error(Code::bad_value, "a list has no place for a name with a line break or blanks at its ends")
          .hint("rename the image");
    return MaskSink::encode(std::move(item));
  }

 private:
  std::string image_folder(const std::string& /*subset*/) const override {
    return std::string(is_colour_ ? kCambridgeImages : kFastaiImages);
  }
  std::string mask_folder(const std::string& /*subset*/) const override {
    return std::string(is_colour_ ? kCambridgeMasks : kFastaiMasks);
  }

  Encoded encoded(const Item& item) const override {
    Encoded masks = MaskSink::encoded(item);
    for (MaskFile& file : masks.files)
      file.name = fmt::format("{}{}.png", without_extension(file.name), is_colour_ ? "_L" : "_P");
    return masks;
  }

  /// fast.ai knows valid.txt alone.
  std::string list_of(const std::string& subset) const {
    const auto& all = metadata().subsets;
    const bool is_free = std::ranges::find(all, kValid) == all.end();
    return subset == "val" && is_free ? std::string(kValid) : subset;
  }

  void written(const Written& item) override {
    if (item.subset.empty())
      any_unlisted_ = true;
    else
      lists_[list_of(item.subset)] += item.image.substr(image_folder({}).size() + 1) + "\n";
  }

  void finish(const LabelFile& labels) override {
    std::string names, colours;
    const LabelMap map(labels.labels);
    for (std::size_t i = 0; i < labels.labels.size(); ++i) {
      const Rgb colour = map.colour(static_cast<int>(i));
      if (labels.values[i] == static_cast<int>(i)) names += labels.labels[i].name + "\n";
      colours += fmt::format("{} {} {}\t{}\n", colour.r, colour.g, colour.b, labels.labels[i].name);
    }
    attach("codes.txt", names);
    attach("label_colors.txt", colours);
    // With valid.txt alone, the others would be read as those of training.
    if (any_unlisted_ && lists_.size() == 1 && lists_.contains(std::string(kValid))) lists_["train"];
    for (const auto& [name, lines] : lists_) attach(name + ".txt", lines);
  }

  const bool is_colour_;
  bool any_unlisted_ = false;
  std::map<std::string, std::string> lists_;  ///< by name
};

}  // namespace

std::unique_ptr<Sink> create_camvid(const CreateRequest& request) {
  return std::make_unique<CamvidSink>(request, parsed_settings<CamvidWriteSettings>(request.settings));
}

}  // namespace maskmill
