// SPDX-License-Identifier: Apache-2.0
#include "learn/torchscript.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <set>

#include "base/error.h"
#include "base/text.h"

namespace maskmill::learn {
namespace {

std::string pair(Extent extent) {
  return fmt::format("[{}, {}]", extent.height, extent.width);
}

/// With a point or an exponent, without which TorchScript reads an int and wants a float.
std::string as_float(double value) {
  const std::string text = fmt::format("{}", value);
  return text.find_first_of(".e") == text.npos ? text + ".0" : text;
}

/// "backbone.body.layer1.0.conv1" as an expression; numbers are no identifiers there.
std::string attribute(const std::string& node, const std::string& tensor) {
  std::string expression = "self";
  for (const std::string& part : split_text(node, '.'))
    expression = std::isdigit(static_cast<unsigned char>(part.front())) != 0
                     ? fmt::format("getattr({}, \"{}\")", expression, part)
                     : expression + "." + part;
  return expression + "." + tensor;
}

/// The expression of one layer's result.
class Expression {
 public:
  Expression(const std::string& node, const std::vector<std::string>& inputs) : node_(node), in_(inputs) {}

  std::string operator()(const Conv2d& conv) const {
    return fmt::format("torch.conv2d({}, {}, {}, {}, {}, {}, {})", in_[0], weight(), bias(conv.bias),
                       pair(conv.stride), pair(conv.padding), pair(conv.dilation), conv.groups);
  }
  std::string operator()(const ConvTranspose2d& conv) const {
    return fmt::format("torch.conv_transpose2d({}, {}, {}, {}, {}, {}, {})", in_[0], weight(),
                       bias(conv.bias), pair(conv.stride), pair(conv.padding), pair(conv.output_padding),
                       conv.groups);
  }
  std::string operator()(const BatchNorm2d& norm) const { return normalised(norm.eps); }
  std::string operator()(const FrozenBatchNorm2d& norm) const { return normalised(norm.eps); }
  std::string operator()(const Linear&) const {
    return fmt::format("torch.linear(torch.flatten({}, 1), {}, {})", in_[0], weight(), bias(true));
  }
  std::string operator()(const Relu&) const { return fmt::format("torch.relu({})", in_[0]); }
  std::string operator()(const Sigmoid&) const { return fmt::format("torch.sigmoid({})", in_[0]); }
  std::string operator()(const MaxPool2d& pool) const {
    return fmt::format("torch.max_pool2d({}, {}, {}, {})", in_[0], pair(pool.kernel), pair(pool.stride),
                       pair(pool.padding));
  }
  std::string operator()(const Concat&) const {
    return fmt::format("torch.cat([{}], 1)", fmt::join(in_, ", "));
  }
  std::string operator()(const Add&) const { return fmt::format("{}", fmt::join(in_, " + ")); }
  std::string operator()(const Dropout&) const { return in_[0]; }
  std::string operator()(const GlobalAvgPool&) const {
    return fmt::format("torch.adaptive_avg_pool2d({}, [1, 1])", in_[0]);
  }
  std::string operator()(const Interpolate&) const {
    return fmt::format("torch.upsample_bilinear2d({0}, [{1}.size(2), {1}.size(3)], False)", in_[0], in_[1]);
  }
  std::string operator()(const InterpolateNearest&) const {
    return fmt::format("torch.upsample_nearest2d({0}, [{1}.size(2), {1}.size(3)])", in_[0], in_[1]);
  }

 private:
  std::string weight() const { return attribute(node_, "weight"); }
  std::string bias(bool there) const { return there ? attribute(node_, "bias") : "None"; }
  std::string normalised(double eps) const {
    return fmt::format("torch.batch_norm({}, {}, {}, {}, {}, False, 0.0, {}, True)", in_[0], weight(),
                       bias(true), attribute(node_, "running_mean"), attribute(node_, "running_var"),
                       as_float(eps));
  }

