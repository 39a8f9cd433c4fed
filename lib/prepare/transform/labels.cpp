// SPDX-License-Identifier: Apache-2.0
#include "prepare/transform/labels.h"

#include <fmt/format.h>
#include <fnmatch.h>

#include <algorithm>
#include <limits>
#include <opencv2/core.hpp>
#include <set>

#include "base/error.h"
#include "base/text.h"
#include "dataset/masks.h"
#include "prepare/relabel.h"

namespace maskmill {
namespace {

constexpr int kGone = -1;
constexpr int kUsualVoid = 255;
constexpr Rgb kVocVoid{224, 224, 192};
constexpr std::uint16_t kVoidNumber = kUnlabelled;

/// The labels that the name or the pattern means, in the map's order.
std::vector<int> named(const std::string& text, const LabelMap& labels, const char* setting) {
  if (const auto exact = labels.find(text)) return {*exact};
  std::vector<int> found;
  std::vector<std::string> names;
  for (int i = 0; i < labels.size(); ++i) {
    names.push_back(labels[i].name);
    if (::fnmatch(text.c_str(), labels[i].name.c_str(), 0) == 0) found.push_back(i);
  }
  if (!found.empty()) return found;
  Error error(Code::usage, fmt::format("no label is called {}", in_quotes(text)));
  error.at_field(setting);
  if (const auto nearest = nearest_name(text, names))
    error.hint("did you mean " + in_quotes(*nearest) + "?");
  else
    error.hint("the labels are " + (names.size() > 20 ? "listed by maskmill info" : joined(names, ", ")));
  throw error;
}

std::set<int> all_named(const std::vector<std::string>& texts, const LabelMap& labels, const char* setting) {
  std::set<int> all;
  for (const std::string& text : texts)
    for (const int label : named(text, labels, setting)) all.insert(label);
  return all;
}

struct Joined {
  std::string name;
  std::vector<int> labels;
};

/// "NEW=OLD,OLD": the command line has cut the list at its commas, so what has no "=" goes on.
std::vector<Joined> joined_labels(const std::vector<std::string>& texts, const LabelMap& labels) {
  std::vector<Joined> all;
  for (const std::string& text : texts) {
    const std::size_t equals = text.find('=');
    if (equals == 0 || (equals == std::string::npos && all.empty()))
      throw Error(Code::usage, "expected NEW=OLD,OLD, found " + in_quotes(text)).at_field("merge");
    if (equals != std::string::npos) all.push_back({text.substr(0, equals), {}});
    const std::string old = equals == std::string::npos ? text : text.substr(equals + 1);
    for (const int label : named(old, labels, "merge"))
      if (std::ranges::find(all.back().labels, label) == all.back().labels.end())
        all.back().labels.push_back(label);
  }
  return all;
}

/// What the map becomes, and by which way each label gets there.
class LabelPlan {
 public:
  LabelPlan(const LabelMap& labels, const RelabelSettings& settings, const Capabilities& target)
      : old_(labels),
        others_(settings.others),
        paints_(target.semantic_mask),
        new_names_(static_cast<std::size_t>(labels.size())),
        is_other_(static_cast<std::size_t>(labels.size()), false) {
    if (!settings.binary.empty()) {
      choose_binary(settings);
    } else {
      choose(settings);
      join(settings);
      rename(settings);
    }
    number();
  }

  const LabelMap& labels() const { return labels_; }
  const NewLabels& numbers() const { return numbers_; }
  bool is_other(int label) const { return is_other_[static_cast<std::size_t>(label)]; }
  bool keeps_all() const { return std::ranges::find(is_other_, true) == is_other_.end(); }

 private:
  static Error clash(const char* setting, const std::string& name) {
    return Error(Code::usage, "a label is called " + in_quotes(name) + " already")
        .at_field(setting)
        .hint("to make one label of several: --merge NEW=OLD,OLD");
  }

  void leave(int label) { is_other_[static_cast<std::size_t>(label)] = true; }

  void choose(const RelabelSettings& settings) {
    if (!settings.select.empty()) {
      const std::set<int> kept = all_named(settings.select, old_, "select");
      for (int i = 0; i < old_.size(); ++i)
        if (!kept.contains(i) && old_[i].role == Role::object) leave(i);
    }
    for (const int label : all_named(settings.drop, old_, "drop")) {
      if (old_[label].role == Role::background && others_ != Others::ignore)
        throw Error(Code::usage, "the background cannot become background")
            .at_field("drop")
            .hint("--others void makes it void");
      leave(label);
    }
  }

  void choose_binary(const RelabelSettings& settings) {
    if (!settings.select.empty() || !settings.drop.empty() || !settings.merge.empty() ||
        !settings.rename.empty())
      throw Error(Code::usage, "takes the place of select, drop, merge and rename").at_field("binary");
    const std::set<int> chosen = all_named(settings.binary, old_, "binary");
    if (const auto background = old_.background(); background && chosen.contains(*background))
      throw Error(Code::usage, "the background cannot be chosen against itself").at_field("binary");
    is_binary_ = true;
    for (int i = 0; i < old_.size(); ++i)
      if (!chosen.contains(i) && i != old_.background() &&
          (old_[i].role != Role::ignore || others_ != Others::ignore))
        leave(i);
    const std::string name = chosen.size() == 1 ? old_[*chosen.begin()].name : "foreground";
    groups_.push_back({name, {chosen.begin(), chosen.end()}});
  }

