// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <optional>
#include <variant>
#include <vector>

#include "base/random.h"
#include "base/record_file.h"
#include "base/text.h"
#include "image/perceptual_hash.h"
#include "prepare/check/rule.h"

namespace maskmill {
namespace {

// Names that are a group's: "scene" alone is as often a category, such as "city street".
constexpr std::array<std::string_view, 15> kGroupAttributes{
    "group",    "group_id",    "patient",  "patient_id", "subject_id", "person_id",  "case_id", "study_id",
    "sequence", "sequence_id", "scene_id", "video",      "video_id",   "video_name", "clip_id"};

constexpr std::size_t kFewestFrames = 8;       // for a group to be judged by itself
constexpr std::size_t kFewestNeighbours = 20;  // of smaller groups, judged together
constexpr double kMostBitsBetweenFrames = 24;  // of 64; 32 between pictures that have nothing in common
constexpr double kStandardErrors = 4;

constexpr std::int64_t kBurstMs = 5000;
constexpr std::size_t kMostInABurst = 50;  // more have a clock that stands still

struct Frame {
  std::uint64_t name, hash;  // what is left of the name without its number; of the picture
  std::uint64_t number;
  std::uint32_t position, subset;
};
struct Shot {
  std::uint64_t camera, content;
  std::int64_t milliseconds;
  std::uint32_t position, subset;
};
struct Member {
  std::uint64_t group;
  std::uint32_t position, subset, attribute, unused = 0;  // no byte is written that nobody set
};

/// A name without its number, and the number.
struct NumberedName {
  std::string rest;
  std::uint64_t number = 0;
};

/// The number is the last three digits or more in a row, since names end in words such as leftImg8bit; else
/// the last digits that there are.
std::optional<NumberedName> numbered(std::string_view name) {
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  std::size_t first = std::string_view::npos, length = 0;
  for (std::size_t end = name.size(); end > 0;) {
    if (!is_digit(name[end - 1])) {
      --end;
      continue;
    }
    std::size_t begin = end;
    while (begin > 0 && is_digit(name[begin - 1])) --begin;
    if (length == 0 || end - begin >= 3) first = begin, length = end - begin;
    if (length >= 3) break;
    end = begin;
  }
  if (length == 0 || length > 18) return std::nullopt;
  const auto number = to_integer(name.substr(first, length));
  if (!number) return std::nullopt;
  return NumberedName{std::string(name.substr(0, first)) + '\0' + std::string(name.substr(first + length)),
                      static_cast<std::uint64_t>(*number)};
}

/// Its folders without those that only name its subset, and its name.
std::string without_subset(const Item& item) {
  std::string name;
  std::string_view rest = item.id;
  while (!rest.empty()) {
    const std::size_t slash = rest.find('/');
    const std::string_view part = rest.substr(0, slash);
    const bool is_last = slash == std::string_view::npos;
    if (is_last || part != item.subset) name += std::string(part) + (is_last ? "" : "/");
    rest.remove_prefix(is_last ? rest.size() : slash + 1);
  }
  return name;
}

std::optional<std::string> text_of(const AttributeValue& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  if (const auto* number = std::get_if<std::int64_t>(&value)) return std::to_string(*number);
  return std::nullopt;
}

/// Mean and variance of hashes' distances.
struct Distances {
  double sum = 0, squares = 0, count = 0;
  void add(std::uint64_t a, std::uint64_t b) {
    const double distance = hamming_distance(a, b);
    sum += distance, squares += distance * distance, count += 1;
  }
  double mean() const { return sum / count; }
  double squared_error() const { return std::max(0.0, squares / count - mean() * mean()) / count; }
};

/// That pictures next to each other are so alike, and others are not, is no chance.
bool is_film(const Distances& near, const Distances& far) {
  if (near.count < 1 || far.count < 1 || near.mean() > kMostBitsBetweenFrames) return false;
  return far.mean() - near.mean() >= kStandardErrors * std::sqrt(near.squared_error() + far.squared_error());
}

class LeakingGroups : public AcrossItems {
 public:
  void observe(const Item& item, const ItemFacts& facts, const Report& report) override {
    const auto position = static_cast<std::uint32_t>(report.position());
    const std::uint32_t subset =
        subsets_.try_emplace(item.subset, static_cast<std::uint32_t>(subsets_.size())).first->second;
    if (facts.thumbnail)
      if (const auto name = numbered(without_subset(item)))
        frames_.add(
            {stable_hash(name->rest), perceptual_hash(*facts.thumbnail), name->number, position, subset});
    if (facts.capture)
      shots_.add({stable_hash(facts.capture->camera), facts.image->content->low, facts.capture->milliseconds,
                  position, subset});
    for (std::uint32_t i = 0; i < kGroupAttributes.size(); ++i)
      if (const auto* value = find_attribute(item.attributes, kGroupAttributes[i]))
        if (const auto text = text_of(*value)) members_.add({stable_hash(*text), position, subset, i});
  }