  const std::string& node_;
  const std::vector<std::string>& in_;
};

/// The nodes that lead to these, in order.
std::set<int> needed_for(const Graph& graph, const std::vector<int>& last) {
  std::set<int> needed;
  std::vector<int> open = last;
  while (!open.empty()) {
    const int node = open.back();
    open.pop_back();
    if (node < 0 || !needed.insert(node).second) continue;
    for (const int input : graph.nodes()[static_cast<std::size_t>(node)].inputs) open.push_back(input);
  }
  return needed;
}

std::string numbers(const std::vector<double>& values) {
  std::vector<std::string> floats;
  for (const double value : values) floats.push_back(as_float(value));
  return fmt::format("[{}]", fmt::join(floats, ", "));
}

/// Of a detector's first level and so on: its anchors around the origin.
std::string anchors_of(double side) {
  std::vector<std::string> rows;
  for (const double ratio : detector::kAnchorRatios) {
    // Rounded as torch rounds: to the even one of two that are as near.
    const double height = std::nearbyint(std::sqrt(ratio) * side / 2),
                 width = std::nearbyint(side / std::sqrt(ratio) / 2);
    rows.push_back(fmt::format("[{:.1f}, {:.1f}, {:.1f}, {:.1f}]", -width, -height, width, height));
  }
  return fmt::format("[{}]", fmt::join(rows, ", "));
}

std::string anchor_table() {
  std::vector<std::string> levels;
  for (const double side : detector::kAnchorSides) levels.push_back(anchors_of(side));
  return fmt::format("[{}]", fmt::join(levels, ", "));
}

/// Input normalised as the card says.
std::string normalisation(const InputSettings& input) {
  return fmt::format(R"(
def normalised(self, images: Tensor) -> Tensor:
    mean = torch.tensor({}, dtype=images.dtype, device=images.device)
    std = torch.tensor({}, dtype=images.dtype, device=images.device)
    return (images - mean[:, None, None]) / std[:, None, None]
)",
                     numbers(input.mean), numbers(input.std));
}

constexpr const char* kBoxes = R"(
def clipped(self, boxes: Tensor, size: List[int]) -> Tensor:
    x = boxes[:, 0::2].clamp(0, size[1])
    y = boxes[:, 1::2].clamp(0, size[0])
    return torch.stack([x[:, 0], y[:, 0], x[:, 1], y[:, 1]], 1)

def large(self, boxes: Tensor, least: float) -> Tensor:
    width = boxes[:, 2] - boxes[:, 0]
    height = boxes[:, 3] - boxes[:, 1]
    return torch.nonzero((width >= least) & (height >= least))[:, 0]

def decoded(self, deltas: Tensor, boxes: Tensor, weights: List[float]) -> Tensor:
    width = boxes[:, 2] - boxes[:, 0]
    height = boxes[:, 3] - boxes[:, 1]
    x = boxes[:, 0] + 0.5 * width
    y = boxes[:, 1] + 0.5 * height
    most = 4.135166556742356
    half_width = 0.5 * (torch.exp((deltas[:, 2] / weights[2]).clamp(None, most)) * width)
    half_height = 0.5 * (torch.exp((deltas[:, 3] / weights[3]).clamp(None, most)) * height)
    x = deltas[:, 0] / weights[0] * width + x
    y = deltas[:, 1] / weights[1] * height + y
    return torch.stack([x - half_width, y - half_height, x + half_width, y + half_height], 1)

def suppressed(self, boxes: Tensor, scores: Tensor, kinds: Tensor, threshold: float) -> Tensor:
    keep = torch.zeros_like(scores, dtype=@BOOL@)
    for kind in torch._unique2(kinds)[0]:
        own = torch.nonzero(kinds == kind)[:, 0]
        keep[own[torchvision.nms(boxes[own], scores[own], threshold)]] = True
    kept = torch.nonzero(keep)[:, 0]
    return kept[scores[kept].sort(stable=True, dim=0, descending=True)[1]]
)";

