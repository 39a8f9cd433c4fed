// SPDX-License-Identifier: Apache-2.0
#include "dataset/masks.h"
#include "random_masks.h"
#include "support/scratch.h"

namespace maskmill::tests {

TEST_CASE("CamVid's masks come back from their instances, pixel by pixel") {
  const Path data = real_data();
  if (data.empty()) {
    WARN("skipped: the folder shared/data is not there");
    return;
  }
  std::vector<Role> roles(12, Role::object);
  roles[11] = Role::ignore;
  const LabelMap labels = labels_of(roles);
  MaskRef mask;
  MaskCoding coding;
  for (int value = 0; value < 12; ++value) coding.values.emplace_back(value, value);
  mask.coding = std::make_shared<MaskCoding>(coding);

  const std::vector<Path> files = list_files(data / "camvid_sample" / "trainannot");
  REQUIRE(!files.empty());
  for (const Path& file : files) {
    mask.file = file;
    const SemanticMask stored = read_semantic(mask);
    CHECK(stored.unknown_values.empty());
    for (const auto policy : {InstancePolicy::component, InstancePolicy::label})
      for (const auto shape : {InstanceShape::rle, InstanceShape::polygon}) {
        InstanceLoss loss;
        const auto instances =
            instances_from_mask(stored.labels, {}, labels, {.policy = policy, .shape = shape}, loss);
        const PaintedMask painted =
            mask_from_instances(instances, {stored.labels.cols, stored.labels.rows}, labels);
        REQUIRE(equal(painted.labels, stored.labels));
        REQUIRE(painted.overlapping == 0);
        REQUIRE(loss.iou_min == 1);
      }
  }
}

}  // namespace maskmill::tests
