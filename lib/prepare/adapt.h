// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "dataset/masks.h"
#include "formats/format.h"

namespace maskmill {

/// Intersection over union of two boxes; 0 where they share no area.
double iou(const Box& a, const Box& b);

/// Whether the target paints the item's annotations as label masks and keeps nothing else of them: what none
/// covers then is background.
bool becomes_mask(const Item& item, const Capabilities& target);

/// The item's masks as annotations of the wanted shape, with which the boxes that surround them are joined as
/// adapted() says; the masks are gone. Throws Error as read_semantic and instances_from_mask.
void make_instances(Item& item, const LabelMap& labels, const InstanceSettings& settings, InstanceLoss& loss);

/// Changes what an item holds into what `target` can hold, keeping pixels exact where the target allows it:
/// masks become instances where the target has no masks, and so do masks of one label each; boxes that Pascal VOC keeps beside its object masks
/// hand their flags and attributes to the instance they surround (intersection over union of at least .5,
/// same label); ellipses, rotated boxes, holes and parts become polygons or RLE. Masks stay where the target
/// has them: its sink paints what is still annotations. Boxes stay for it too where it has a place for void.
/// Throws Error, which leaves the item out: bad_value where annotations would have to become a mask and none
/// says which pixels it has, so that all would be background; others as reading a mask.
Item adapted(Item item, const Capabilities& target, const LabelMap& labels, const InstanceSettings& settings,
             InstanceLoss& loss);

}  // namespace maskmill