constexpr const char* kProposals = R"(
def anchors(self, size: List[int], padded: List[int], level: int, like: Tensor) -> Tensor:
    table = torch.tensor(@ANCHORS@, dtype=like.dtype, device=like.device)
    y = torch.arange(size[0], dtype=like.dtype, device=like.device) * (padded[0] // size[0])
    x = torch.arange(size[1], dtype=like.dtype, device=like.device) * (padded[1] // size[1])
    grid = torch.meshgrid([y, x], indexing="ij")
    y = grid[0].reshape([-1])
    x = grid[1].reshape([-1])
    shifts = torch.stack([x, y, x, y], 1)
    return (shifts[:, None] + table[level][None]).reshape([-1, 4])

def proposals(self, features: List[Tensor], sizes: List[List[int]], padded: List[int]) -> List[Tensor]:
    boxes_of_level: List[Tensor] = []
    scores_of_level: List[Tensor] = []
    levels: List[Tensor] = []
    for level in range(len(features)):
        feature = features[level]
        objectness, deltas = self.rpn_head(feature)
        images = objectness.size(0)
        size = [feature.size(2), feature.size(3)]
        objectness = objectness.permute([0, 2, 3, 1]).reshape([images, -1])
        deltas = deltas.view([images, -1, 4, size[0], size[1]]).permute([0, 3, 4, 1, 2]).reshape([images, -1, 4])
        anchors = self.anchors(size, padded, level, objectness)
        count = min(@PRE_NMS@, objectness.size(1))
        scores, best = objectness.topk(count, 1)
        of_image = [self.decoded(deltas[i][best[i]], anchors[best[i]], [1.0, 1.0, 1.0, 1.0]) for i in range(images)]
        boxes_of_level.append(torch.stack(of_image))
        scores_of_level.append(scores)
        levels.append(torch.full([count], level, dtype=@INT64@, device=feature.device))
    boxes = torch.cat(boxes_of_level, 1)
    scores = torch.sigmoid(torch.cat(scores_of_level, 1))
    kinds = torch.cat(levels)
    found: List[Tensor] = []
    for i in range(len(sizes)):
        own = self.clipped(boxes[i], sizes[i])
        keep = self.large(own, 0.001)
        keep = keep[torch.nonzero(scores[i][keep] >= @RPN_SCORE@)[:, 0]]
        chosen = self.suppressed(own[keep], scores[i][keep], kinds[keep], @RPN_NMS@)
        found.append(own[keep][chosen[:@POST_NMS@]])
    return found

def pooled(self, features: List[Tensor], boxes: List[Tensor], side: int) -> Tensor:
    rois: List[Tensor] = []
    for i in range(len(boxes)):
        number = torch.full([boxes[i].size(0), 1], i, dtype=boxes[i].dtype, device=boxes[i].device)
        rois.append(torch.cat([number, boxes[i]], 1))
    all = torch.cat(rois)
    area = (all[:, 3] - all[:, 1]) * (all[:, 4] - all[:, 2])
    level = torch.floor(4 + torch.log2(torch.sqrt(area) / 224) + 1e-06).clamp(2, 5).to(@INT64@) - 2
    result = torch.zeros([all.size(0), features[0].size(1), side, side], dtype=features[0].dtype,
                         device=features[0].device)
    scale = 0.25
    for i in range(4):
        own = torch.nonzero(level == i)[:, 0]
        result[own] = torchvision.roi_align(features[i], all[own], scale, side, side, 2, False)
        scale = scale / 2
    return result
)";

constexpr const char* kDetections = R"(
def forward(self, images: List[Tensor], targets: Optional[List[Dict[str, Tensor]]]=None) -> Tuple[Dict[str, Tensor], List[Dict[str, Tensor]]]:
    resized: List[Tensor] = []
    sizes: List[List[int]] = []
    padded = [0, 0]
    for image in images:
        height = image.size(1)
        width = image.size(2)
        scale = min(@MIN_SIZE@ / min(height, width), @MAX_SIZE@ / max(height, width))
        size = [max(1, int(height * scale)), max(1, int(width * scale))]
        resized.append(torch.upsample_bilinear2d(self.normalised(image)[None], size, False)[0])
        sizes.append(size)
        padded = [max(padded[0], (size[0] + 31) // 32 * 32), max(padded[1], (size[1] + 31) // 32 * 32)]
    batch = torch.zeros([len(images), 3, padded[0], padded[1]], dtype=images[0].dtype, device=images[0].device)
    for i in range(len(images)):
        batch[i, :, :sizes[i][0], :sizes[i][1]] = resized[i]
    f0, f1, f2, f3, f4 = self.backbone_features(batch)
    features = [f0, f1, f2, f3, f4]
    proposals = self.proposals(features, sizes, padded)
    logits, deltas = self.box_head(self.pooled(features, proposals, 7))
    chances = torch.softmax(logits, 1)
    detections: List[Dict[str, Tensor]] = []
    boxes_of_all: List[Tensor] = []
    first = 0
    for i in range(len(images)):
        count = proposals[i].size(0)
        classes = chances.size(1)
        scores = chances[first:first + count, 1:].reshape([-1])
        kept = torch.nonzero(scores > @BOX_SCORE@)[:, 0]
        region = torch.div(kept, classes - 1, rounding_mode="floor")
        labels = kept % (classes - 1) + 1
        own = deltas[first:first + count].view([count, classes, 4])[region, labels]
        boxes = self.clipped(self.decoded(own, proposals[i][region], [10.0, 10.0, 5.0, 5.0]), sizes[i])
        keep = self.large(boxes, 0.01)
        boxes = boxes[keep]
        scores = scores[kept[keep]]
        labels = labels[keep]
        chosen = self.suppressed(boxes, scores, labels, @BOX_NMS@)[:@DETECTIONS@]
        found: Dict[str, Tensor] = {"boxes": boxes[chosen], "labels": labels[chosen], "scores": scores[chosen]}
        detections.append(found)
        boxes_of_all.append(found["boxes"])
        first += count
@MASKS@
    for i in range(len(images)):
        along_y = images[i].size(1) / sizes[i][0]
        along_x = images[i].size(2) / sizes[i][1]
        ratio = torch.tensor([along_x, along_y, along_x, along_y], dtype=batch.dtype, device=batch.device)
        detections[i]["boxes"] = detections[i]["boxes"] * ratio
@PASTE@
    losses: Dict[str, Tensor] = {}
    return losses, detections
)";

constexpr const char* kMasks = R"(
    logits = self.mask_head(self.pooled(features, boxes_of_all, 14))
    first = 0
    for i in range(len(images)):
        labels = detections[i]["labels"]
        count = labels.size(0)
        own = logits[first:first + count][torch.arange(count, device=labels.device), labels]
        detections[i]["masks"] = torch.sigmoid(own)[:, None]
        first += count
)";

constexpr const char* kPaste = R"(
        detections[i]["masks"] = self.pasted(detections[i]["masks"], detections[i]["boxes"], images[i].size(1), images[i].size(2))
)";