  void join(const RelabelSettings& settings) {
    groups_ = joined_labels(settings.merge, old_);
    std::set<int> taken;
    for (const Joined& group : groups_)
      for (const int label : group.labels) {
        require_kept(label, "merge");
        if (!taken.insert(label).second)
          throw Error(Code::usage, in_quotes(old_[label].name) + " is in two of the merged labels")
              .at_field("merge");
      }
  }

  void rename(const RelabelSettings& settings) {
    for (const std::string& text : settings.rename) {
      const std::size_t equals = text.find('=');
      if (equals == std::string::npos || equals + 1 == text.size())
        throw Error(Code::usage, "expected OLD=NEW, found " + in_quotes(text)).at_field("rename");
      const std::vector<int> found = named(text.substr(0, equals), old_, "rename");
      if (found.size() > 1)
        throw Error(Code::usage, in_quotes(text.substr(0, equals)) + " means several labels")
            .at_field("rename")
            .hint("to make one label of several: --merge NEW=OLD,OLD");
      require_kept(found.front(), "rename");
      for (const Joined& group : groups_)
        if (std::ranges::find(group.labels, found.front()) != group.labels.end())
          throw Error(Code::usage, in_quotes(old_[found.front()].name) + " is merged already")
              .at_field("rename");
      new_names_[static_cast<std::size_t>(found.front())] = text.substr(equals + 1);
    }
  }

  void require_kept(int label, const char* setting) const {
    if (is_other(label))
      throw Error(Code::usage, in_quotes(old_[label].name) + " is not kept").at_field(setting);
  }

  /// The new label of the group stands where its first label stood.
  const Joined* group_of(int label) const {
    for (const Joined& group : groups_)
      if (std::ranges::find(group.labels, label) != group.labels.end()) return &group;
    return nullptr;
  }

  int added(Label label, const char* setting) {
    if (labels_.find(label.name)) throw clash(setting, label.name);
    if (label.id && labels_.find_id(*label.id)) label.id.reset();
    return labels_.add(std::move(label));
  }

  void number() {
    const auto size = static_cast<std::size_t>(old_.size());
    std::vector<int> kept(size, kGone);
    for (int i = 0; i < old_.size(); ++i) {
      const auto at = static_cast<std::size_t>(i);
      if (is_other(i) || kept[at] != kGone) continue;
      Label label = old_[i];
      const Joined* group = group_of(i);
      if (group) {
        label = old_[group->labels.front()];
        label.name = group->name;
        if (is_binary_) label.role = Role::object;
      } else if (!new_names_[at].empty()) {
        label.name = new_names_[at];
      }
      if (is_binary_ && label.role != Role::ignore) label.id = label.role == Role::background ? 0 : 1;
      const int number = added(std::move(label), group ? "merge" : "rename");
      if (!group) kept[at] = number;
      if (group)
        for (const int member : group->labels) kept[static_cast<std::size_t>(member)] = number;
    }
    const auto is_object = [](const Label& label) { return label.role != Role::background; };
    if (std::ranges::none_of(labels_, is_object)) throw Error(Code::usage, "no label would be left");
    numbers_ = {kept, kept, kGone};
    if (!keeps_all() || is_binary_) number_others();
  }

  void number_others() {
    const int to = others_ == Others::ignore ? void_label() : background_label();
    for (std::size_t i = 0; i < is_other_.size(); ++i) {
      if (!is_other_[i]) continue;
      numbers_.pixels[i] = to;
      const bool hides = others_ == Others::background && paints_;
      numbers_.annotations[i] = others_ == Others::ignore || hides ? to : kGone;
    }
    if (is_binary_) numbers_.unlabelled = to;
  }

  /// Only what paints needs a background; elsewhere it is what is left over.
  int background_label() {
    if (labels_.background() || !paints_) return labels_.background().value_or(kGone);
    labels_ = with_background(labels_);
    return *labels_.background();
  }

  int void_label() {
    for (int i = 0; i < labels_.size(); ++i)
      if (labels_.is_ignored(i)) return i;
    Label label;
    label.name = "void";
    while (labels_.find(label.name)) label.name += "_";
    label.role = Role::ignore;
    label.colour = kVocVoid;
    const auto has_id = [](const Label& other) { return other.id.has_value(); };
    if (std::ranges::all_of(labels_, has_id)) {
      label.id = kUsualVoid;
      for (std::int64_t id = 0; labels_.find_id(*label.id); ++id) label.id = id;
    }
    return labels_.add(std::move(label));
  }

