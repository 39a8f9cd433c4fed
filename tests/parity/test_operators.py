# SPDX-License-Identifier: Apache-2.0
"""Our detection operators, loaded into Python, beside torchvision's definitions in Python and inside its networks."""
import sys

import pytest
import torch
from torchvision_in_python import PLUGIN
import torchvision
from torchvision.models.detection import maskrcnn_resnet50_fpn
from torchvision.ops.boxes import _batched_nms_coordinate_trick, _batched_nms_vanilla

ROI_ALIGN = sys.modules["torchvision.ops.roi_align"]
ours = torch.ops.torchvision


@pytest.fixture(autouse=True)
def operators_are_there(monkeypatch):
    """As torchvision finds when it has loaded its own library."""
    assert PLUGIN.exists(), "libmaskmill_operators.so is not built"
    for module in ("torchvision.extension", "torchvision.ops.roi_align"):
        monkeypatch.setattr(sys.modules[module], "_has_ops", lambda: True)

    def _assert_has_ops() -> None:
        pass

    for module in ("torchvision.extension", "torchvision.ops.boxes", "torchvision.ops.roi_align"):
        monkeypatch.setattr(sys.modules[module], "_assert_has_ops", _assert_has_ops)


def nms_in_python(boxes, scores, iou_threshold):
    area = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    suppressed, kept = torch.zeros(len(boxes), dtype=torch.bool), []
    for i in scores.sort(descending=True, stable=True)[1].tolist():
        if suppressed[i]:
            continue
        kept.append(i)
        side = (torch.min(boxes[i, 2:], boxes[:, 2:]) - torch.max(boxes[i, :2], boxes[:, :2])).clamp(min=0)
        both = side[:, 0] * side[:, 1]
        suppressed |= both / (area[i] + area - both) > iou_threshold
    return torch.tensor(kept, dtype=torch.long)


def roi_align_in_python(image, rois, spatial_scale, height, width, sampling_ratio, aligned):
    return ROI_ALIGN._roi_align.__wrapped__(image, rois, spatial_scale, height, width, sampling_ratio, aligned)


def boxes_of(count, generator, dtype=torch.float32):
    corners, sides = torch.rand(count, 2, generator=generator) * 200, 1 + torch.rand(count, 2, generator=generator) * 90
    return torch.cat([corners, corners + sides], 1).to(dtype)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("threshold", [0.3, 0.5, 0.7])
def test_nms_keeps_what_the_definition_keeps(dtype, threshold):
    generator = torch.Generator().manual_seed(3)
    boxes, scores = boxes_of(900, generator, dtype), torch.rand(900, generator=generator).mul(300).floor().to(dtype)
    kept = torchvision.ops.nms(boxes, scores, threshold)
    assert 20 < len(kept) < 900
    assert torch.equal(kept, nms_in_python(boxes, scores, threshold))


def test_both_ways_of_batched_nms_agree():
    generator = torch.Generator().manual_seed(4)
    boxes, scores = boxes_of(700, generator), torch.rand(700, generator=generator)
    categories = torch.randint(0, 5, (700,), generator=generator)
    kept = _batched_nms_vanilla(boxes, scores, categories, 0.5)
    assert torch.equal(kept, _batched_nms_coordinate_trick(boxes, scores, categories, 0.5))


@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize("sampling_ratio", [2, 0])
@pytest.mark.parametrize("aligned", [False, True])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_roi_align_and_its_gradient_are_torchvisions(memory_format, sampling_ratio, aligned, dtype):
    generator = torch.Generator().manual_seed(5)
    image = torch.randn(2, 20, 18, 22, generator=generator, dtype=dtype).contiguous(memory_format=memory_format)
    # Within the image: torchvision's Python does not leave out samples outside it, as its kernels do.
    boxes = boxes_of(8, generator, dtype) * 0.24
    rois = torch.cat([torch.randint(0, 2, (8, 1), generator=generator).to(dtype), boxes], 1)
    grad = torch.randn(8, 20, 3, 5, generator=generator, dtype=dtype)

    def with_gradient(operator):
        leaf = image.detach().clone(memory_format=torch.preserve_format).requires_grad_()
        result = operator(leaf, rois, 0.25, 3, 5, sampling_ratio, aligned)
        result.backward(grad)
        return result.detach(), leaf.grad

    tolerance = 2e-5 if dtype == torch.float32 else 1e-12
    for found, expected in zip(with_gradient(ours.roi_align), with_gradient(roi_align_in_python)):
        torch.testing.assert_close(found, expected, rtol=tolerance, atol=tolerance)


