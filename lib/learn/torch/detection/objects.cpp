// SPDX-License-Identifier: Apache-2.0
#include "learn/torch/detection/objects.h"

#include <algorithm>
#include <array>
#include <opencv2/core.hpp>

#include "dataset/masks.h"
#include "dataset/rle.h"
#include "learn/object_masks.h"
#include "learn/torch/operators/paste_masks.h"

namespace maskmill::learn {
namespace {

using torch::Tensor;

constexpr double kInside = 0.5;  // least chance of a pixel that belongs to the object

Extent extent_of(Size size) {
  return {size.height, size.width};
}

/// The pixels of a mask over a box, on a picture.
Rle pixels_of(const Tensor& mask, const std::array<float, 4>& box, Size picture) {
  const PastedMask pasted = paste_mask(mask, box, picture.height, picture.width);
  if (pasted.values.numel() == 0)
    return rle_from_mask(cv::Mat::zeros(picture.height, picture.width, CV_8UC1));
  const Tensor inside = (pasted.values >= kInside).to(torch::kUInt8).contiguous();
  const cv::Mat part(static_cast<int>(inside.size(0)), static_cast<int>(inside.size(1)), CV_8UC1,
                     inside.data_ptr());
  return shifted(rle_from_mask(part), static_cast<int>(pasted.x), static_cast<int>(pasted.y), picture);
}

Box box_of(const std::array<float, 4>& corners) {
  return {corners[0], corners[1], static_cast<double>(corners[2]) - corners[0],
          static_cast<double>(corners[3]) - corners[1]};
}

std::array<float, 4> corners_of(const Box& box) {
  return {static_cast<float>(box.x), static_cast<float>(box.y), static_cast<float>(box.x + box.width),
          static_cast<float>(box.y + box.height)};
}

std::array<float, 4> corners_of(const Tensor& box) {
  const auto values = box.accessor<float, 1>();
  return {values[0], values[1], values[2], values[3]};
}

}  // namespace

ObjectTargets targets_of(Sample& sample, bool with_masks) {
  std::vector<SampleObject> crowds;
  std::ranges::copy_if(sample.objects, std::back_inserter(crowds), &SampleObject::crowd);
  std::erase_if(sample.objects, [](const SampleObject& object) {
    const std::array<float, 4> corners = corners_of(object.box);
    return object.crowd || !(corners[2] > corners[0] && corners[3] > corners[1]);
  });
  const std::vector<Rle> pixels =
      with_masks ? object_pixels(sample) : std::vector<Rle>(sample.objects.size());
  const auto count = static_cast<std::int64_t>(sample.objects.size());
  const int width = sample.image.cols, height = sample.image.rows;
  ObjectTargets targets{torch::empty({count, 4}, torch::kFloat32), torch::empty({count}, torch::kInt64),
                        with_masks ? torch::empty({count, height, width}, torch::kUInt8) : Tensor(),
                        torch::empty({count}, torch::kBool)};
  auto boxes = targets.boxes.accessor<float, 2>();
  auto labels = targets.labels.accessor<std::int64_t, 1>();
  auto has_mask = targets.has_mask.accessor<bool, 1>();
  for (std::int64_t i = 0; i < count; ++i) {
    const SampleObject& object = sample.objects[static_cast<std::size_t>(i)];
    const Rle& own = pixels[static_cast<std::size_t>(i)];
    const std::array<float, 4> corners = corners_of(object.box);
    for (std::size_t side = 0; side < corners.size(); ++side)
      boxes[i][static_cast<std::int64_t>(side)] = corners[side];
    labels[i] = object.label;
    has_mask[i] = own.size.area() > 0;
    if (with_masks) write_mask(own, cv::Mat(height, width, CV_8UC1, targets.masks[i].data_ptr()));
  }
  targets.crowds = std::move(crowds);
  return targets;
}

ObjectTargets on_device(const ObjectTargets& objects, torch::Device device) {
  const auto moved = [&](const Tensor& tensor) {
    return tensor.defined() ? tensor.to(device, /*non_blocking=*/true) : tensor;
  };
  return {moved(objects.boxes), moved(objects.labels), moved(objects.masks), moved(objects.has_mask)};
}

PictureBatch picture_batch(const Tensor& images, const std::vector<Size>& sizes, const InputSettings& input) {
  const auto of_channels = [&](const std::vector<double>& values) {
    return torch::tensor(values, images.options().dtype(torch::kFloat32));
  };
  PictureBatch batch;
  Tensor pixels = images.to(torch::kFloat32).div_(255);
  pixels = pixels.sub_(of_channels(input.mean)).div_(of_channels(input.std));
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    const Tensor own = pixels[static_cast<std::int64_t>(i)];
    own.slice(0, sizes[i].height).zero_();
    own.slice(1, sizes[i].width).zero_();
    batch.pictures.push_back(extent_of(sizes[i]));
  }
  batch.pixels = pixels.permute({0, 3, 1, 2});  // channels-last as it lies
  return batch;
}