constexpr const char* kPasted = R"(
def pasted(self, masks: Tensor, boxes: Tensor, height: int, width: int) -> Tensor:
    result = torch.zeros([masks.size(0), 1, height, width], dtype=masks.dtype, device=masks.device)
    side = masks.size(3)
    grown = (side + 2) / side
    bordered = torch.constant_pad_nd(masks, [1, 1, 1, 1], 0)
    half_width = (boxes[:, 2] - boxes[:, 0]) * 0.5 * grown
    half_height = (boxes[:, 3] - boxes[:, 1]) * 0.5 * grown
    x = (boxes[:, 2] + boxes[:, 0]) * 0.5
    y = (boxes[:, 3] + boxes[:, 1]) * 0.5
    corners = torch.stack([x - half_width, y - half_height, x + half_width, y + half_height], 1).to(@INT64@)
    for i in range(masks.size(0)):
        left = int(corners[i, 0])
        top = int(corners[i, 1])
        right = int(corners[i, 2])
        bottom = int(corners[i, 3])
        drawn = torch.upsample_bilinear2d(bordered[i][None], [max(bottom - top + 1, 1), max(right - left + 1, 1)], False)
        x0 = max(left, 0)
        x1 = min(right + 1, width)
        y0 = max(top, 0)
        y1 = min(bottom + 1, height)
        result[i, 0, y0:y1, x0:x1] = drawn[0, 0, y0 - top:y1 - top, x0 - left:x1 - left]
    return result
)";