def test_autograd_accepts_the_gradient():
    generator = torch.Generator().manual_seed(6)
    image = torch.randn(1, 2, 6, 7, generator=generator, dtype=torch.float64, requires_grad=True)
    rois = torch.tensor([[0, 0.3, 1.1, 5.2, 4.9], [0, -2, -3, 9, 2.5]], dtype=torch.float64)

    def pooled(leaf):
        return torchvision.ops.roi_align(leaf, rois, (2, 3), 1.0, 2, True)

    assert torch.autograd.gradcheck(pooled, image)
    assert torch.autograd.gradgradcheck(pooled, image)


def network():
    torch.manual_seed(1)
    # Few boxes: the definitions in Python are slow, and hold every sample in memory.
    return maskrcnn_resnet50_fpn(weights=None, weights_backbone=None, num_classes=3, min_size=160, max_size=200,
                                 box_score_thresh=0.2, rpn_post_nms_top_n_test=200, rpn_pre_nms_top_n_train=300,
                                 rpn_post_nms_top_n_train=100, box_batch_size_per_image=16)


def images():
    return list(torch.rand(2, 3, 150, 190, generator=torch.Generator().manual_seed(2)))


def in_python(monkeypatch):
    monkeypatch.setattr(sys.modules["torchvision.ops.boxes"], "nms", nms_in_python)

    def roi_align(image, boxes, output_size, spatial_scale=1.0, sampling_ratio=-1, aligned=False):
        height, width = (output_size, output_size) if isinstance(output_size, int) else output_size
        if not isinstance(boxes, torch.Tensor):
            boxes = torchvision.ops._utils.convert_boxes_to_roi_format(boxes)
        return roi_align_in_python(image, boxes, spatial_scale, height, width, sampling_ratio, aligned)

    for module in ("torchvision.ops.poolers", "torchvision.models.detection.roi_heads"):
        if hasattr(sys.modules[module], "roi_align"):
            monkeypatch.setattr(sys.modules[module], "roi_align", roi_align)


def check_same(found, expected):
    for one, other in zip(found, expected, strict=True):
        assert len(one["boxes"]) == len(other["boxes"]) > 0
        assert torch.equal(one["labels"], other["labels"])
        for key in ("boxes", "scores", "masks"):
            torch.testing.assert_close(one[key], other[key], rtol=1e-3, atol=1e-3)


def test_mask_r_cnn_detects_the_same(monkeypatch):
    model = network().eval()
    with torch.no_grad():
        found = model(images())
        scripted = torch.jit.script(model)
        check_same(scripted(images())[1], found)
        in_python(monkeypatch)
        check_same(found, model(images()))


def test_mask_r_cnn_learns_the_same(monkeypatch):
    targets = []
    for image in images():
        masks = torch.zeros(2, *image.shape[1:], dtype=torch.uint8)
        masks[0, 20:90, 30:100] = masks[1, 60:140, 90:180] = 1
        targets.append({"boxes": torch.tensor([[30.0, 20, 100, 90], [90, 60, 180, 140]]),
                        "labels": torch.tensor([1, 2]), "masks": masks})

    def losses_and_gradient():
        model = network().train()
        torch.manual_seed(3)  # the samplers'
        losses = model(images(), targets)
        sum(losses.values()).backward()
        return {**{name: loss.detach() for name, loss in losses.items()},
                "gradient": model.backbone.fpn.layer_blocks[1][0].weight.grad.norm()}

    found = losses_and_gradient()
    in_python(monkeypatch)
    expected = losses_and_gradient()
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        assert value > 0
        torch.testing.assert_close(found[name], value, rtol=2e-3, atol=1e-4)