  void finish(const Report& report) override {
    if (subsets_.size() < 2) return;
    say_members(report);
    say_films(report);
    say_bursts(report);
  }

 private:
  template <class Record>
  static bool crosses(const Record* begin, const Record* end) {
    return std::any_of(begin, end, [&](const Record& record) { return record.subset != begin->subset; });
  }

  /// visit(begin, end) for each run of records of one key.
  template <class Record, class Key, class Visit>
  static void for_each_run(const std::vector<Record>& records, Key&& key, Visit&& visit) {
    for (std::size_t begin = 0, end = 0; begin < records.size(); begin = end) {
      while (end < records.size() && key(records[end]) == key(records[begin])) ++end;
      visit(records.data() + begin, records.data() + end);
    }
  }

  /// "68 in "train" and 51 in "val"", and the place of the first in another subset than the first of all.
  template <class Record>
  std::string counts(const Record* begin, const Record* end) const {
    std::vector<std::string> words;
    for (const auto& [name, subset] : subsets_) {
      const auto count =
          std::count_if(begin, end, [&](const Record& record) { return record.subset == subset; });
      if (count > 0)
        words.push_back(fmt::format("{} in {}", with_thousands(static_cast<std::size_t>(count)),
                                    name.empty() ? "no subset" : in_quotes(name)));
    }
    return joined(words, ", ");
  }

  /// Neighbours in different subsets; there are some.
  template <class Record>
  static std::pair<const Record*, const Record*> crossing(const Record* begin, const Record* end) {
    const Record* second =
        std::adjacent_find(begin, end, [](const Record& a, const Record& b) { return a.subset != b.subset; });
    return {second, second + 1};
  }

  template <class Record>
  void say(const Record* begin, const Record* end, const Report& report, const std::string& what) const {
    const auto [one, other] = crossing(begin, end);
    const ItemPlaces::Entry first = report.item_at(one->position), second = report.item_at(other->position);
    report({second.file, {}, {}},
           fmt::format("{} ({}), such as {} in {} and this one in {}", what, counts(begin, end),
                       printable(first.file), in_quotes(first.subset), in_quotes(second.subset)),
           "", {}, {.related = {{first.file, {}, {}}}});
  }

  void say_members(const Report& report) const {
    std::vector<Member> members = members_.all();
    std::ranges::sort(members, {}, [](const Member& member) {
      return std::tuple(member.attribute, member.group, member.position);
    });
    for_each_run(members, &attribute_of, [&](const Member* first, const Member* last) {
      if (std::all_of(first, last, [&](const Member& member) { return member.group == first->group; }))
        return;
      const std::vector<Member> all(first, last);
      for_each_run(
          all, [](const Member& member) { return member.group; },
          [&](const Member* begin, const Member* end) {
            if (crosses(begin, end))
              say(begin, end, report,
                  fmt::format("items of one {} lie in different subsets",
                              in_quotes(kGroupAttributes[begin->attribute])));
          });
    });
  }
  static std::uint32_t attribute_of(const Member& member) { return member.attribute; }

