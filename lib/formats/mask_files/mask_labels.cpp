// SPDX-License-Identifier: Apache-2.0
#include "formats/mask_files/mask_labels.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/text.h"

namespace maskmill {
namespace {

std::string colour_name(Rgb colour) {
  return fmt::format("#{:02x}{:02x}{:02x}", colour.r, colour.g, colour.b);
}

Label label_of(std::string name, std::optional<std::int64_t> id, std::optional<Rgb> colour, Role role) {
  Label label;
  label.name = std::move(name);
  label.id = id;
  label.colour = colour;
  label.role = role;
  return label;
}

void add(LabelFile& file, Label label, int value) {
  file.labels.push_back(std::move(label));
  file.values.push_back(value);
}

/// Labels named after what occurs in the masks.
LabelFile labels_from(const MaskScan& scan, PixelCoding coding) {
  LabelFile file;
  if (coding == PixelCoding::binary) {
    add(file, label_of("background", 0, {}, Role::background), 0);
    add(file, label_of("foreground", 255, {}, Role::object), 255);
  } else if (coding == PixelCoding::colour) {
    for (const Rgb colour : scan.colours)
      add(file, label_of(colour_name(colour), {}, colour, Role::object),
          static_cast<int>(file.labels.size()));
  } else {
    for (const int value : scan.values) {
      const auto colour = scan.palette.find(value);
      add(file,
          label_of(std::to_string(value), value,
                   colour == scan.palette.end() ? std::nullopt : std::optional(colour->second), Role::object),
          value);
    }
  }
  return file;
}

bool has_background(const LabelFile& file) {
  return std::ranges::any_of(file.labels, [](const Label& label) { return label.role == Role::background; });
}

/// A binary mask has one label, and 0 means that it is not there. Names by line need not say that: "person",
/// or "background" and "person".
void complete_binary(LabelFile& file) {
  if (file.coding == PixelCoding::binary || has_background(file)) return;
  if (file.labels.size() == 1) {
    if (file.values[0] == 0) file.labels[0].id = file.values[0] = 255;
    file.labels.insert(file.labels.begin(), label_of("background", 0, {}, Role::background));
    file.values.insert(file.values.begin(), 0);
  } else if (file.labels.size() == 2 && file.values[0] == 0) {
    file.labels[0].role = Role::background;
  }
}

/// What the masks and the label file together say.
PixelCoding decide(const MaskScan& scan, const LabelFile& file) {
  const PixelCoding seen = scan.coding();
  if (seen != PixelCoding::binary) return seen;
  const bool names_255 = std::ranges::find(file.values, 255) != file.values.end();
  if (!names_255 && file.labels.size() <= 2) return PixelCoding::binary;
  return scan.any_colour ? PixelCoding::colour : PixelCoding::index;
}

std::string name_or_value_of(const LabelFile& file, const std::string& wanted, int value) {
  const bool taken = std::ranges::find(file.labels, wanted, &Label::name) != file.labels.end();
  return taken ? std::to_string(value) : wanted;
}

/// Gives a role to the label that a setting names or whose value it states.
void set_role(LabelFile& file, PixelCoding coding, const std::string& name_or_value, Role role,
              const char* setting) {
  const auto named = std::ranges::find(file.labels, name_or_value, &Label::name);
  if (named != file.labels.end()) {
    named->role = role;
    return;
  }
  const auto value = to_integer(name_or_value);
  if (coding != PixelCoding::index || !value || *value < 0 || *value > 65535) {
    std::vector<std::string> names;
    for (const Label& label : file.labels) names.push_back(label.name);
    Error error =
        Error(Code::usage, fmt::format("there is no label {}", in_quotes(name_or_value))).at_field(setting);
    if (const auto near = nearest_name(name_or_value, names))
      error.hint(fmt::format("did you mean {}?", *near));
    throw error;
  }
  const auto valued = std::ranges::find(file.values, static_cast<int>(*value));
  if (valued != file.values.end()) {
    file.labels[static_cast<std::size_t>(valued - file.values.begin())].role = role;
    return;
  }
  const int number = static_cast<int>(*value);
  add(file,
      label_of(name_or_value_of(file, role == Role::ignore ? "void" : "background", number), number, {},
               role),
      number);
}

/// The fallback to VOC's colours is only for a document that says itself that its labels are colours.
void require_colours(const LabelFile& file) {
  if (file.coding == PixelCoding::colour) return;
  for (const Label& label : file.labels)
    if (!label.colour)
      throw Error(Code::bad_value,
                  fmt::format("the masks are coded by colour, and label {} has none", in_quotes(label.name)))
          .hint("name the colours in label_colors.txt, a line \"r g b name\" each; or give coding=index");
}

}  // namespace

std::optional<LabelFile> find_label_file(const Path& source, const std::vector<Path>& folders,
                                         const LabelSettings& settings) {
  if (!settings.labels) return find_label_file(folders);
  const Path file(*settings.labels);
  try {
    return read_label_file(file.is_absolute() ? file : source / file);
  } catch (Error& error) {
    error.at_field("labels");
    throw;
  }
}

void give_roles(LabelFile& file, PixelCoding coding, const LabelSettings& settings) {
  if (settings.background) set_role(file, coding, *settings.background, Role::background, "background");
  for (const std::string& name : settings.ignore) set_role(file, coding, name, Role::ignore, "ignore");
}

MaskLabels find_labels(std::optional<LabelFile> file, const MaskLabelSettings& settings, std::size_t masks,
                       const std::function<Path(std::size_t)>& mask_at, const UnreadableMask& unreadable) {
  MaskLabels out;
  PixelCoding coding = settings.coding;
  if (coding == PixelCoding::automatic && file) coding = file->coding;

  if (coding == PixelCoding::automatic || (!file && coding != PixelCoding::binary)) {
    const MaskScan scan =
        scan_masks(masks, mask_at, file ? ScanUntil::not_binary : ScanUntil::end, unreadable);
    if (coding == PixelCoding::automatic) coding = file ? decide(scan, *file) : scan.coding();
    if (!file) file = labels_from(scan, coding);
  }
  if (!file) file = labels_from({}, coding);

  out.subsets = file->subsets;
  if (coding == PixelCoding::binary) complete_binary(*file);
  if (coding == PixelCoding::colour) require_colours(*file);
  give_roles(*file, coding, settings);
  out.labels = LabelMap(file->labels);
  out.coding = std::make_shared<const MaskCoding>(mask_coding(coding, out.labels, file->values));
  return out;
}

MaskCoding mask_coding(PixelCoding coding, const LabelMap& labels, const std::vector<int>& values) {
  MaskCoding out;
  if (coding == PixelCoding::index) {
    out.kind = MaskCoding::Kind::index;
    for (int i = 0; i < labels.size(); ++i) out.values.emplace_back(values[static_cast<std::size_t>(i)], i);
    return out;
  }
  if (coding == PixelCoding::colour) {
    out.kind = MaskCoding::Kind::colour;
    std::map<Rgb, int> seen;
    for (int i = 0; i < labels.size(); ++i) {
      const auto [other, is_new] = seen.emplace(labels.colour(i), i);
      if (!is_new)
        throw Error(Code::bad_value, fmt::format("labels {} and {} have the same colour {}",
                                                 in_quotes(labels[other->second].name),
                                                 in_quotes(labels[i].name), colour_name(other->first)))
            .hint("give each label its own colour, or use index masks");
      out.colours.emplace_back(other->first, i);
    }
    return out;
  }
  out.kind = MaskCoding::Kind::non_zero;
  for (int i = 0; i < labels.size(); ++i) {
    if (labels[i].role != Role::object) continue;
    if (out.label >= 0)
      throw Error(Code::bad_value, fmt::format("a binary mask holds one label; there are {} and {}",
                                               in_quotes(labels[out.label].name), in_quotes(labels[i].name)))
          .hint("merge the labels into one first, or use coding=index");
    out.label = i;
  }
  if (out.label < 0) throw Error(Code::bad_value, "a binary mask holds one label; there is none");
  out.zero_label = labels.background().value_or(-1);
  return out;
}

}  // namespace maskmill
