// SPDX-License-Identifier: Apache-2.0
#include "formats/camvid/camvid_tables.h"

#include <algorithm>
#include <span>
#include <utility>

namespace maskmill {
namespace {

using Entry = std::pair<std::string_view, Rgb>;

constexpr std::string_view kVoid = "Void";

constexpr std::array<Entry, 32> kClasses32{{{"Animal", {64, 128, 64}},
                                            {"Archway", {192, 0, 128}},
                                            {"Bicyclist", {0, 128, 192}},
                                            {"Bridge", {0, 128, 64}},
                                            {"Building", {128, 0, 0}},
                                            {"Car", {64, 0, 128}},
                                            {"CartLuggagePram", {64, 0, 192}},
                                            {"Child", {192, 128, 64}},
                                            {"Column_Pole", {192, 192, 128}},
                                            {"Fence", {64, 64, 128}},
                                            {"LaneMkgsDriv", {128, 0, 192}},
                                            {"LaneMkgsNonDriv", {192, 0, 64}},
                                            {"Misc_Text", {128, 128, 64}},
                                            {"MotorcycleScooter", {192, 0, 192}},
                                            {"OtherMoving", {128, 64, 64}},
                                            {"ParkingBlock", {64, 192, 128}},
                                            {"Pedestrian", {64, 64, 0}},
                                            {"Road", {128, 64, 128}},
                                            {"RoadShoulder", {128, 128, 192}},
                                            {"Sidewalk", {0, 0, 192}},
                                            {"SignSymbol", {192, 128, 128}},
                                            {"Sky", {128, 128, 128}},
                                            {"SUVPickupTruck", {64, 128, 192}},
                                            {"TrafficCone", {0, 0, 64}},
                                            {"TrafficLight", {0, 64, 64}},
                                            {"Train", {192, 64, 128}},
                                            {"Tree", {128, 128, 0}},
                                            {"Truck_Bus", {192, 128, 192}},
                                            {"Tunnel", {64, 0, 64}},
                                            {"VegetationMisc", {192, 192, 0}},
                                            {kVoid, {0, 0, 0}},
                                            {"Wall", {64, 192, 0}}}};

constexpr std::string_view kUnlabelled12 = "Unlabelled";

constexpr std::array<Entry, 12> kClasses12{{{"Sky", {128, 128, 128}},
                                            {"Building", {128, 0, 0}},
                                            {"Pole", {192, 192, 128}},
                                            {"Road", {128, 64, 128}},
                                            {"Pavement", {60, 40, 222}},
                                            {"Tree", {128, 128, 0}},
                                            {"SignSymbol", {192, 128, 128}},
                                            {"Fence", {64, 64, 128}},
                                            {"Car", {64, 0, 128}},
                                            {"Pedestrian", {64, 64, 0}},
                                            {"Bicyclist", {0, 128, 192}},
                                            {kUnlabelled12, {0, 0, 0}}}};

LabelFile labels_of(std::span<const Entry> entries, std::string_view ignored) {
  LabelFile file;
  for (const auto& [name, colour] : entries) {
    Label label;
    label.name = name;
    label.id = static_cast<std::int64_t>(file.labels.size());
    label.colour = colour;
    if (name == ignored) label.role = Role::ignore;
    file.values.push_back(static_cast<int>(file.labels.size()));
    file.labels.push_back(std::move(label));
  }
  return file;
}

const Entry* find_class32(std::string_view name) {
  const auto found = std::ranges::find(kClasses32, name, &Entry::first);
  return found == kClasses32.end() ? nullptr : &*found;
}

}  // namespace

LabelFile camvid32_labels() {
  return labels_of(kClasses32, kVoid);
}

LabelFile camvid12_labels() {
  return labels_of(kClasses12, kUnlabelled12);
}

bool is_camvid32(const LabelFile& labels) {  // whose names are distinct
  return labels.labels.size() == kClasses32.size() &&
         std::ranges::all_of(labels.labels,
                             [](const Label& label) { return find_class32(label.name) != nullptr; });
}

void complete_camvid32(LabelFile& labels) {
  if (!is_camvid32(labels)) return;
  for (Label& label : labels.labels) {
    if (!label.colour) label.colour = find_class32(label.name)->second;
    if (label.name == kVoid) label.role = Role::ignore;
  }
}

}  // namespace maskmill