/// With values in the place of @NAME@.
std::string filled_in(std::string text, const std::vector<std::pair<std::string, std::string>>& values) {
  for (const auto& [name, value] : values) {
    const std::string mark = "@" + name + "@";
    for (std::size_t at = text.find(mark); at != std::string::npos; at = text.find(mark, at + value.size()))
      text.replace(at, mark.size(), value);
  }
  return text;
}

/// In a script that C++ compiles, types of numbers are c10::ScalarType's values.
const std::vector<std::pair<std::string, std::string>> kTypes{{"INT64", "4"}, {"BOOL", "11"}};

std::vector<std::string> script_of_detector(const ModelCard& card, bool masks) {
  const Graph graph = build(card.model, 3, card.classes.size());
  const DetectorSettings& settings = card.model.detector;
  const std::vector<std::pair<std::string, std::string>> values{
      {"ANCHORS", anchor_table()},
      {"PRE_NMS", std::to_string(settings.rpn_pre_nms_top_n_test)},
      {"POST_NMS", std::to_string(settings.rpn_post_nms_top_n_test)},
      {"RPN_SCORE", as_float(settings.rpn_score_thresh)},
      {"RPN_NMS", as_float(settings.rpn_nms_thresh)},
      {"BOX_SCORE", as_float(settings.box_score_thresh)},
      {"BOX_NMS", as_float(settings.box_nms_thresh)},
      {"DETECTIONS", std::to_string(settings.box_detections_per_img)},
      {"MIN_SIZE", std::to_string(card.input.min_size)},
      {"MAX_SIZE", std::to_string(card.input.max_size)},
      {"MASKS", masks ? kMasks : ""},
      {"PASTE", masks ? kPaste : ""}};
  std::vector<std::string> methods{
      script_of(graph, "backbone_features", kInput, {detector::kLevels.begin(), detector::kLevels.end()}),
      script_of(graph, "rpn_head", detector::kLevelInput, {detector::kObjectness, detector::kAnchorDeltas}),
      script_of(graph, "box_head", detector::kBoxInput, {detector::kClassLogits, detector::kBoxDeltas}),
      normalisation(card.input)};
  if (masks) {
    methods.push_back(script_of(graph, "mask_head", detector::kMaskInput, {detector::kMaskLogits}));
    methods.push_back(filled_in(kPasted, kTypes));
  }
  methods.push_back(filled_in(kBoxes, kTypes));
  methods.push_back(filled_in(filled_in(kProposals, values), kTypes));
  methods.push_back(filled_in(filled_in(kDetections, values), kTypes));
  return methods;
}

}  // namespace

std::string script_of(const Graph& graph, const std::string& name, int input,
                      const std::vector<std::string>& outputs) {
  std::vector<int> last;
  for (const std::string& output : outputs) {
    const auto found = std::ranges::find(graph.outputs(), output, &std::pair<std::string, int>::first);
    if (found == graph.outputs().end())
      throw Error(Code::bug, "the network has no output " + in_quotes(output));
    last.push_back(found->second);
  }
  const auto variable = [&](int node) {
    if (node >= 0) return fmt::format("v{}", node);
    if (node != input) throw Error(Code::bug, fmt::format("{} needs another input than {}", name, input));
    return std::string("x");
  };
  std::string text = fmt::format("\ndef {}(self, x: Tensor):\n", name);
  for (const int node : needed_for(graph, last)) {
    const Node& made = graph.nodes()[static_cast<std::size_t>(node)];
    std::vector<std::string> inputs;
    for (const int from : made.inputs) inputs.push_back(variable(from));
    text += fmt::format("    v{} = {}\n", node, std::visit(Expression(made.name, inputs), made.layer));
  }
  std::vector<std::string> results;
  for (const int node : last) results.push_back(variable(node));
  return text + fmt::format("    return {}\n", fmt::join(results, ", "));
}

std::vector<std::string> script_of(const ModelCard& card) {
  if (const DetectorArchitecture* architecture = detector_of(card.model))
    return script_of_detector(card, architecture->masks);
  const Graph graph = build(card.model, 3, card.classes.size());
  return {
      script_of(graph, "scores", kInput, {"out"}), normalisation(card.input),
      "\ndef forward(self, images: Tensor) -> Tensor:\n    return self.scores(self.normalised(images))\n"};
}

}  // namespace maskmill::learn
