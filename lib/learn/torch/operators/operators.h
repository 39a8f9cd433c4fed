// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace maskmill::learn {

/// torchvision's operators nms, roi_align and _roi_align_backward stand in torch's registry from the start of
/// a program that calls this anywhere, under torchvision's names: TorchScript programs made with torchvision
/// load in it. They are nms.h's and roi_align.h's functions; under autocast they compute in float32, as
/// torchvision's do. prepare_process() calls it. The plugin libmaskmill_operators.so does the same for
/// Python, with torch.ops.load_library, where torchvision's own library is not there: beside that one it
/// cannot be loaded.
void keep_operators();

}  // namespace maskmill::learn
