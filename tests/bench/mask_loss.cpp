// SPDX-License-Identifier: Apache-2.0
// mask_loss [OBJECTS]: what the loss of masks of two pictures of 800x1333 with 100 objects takes in time and,
// at its peak, in memory, beside taking all masks of a picture as floating point at once; and what the
// overlaps of those objects with all anchors take, beside torchvision's box_iou as it is written. Both must
// give the same bits.
#include <torch/torch.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

#include "learn/torch/detection/roi_heads.h"
#include "learn/torch/detection/rpn.h"
#include "learn/torch/operators/roi_align.h"

using namespace maskmill::learn;
using torch::Tensor;

namespace {

constexpr std::int64_t kHeight = 800, kWidth = 1333, kRegions = 128, kSide = 28;

double megabytes(const char* what) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with(what)) return std::atof(line.c_str() + std::string(what).size() + 1) / 1e3;
  return 0;
}

/// Prints, and returns what `action` does.
Tensor measured(const char* name, const std::function<Tensor()>& action) {
  std::ofstream("/proc/self/clear_refs") << "5";  // the peak begins anew
  const double before = megabytes("VmRSS:");
  const auto start = std::chrono::steady_clock::now();
  const Tensor result = action();
  const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - start;
  std::printf("%-40s %8.0f MB %8.1f ms\n", name, megabytes("VmHWM:") - before, took.count());
  return result;
}

Tensor boxes_in_picture(std::int64_t count, double least, double most) {
  const Tensor sides = torch::rand({count, 2}) * (most - least) + least;
  const Tensor corner = torch::rand({count, 2}) * (torch::tensor({double(kWidth), double(kHeight)}) - sides);
  return torch::cat({corner, corner + sides}, 1).to(torch::kFloat32);
}

/// torchvision's box_iou as it is written.
Tensor plain_iou(const Tensor& boxes, const Tensor& others) {
  using torch::indexing::None;
  using torch::indexing::Slice;
  const Tensor left_top =
      torch::max(boxes.index({Slice(), None, Slice(None, 2)}), others.index({Slice(), Slice(None, 2)}));
  const Tensor right_bottom =
      torch::min(boxes.index({Slice(), None, Slice(2)}), others.index({Slice(), Slice(2)}));
  const Tensor sides = (right_bottom - left_top).clamp_min(0);
  const Tensor inside = sides.select(2, 0) * sides.select(2, 1);
  return inside / (box_area(boxes).unsqueeze(1) + box_area(others) - inside);
}

}  // namespace

int main(int argc, char** argv) {
  const std::int64_t count = argc > 1 ? std::atoll(argv[1]) : 100;
  const torch::NoGradGuard no_grad;
  torch::manual_seed(1);
  std::vector<ObjectTargets> targets(2);
  RegionSamples regions;
  for (ObjectTargets& own : targets) {
    own.boxes = boxes_in_picture(count, 20, 300);
    own.masks = torch::zeros({count, kHeight, kWidth}, torch::kUInt8);
    for (std::int64_t i = 0; i < count; ++i) {
      const Tensor box = own.boxes[i].to(torch::kInt64);
      const auto at = [&](int side) { return box[side].item<std::int64_t>(); };
      own.masks[i].slice(0, at(1), at(3)).slice(1, at(0), at(2)).fill_(1);
    }
    const Tensor object = torch::randint(0, count, {kRegions}, torch::kInt64);
    const Tensor shifted = own.boxes.index_select(0, object) + torch::rand({kRegions, 4}) * 10;
    regions.objects.push_back(object);
    regions.boxes.push_back(shifted.clamp(0, kWidth - 1));
    regions.labels.push_back(torch::ones({kRegions}, torch::kInt64));
  }
  const Tensor logits = torch::randn({2 * kRegions, 2, kSide, kSide});
  const auto all_at_once = [&] {
    std::vector<Tensor> wanted;
    for (std::size_t i = 0; i < targets.size(); ++i)
      wanted.push_back(
          roi_align(targets[i].masks.unsqueeze(1).to(torch::kFloat32),
                    torch::cat({regions.objects[i].to(torch::kFloat32).unsqueeze(1), regions.boxes[i]}, 1), 1,
                    kSide, kSide, -1, /*aligned=*/false)
              .squeeze(1));
    return torch::binary_cross_entropy_with_logits(logits.select(1, 1), torch::cat(wanted));
  };
  roi_align(torch::zeros({1, 1, 8, 8}), torch::zeros({1, 5}), 1, 2, 2, -1,
            /*aligned=*/false);  // threads are up
  const Tensor ours = measured("loss of masks", [&] { return mask_loss(logits, regions, targets); });
  const Tensor reference = measured("with all masks as float32 at once", all_at_once);
  const Tensor anchors = anchors_for({{200, 336}, {100, 168}, {50, 84}, {25, 42}, {13, 21}}, {800, 1344},
                                     torch::TensorOptions(torch::kFloat32));
  std::printf("%lld anchors: overlaps with each object are %.0f MB\n",
              static_cast<long long>(anchors.size(0)),
              static_cast<double>(count * anchors.size(0) * 4) / 1e6);
  const Tensor overlaps =
      measured("overlaps of objects and anchors", [&] { return box_iou(targets[0].boxes, anchors); });
  const Tensor plain =
      measured("as torchvision writes them", [&] { return plain_iou(targets[0].boxes, anchors); });
  if (torch::equal(ours, reference) && torch::equal(overlaps, plain)) return 0;
  std::puts("they differ");
  return 1;
}
