// SPDX-License-Identifier: Apache-2.0
#include "prepare/check/rule.h"

#include <array>

namespace maskmill {

extern const Rule pair_missing, broken_file, wrong_extension, size_differs, exif_rotation, unlabelled_item,
    unlabelled_subset, empty_item, unknown_value, values_between, binary_values, shifted_mask, turned_mask,
    unrelated_mask, specks, pin_holes, empty_shape, outside_image, self_crossing, box_differs, area_differs,
    far_parts, duplicate_annotation, label_conflict, unused_label, label_in_some_subsets, similar_label_names,
    duplicate_content, near_duplicate, leaking_group, unusual_pixel_format, gray_tail, flat_picture,
    exposure_outlier, size_outlier, label_share_outlier, class_imbalance, void_share, contradicted_region,
    swapped_label, overlooked_object, badly_located_object, unfound_object;

std::span<const Rule* const> rules() {
  static const std::array list{&pair_missing,
                               &broken_file,
                               &wrong_extension,
                               &size_differs,
                               &exif_rotation,
                               &unlabelled_item,
                               &unlabelled_subset,
                               &empty_item,
                               &unknown_value,
                               &values_between,
                               &binary_values,
                               &shifted_mask,
                               &turned_mask,
                               &unrelated_mask,
                               &specks,
                               &pin_holes,
                               &empty_shape,
                               &outside_image,
                               &self_crossing,
                               &box_differs,
                               &area_differs,
                               &far_parts,
                               &duplicate_annotation,
                               &label_conflict,
                               &unused_label,
                               &label_in_some_subsets,
                               &similar_label_names,
                               &duplicate_content,
                               &near_duplicate,
                               &leaking_group,
                               &unusual_pixel_format,
                               &gray_tail,
                               &flat_picture,
                               &exposure_outlier,
                               &size_outlier,
                               &label_share_outlier,
                               &class_imbalance,
                               &void_share,
                               &contradicted_region,
                               &swapped_label,
                               &overlooked_object,
                               &badly_located_object,
                               &unfound_object};
  return list;
}

}  // namespace maskmill