  const LabelMap& old_;
  const Others others_;
  const bool paints_;
  bool is_binary_ = false;
  std::vector<std::string> new_names_;
  std::vector<bool> is_other_;
  std::vector<Joined> groups_;
  LabelMap labels_;
  NewLabels numbers_;
};

/// What the instance numbers under a label become.
enum class NumberFate : unsigned char { nothing, kept, ignored };

/// By what a pixel of the new semantic mask may hold.
std::vector<NumberFate> fates_of_numbers(const LabelMap& labels) {
  std::vector<NumberFate> fates(static_cast<std::size_t>(kUnlabelled) + 1, NumberFate::nothing);
  for (int i = 0; i < labels.size(); ++i) {
    if (labels[i].role == Role::object) fates[static_cast<std::size_t>(i)] = NumberFate::kept;
    if (labels[i].role == Role::ignore) fates[static_cast<std::size_t>(i)] = NumberFate::ignored;
  }
  return fates;
}

/// The instance mask without the numbers of objects that are not kept.
MaskRef kept_numbers(const MaskRef& numbers, const MaskRef& semantic, std::optional<Size> size,
                     const std::vector<NumberFate>& fates, std::shared_ptr<const MaskCoding> coding) {
  const auto make = [numbers, semantic, size, fates] {
    const cv::Mat labels = read_semantic(semantic, size).labels;
    cv::Mat kept = read_instances(numbers).clone();
    if (kept.size() != labels.size())
      throw Error(Code::bad_value, "the instance mask and the semantic mask differ in size");
    for (int y = 0; y < kept.rows; ++y) {
      const auto* label = labels.ptr<std::uint16_t>(y);
      auto* number = kept.ptr<std::uint16_t>(y);
      for (int x = 0; x < kept.cols; ++x) {
        const NumberFate fate = fates[label[x]];
        if (fate != NumberFate::kept && number[x] != kVoidNumber)
          number[x] = fate == NumberFate::ignored ? kVoidNumber : 0;
      }
    }
    return RawImage{kept, {}, 16};
  };
  MaskRef made;
  made.coding = std::move(coding);
  made.made = std::make_shared<MadeMask>(MadeMask{make, {file_of(numbers), file_of(semantic)}});
  return made;
}

class LabelChange {
 public:
  LabelChange(const LabelMap& labels, const RelabelSettings& settings, const Capabilities& target)
      : plan_(labels, settings, target),
        numbers_(plan_.numbers()),
        fates_(fates_of_numbers(plan_.labels())),
        coding_(number_coding()),
        voids_others_(settings.others == Others::ignore),
        fills_crowds_(!settings.binary.empty() && !voids_others_ && target.semantic_mask && !target.rle &&
                      !target.polygon) {}

  const LabelMap& labels() const { return plan_.labels(); }

  Item operator()(Item item) const {
    std::erase_if(item.annotations, [&](const Annotation& annotation) { return is_left_out(annotation); });
    if (voids_others_)
      for (Annotation& annotation : item.annotations)
        if (is_other(annotation)) annotation.flags.crowd = true;
    if (fills_crowds_) fill_crowds(item.annotations);
    numbers_.apply(item);
    if (item.instances && item.semantic && !plan_.keeps_all())
      item.instances = kept_numbers(*item.instances, *item.semantic, item.size, fates_, coding_);
    return item;
  }

 private:
  bool is_other(const Annotation& annotation) const {
    return annotation.label && plan_.is_other(*annotation.label);
  }

  /// What shows no pixels hides none, a crowd lies under everything else, and of void a box says where it may
  /// be.
  bool is_left_out(const Annotation& annotation) const {
    if (!is_other(annotation)) return false;
    if (voids_others_) return !has_area(annotation.shape) && !std::holds_alternative<Box>(annotation.shape);
    return !has_area(annotation.shape) || annotation.flags.crowd == true;
  }

  /// A mask of one label and background has no place for void: a crowd of that label is of that label, and
  /// still lies under everything else.
  static void fill_crowds(std::vector<Annotation>& annotations) {
    std::stable_partition(annotations.begin(), annotations.end(),
                          [](const Annotation& one) { return one.flags.crowd == true; });
    for (Annotation& annotation : annotations) {
      if (annotation.flags.crowd != true) break;
      annotation.flags.crowd = false;
      annotation.z_order = std::numeric_limits<int>::min();
    }
  }

  const LabelPlan plan_;
  const Relabelling numbers_;
  const std::vector<NumberFate> fates_;
  const std::shared_ptr<const MaskCoding> coding_;
  const bool voids_others_;
  const bool fills_crowds_;  ///< since they would be void in a mask of one label
};

}  // namespace

std::unique_ptr<Source> relabelled(std::shared_ptr<Source> source, const RelabelSettings& settings,
                                   const Capabilities& target) {
  Metadata metadata = source->metadata();
  const auto change = std::make_shared<const LabelChange>(source->metadata().labels, settings, target);
  metadata.labels = change->labels();
  return changed(std::move(source), std::move(metadata),
                 [change](Item item, std::vector<Finding>&) -> std::optional<Item> {
                   return (*change)(std::move(item));
                 });
}

}  // namespace maskmill
