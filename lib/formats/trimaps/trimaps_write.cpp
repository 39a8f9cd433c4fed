// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/error.h"
#include "base/text.h"
#include "dataset/masks.h"
#include "formats/item_files.h"
#include "formats/media.h"
#include "formats/trimaps/lists.h"
#include "formats/trimaps/trimaps_halves.h"

namespace maskmill {
namespace {

constexpr std::string_view kListHead =
    "#Image CLASS-ID SPECIES BREED-ID\n"
    "#SPECIES: 1 cat, 2 dog; 0 stands for what is not known\n";

/// The value a trimap has for each label of the map, by its name; -1 for one that means void besides, which
/// other formats state whether it occurs or not. Throws Error unless there are exactly the three.
std::vector<int> values_of(const LabelMap& labels) {
  const LabelMap wanted = trimap_labels(Role::object);
  std::vector<int> values;
  int found = 0;
  for (const Label& label : labels) {
    const auto index = wanted.find(label.name);
    if (!index && label.role != Role::ignore) break;
    // An id of another format, such as VOC's 0 for the background, is no other label.
    values.push_back(index ? static_cast<int>(*wanted[*index].id) : -1);
    found += index.has_value();
  }
  if (static_cast<int>(values.size()) == labels.size() && found == wanted.size()) return values;
  std::vector<std::string> names;
  for (const Label& label : labels)
    names.push_back(label.id ? fmt::format("{} {}", *label.id, in_quotes(label.name))
                             : in_quotes(label.name));
  throw Error(
      Code::unsupported,
      fmt::format(
          "trimaps hold exactly the labels 1 \"pet\", 2 \"background\" and 3 \"border\"; there are {}",
          names.empty() ? "none" : joined(names, ", ")))
      .hint("write another format, such as pairs");
}

struct NoSettings {
  static void visit(auto&, auto&&) {}
};

void require_list_name(const std::string& subset) {
  require_file_name(subset);
  if (subset == "list") throw Error(Code::bad_value, "a subset named \"list\" would overwrite list.txt");
}

class TrimapsSink : public Sink {
 public:
  explicit TrimapsSink(const CreateRequest& request)
      : media_(request.media),
        labels_(request.metadata.labels),
        values_(values_of(labels_)),
        folder_(request.target, request.overwrite) {
    for (const std::string& subset : request.metadata.subsets) lists_[subset];
    for (int i = 0; i < labels_.size(); ++i)
      if (labels_[i].id && labels_[i].id != values_[static_cast<std::size_t>(i)])
        findings_.add({"ids-lost",
                       Severity::note,
                       {{}, {}, labels_[i].name},
                       fmt::format("the id {} is lost: a trimap's numbers are pet 1, background 2, border 3",
                                   *labels_[i].id),
                       {}});
  }

  std::function<void()> encode(Item item) override {
    try {
      require_file_names(item);
      require_list_name(item.subset);
      const TrimapEntry entry = entry_of(item.id, item.attributes);
      std::string line = to_list_line(entry) + "\n";
      std::string mask;
      if (item.annotated)
        mask = encode_index_png(to_stored_values(semantic_of(item, labels_).labels, values_, std::nullopt));
      const Path named = item.file_name.empty() ? item.image : Path(item.file_name);
      item.file_name = item.id + named.extension().string();
      place_image(item, media_, folder_.staging(), "images");
      if (item.annotated) folder_.write("annotations/trimaps/" + item.id + ".png", mask);
      return [this, line = std::move(line), subset = item.subset, lost = lost_attributes(item, entry),
              origin = item.origin] {
        list_ += line;
        if (!subset.empty()) lists_[subset] += line;
        if (!lost.empty())
          findings_.add(
              {"attribute-lost", Severity::note, origin, "a list line has no place for " + lost, {}});
      };
    } catch (Error& error) {
      if (!item.origin.file.empty()) error.at_file(item.origin.file);
      throw;
    }
  }

  void attach(const std::string& name, std::string_view bytes) override { folder_.write(name, bytes); }

  void close(const Provenance& provenance) override {
    folder_.write("annotations/list.txt", std::string(kListHead) + list_);
    for (const auto& [subset, lines] : lists_) folder_.write("annotations/" + subset + ".txt", lines);
    folder_.write("provenance.json", to_json_text(provenance));
    folder_.commit();
  }

  const Findings& findings() const override { return findings_; }

 private:
  /// The names of attributes that reading the line again will not give back.
  static std::string lost_attributes(const Item& item, const TrimapEntry& entry) {
    const Attributes kept = attributes_of(entry);
    std::vector<std::string> lost;
    for (const auto& attribute : item.attributes)
      if (std::ranges::find(kept, attribute) == kept.end()) lost.push_back(attribute.first);
    return joined(lost, ", ");
  }

  const Media media_;
  const LabelMap labels_;
  const std::vector<int> values_;
  OutputFolder folder_;
  std::string list_;
  std::map<std::string, std::string> lists_;  ///< by subset
  Findings findings_;
};

}  // namespace

std::unique_ptr<Sink> create_trimaps(const CreateRequest& request) {
  if (request.media == Media::reference)
    throw Error(Code::usage, "trimaps have no place for the path of an image that lies elsewhere")
        .hint("use --media copy or --media link");
  parsed_settings<NoSettings>(request.settings);
  for (const std::string& subset : request.metadata.subsets) require_list_name(subset);
  return std::make_unique<TrimapsSink>(request);
}

}  // namespace maskmill