  void say_films(const Report& report) const {
    std::vector<Frame> frames = frames_.all();
    std::ranges::sort(
        frames, {}, [](const Frame& frame) { return std::tuple(frame.name, frame.number, frame.position); });
    const auto name_of = [](const Frame& frame) { return frame.name; };
    Distances near, far;  // of the small groups together
    const Frame* last = nullptr;
    for_each_run(frames, name_of, [&](const Frame* begin, const Frame* end) {
      const auto size = static_cast<std::size_t>(end - begin);
      if (size < 2 || size >= kFewestFrames) return;
      for (const Frame* frame = begin; frame + 1 < end; ++frame) near.add(frame->hash, frame[1].hash);
      if (last) far.add(last->hash, begin->hash);
      last = end - 1;
    });
    const bool are_films = near.count >= kFewestNeighbours && is_film(near, far);
    for_each_run(frames, name_of, [&](const Frame* begin, const Frame* end) {
      const auto size = static_cast<std::size_t>(end - begin);
      if (size < 2 || !crosses(begin, end)) return;
      if (size < kFewestFrames) {
        if (are_films) say_film(begin, end, near, far, report);
        return;
      }
      Distances next, apart;
      for (std::size_t i = 0; i + 1 < size; ++i) next.add(begin[i].hash, begin[i + 1].hash);
      for (std::size_t i = 0; i < size; ++i) apart.add(begin[i].hash, begin[(i + size / 2) % size].hash);
      if (is_film(next, apart)) say_film(begin, end, next, apart, report);
    });
  }

  void say_film(const Frame* begin, const Frame* end, const Distances& near, const Distances& far,
                const Report& report) const {
    say(begin, end, report,
        fmt::format("frames of one scene by their names and pictures lie in different subsets (those next to "
                    "each other by number differ in {:.0f} of 64 bits of their hashes, others in {:.0f})",
                    near.mean(), far.mean()));
  }

  void say_bursts(const Report& report) const {
    std::vector<Shot> shots = shots_.all();
    std::ranges::sort(shots, {}, [](const Shot& shot) {
      return std::tuple(shot.camera, shot.milliseconds, shot.content, shot.position);
    });
    // Of files of the same bytes duplicate-content speaks.
    shots.erase(std::unique(shots.begin(), shots.end(),
                            [](const Shot& a, const Shot& b) {
                              return a.camera == b.camera && a.milliseconds == b.milliseconds &&
                                     a.content == b.content;
                            }),
                shots.end());
    for (std::size_t begin = 0, end = 1; begin < shots.size(); begin = end++) {
      while (end < shots.size() && shots[end].camera == shots[end - 1].camera &&
             shots[end].milliseconds - shots[end - 1].milliseconds <= kBurstMs)
        ++end;
      const Shot *first = shots.data() + begin, *last = shots.data() + end;
      if (end - begin > kMostInABurst || !crosses(first, last)) continue;
      say(first, last, report,
          fmt::format("pictures that one camera took within {:.1f} s by their EXIF lie in different subsets",
                      static_cast<double>(last[-1].milliseconds - first->milliseconds) / 1000));
    }
  }

  RecordFile<Frame> frames_;
  RecordFile<Shot> shots_;
  RecordFile<Member> members_;
  std::map<std::string, std::uint32_t> subsets_;
};

}  // namespace

extern const Rule leaking_group;
const Rule leaking_group{
    .id = "leaking-group",
    .severity = Severity::warning,
    .title = "one scene, person or video in different subsets",
    .harm = "The score is of scenes that were learnt, and promises too much of those that were not.",
    .fix = "Split again so that each group stays together.",
    .across = [](const Metadata&) -> std::unique_ptr<AcrossItems> {
      return std::make_unique<LeakingGroups>();
    }};

}  // namespace maskmill