std::vector<Annotation> annotations_of(const ObjectTargets& objects, Size picture) {
  std::vector<Annotation> annotations;
  for (std::int64_t i = 0; i < objects.labels.size(0); ++i) {
    Annotation annotation;
    annotation.label = static_cast<int>(objects.labels[i].item<std::int64_t>());
    annotation.box = box_of(corners_of(objects.boxes[i]));
    if (objects.has_mask[i].item<bool>()) {
      const Tensor mask = objects.masks[i].contiguous();
      annotation.shape = rle_from_mask(cv::Mat(picture.height, picture.width, CV_8UC1, mask.data_ptr()));
    } else {
      annotation.shape = *annotation.box;
    }
    annotations.push_back(std::move(annotation));
  }
  for (const SampleObject& crowd : objects.crowds) {
    Annotation annotation;
    annotation.label = crowd.label;
    annotation.box = crowd.box;
    annotation.flags.crowd = true;
    if (crowd.polygon.parts.empty())
      annotation.shape = crowd.box;
    else
      annotation.shape = crowd.polygon;
    annotations.push_back(std::move(annotation));
  }
  return annotations;
}

std::vector<Annotation> annotations_of(const Detections& detections, Size seen, Size picture,
                                       double least_score) {
  const float along_x = static_cast<float>(picture.width) / static_cast<float>(seen.width);
  const float along_y = static_cast<float>(picture.height) / static_cast<float>(seen.height);
  const Tensor boxes = (detections.boxes.to(torch::kCPU, torch::kFloat32) *
                        torch::tensor({along_x, along_y, along_x, along_y}))
                           .contiguous();
  const Tensor scores = detections.scores.to(torch::kCPU, torch::kFloat32), labels = detections.labels.cpu();
  const Tensor masks =
      detections.masks.defined() ? detections.masks.to(torch::kCPU, torch::kFloat32) : Tensor();
  std::vector<Annotation> annotations;
  for (std::int64_t i = 0; i < scores.size(0); ++i) {
    const double score = scores[i].item<float>();
    if (score < least_score) break;  // the others are lower still
    Annotation annotation;
    annotation.label = static_cast<int>(labels[i].item<std::int64_t>());
    annotation.score = std::min(score, 1.0);
    const std::array<float, 4> corners = corners_of(boxes[i]);
    annotation.box = box_of(corners);
    if (masks.defined())
      annotation.shape = pixels_of(masks[i], corners, picture);
    else
      annotation.shape = *annotation.box;
    annotations.push_back(std::move(annotation));
  }
  return annotations;
}

std::vector<SampleObject> sample_objects(const std::vector<Annotation>& annotations) {
  std::vector<SampleObject> objects;
  for (const Annotation& annotation : annotations) {
    SampleObject object{annotation.label.value_or(0), annotation.box.value_or(Box{}), {}, false};
    if (const auto* pixels = std::get_if<Rle>(&annotation.shape)) object.polygon = polygon_from_rle(*pixels);
    objects.push_back(std::move(object));
  }
  return objects;
}

}  // namespace maskmill::learn
