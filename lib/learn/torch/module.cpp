// SPDX-License-Identifier: Apache-2.0
#include "learn/torch/module.h"

#include <algorithm>
#include <memory>

#include "base/error.h"
#include "base/text.h"

namespace maskmill::learn {
namespace {

using torch::Tensor;

torch::ExpandingArray<2> pair(Extent extent) {
  return torch::ExpandingArray<2>({extent.height, extent.width});
}

/// The module that holds the parameters of the node "a.b.c": "a.b", made where it is not there yet.
torch::nn::Module& parent_of(torch::nn::Module& root, const std::vector<std::string>& parts) {
  torch::nn::Module* module = &root;
  for (std::size_t i = 0; i + 1 < parts.size(); ++i) {
    const auto children = module->named_children();
    const auto* found = children.find(parts[i]);
    module = found ? found->get()
                   : module->register_module(parts[i], std::make_shared<torch::nn::Module>(parts[i])).get();
  }
  return *module;
}

/// The layers' parameters become submodules of `root`; what is returned applies the layer.
struct LayerBuilder {
  using Apply = std::function<Tensor(std::vector<Tensor>&)>;

  torch::nn::Module& root;
  const Node& node;
  bool overwrites_input;  ///< nothing else needs the values that come in

  template <class Module>
  Apply with_parameters(Module module) const {
    const std::vector<std::string> parts = split_text(node.name, '.');
    parent_of(root, parts).register_module(parts.back(), module);
    return [module](std::vector<Tensor>& in) mutable { return module->forward(in.front()); };
  }

  Apply operator()(const Conv2d& conv) const {
    return with_parameters(torch::nn::Conv2d(torch::nn::Conv2dOptions(conv.in, conv.out, pair(conv.kernel))
                                                 .stride(pair(conv.stride))
                                                 .padding(pair(conv.padding))
                                                 .dilation(pair(conv.dilation))
                                                 .groups(conv.groups)
                                                 .bias(conv.bias)));
  }
  Apply operator()(const ConvTranspose2d& conv) const {
    return with_parameters(
        torch::nn::ConvTranspose2d(torch::nn::ConvTranspose2dOptions(conv.in, conv.out, pair(conv.kernel))
                                       .stride(pair(conv.stride))
                                       .padding(pair(conv.padding))
                                       .output_padding(pair(conv.output_padding))
                                       .groups(conv.groups)
                                       .bias(conv.bias)));
  }
  Apply operator()(const BatchNorm2d& norm) const {
    return with_parameters(torch::nn::BatchNorm2d(
        torch::nn::BatchNorm2dOptions(norm.features).eps(norm.eps).momentum(norm.momentum)));
  }
  Apply operator()(const Relu&) const {
    if (overwrites_input) return [](std::vector<Tensor>& in) { return torch::relu_(in.front()); };
    return [](std::vector<Tensor>& in) { return torch::relu(in.front()); };
  }
  Apply operator()(const Sigmoid&) const {
    return [](std::vector<Tensor>& in) { return torch::sigmoid(in.front()); };
  }
  Apply operator()(const MaxPool2d& pool) const {
    const auto options = torch::nn::functional::MaxPool2dFuncOptions(pair(pool.kernel))
                             .stride(pair(pool.stride))
                             .padding(pair(pool.padding));
    return
        [options](std::vector<Tensor>& in) { return torch::nn::functional::max_pool2d(in.front(), options); };
  }
  Apply operator()(const Concat&) const {
    return [](std::vector<Tensor>& in) { return torch::cat(in, 1); };
  }
  Apply operator()(const Add&) const {
    return [](std::vector<Tensor>& in) {
      Tensor sum = in.front();
      for (std::size_t i = 1; i < in.size(); ++i) sum = sum + in[i];
      return sum;
    };
  }
};

/// The index of the last node that takes each node's values; outputs are never done with.
std::vector<int> last_users(const Graph& graph) {
  const int count = static_cast<int>(graph.nodes().size());
  std::vector<int> last(graph.nodes().size(), -1);
  for (int i = 0; i < count; ++i)
    for (const int input : graph.nodes()[static_cast<std::size_t>(i)].inputs)
      if (input != kInput) last[static_cast<std::size_t>(input)] = i;
  for (const auto& [name, node] : graph.outputs()) last.at(static_cast<std::size_t>(node)) = count;
  return last;
}

/// True where a ReLU may write over its input: only it reads those values, and the layer that made them does
/// not need them for its gradient.
bool may_overwrite(const Graph& graph, int relu) {
  const int input = graph.nodes()[static_cast<std::size_t>(relu)].inputs.front();
  if (input == kInput) return false;
  for (const auto& [name, node] : graph.outputs())
    if (node == input) return false;
  const auto users = std::count_if(graph.nodes().begin(), graph.nodes().end(), [&](const Node& node) {
    return std::find(node.inputs.begin(), node.inputs.end(), input) != node.inputs.end();
  });
  const Layer& maker = graph.nodes()[static_cast<std::size_t>(input)].layer;
  return users == 1 && (std::holds_alternative<Conv2d>(maker) || std::holds_alternative<BatchNorm2d>(maker) ||
                        std::holds_alternative<ConvTranspose2d>(maker));
}

torch::ScalarType scalar_type(TensorType type) {
  switch (type) {
    case TensorType::float32:
      return torch::kFloat32;
    case TensorType::float64:
      return torch::kFloat64;
    case TensorType::float16:
      return torch::kFloat16;
    case TensorType::bfloat16:
      return torch::kBFloat16;
    case TensorType::int64:
      return torch::kInt64;
    case TensorType::int32:
      return torch::kInt32;
    case TensorType::int16:
      return torch::kInt16;
    case TensorType::int8:
      return torch::kInt8;
    case TensorType::uint8:
      return torch::kUInt8;
    case TensorType::boolean:
      return torch::kBool;
  }
  throw Error(Code::bug, "a tensor of an unknown type");
}

std::string shape_text(const std::vector<std::int64_t>& shape) {
  std::vector<std::string> sides;
  for (const std::int64_t side : shape) sides.push_back(std::to_string(side));
  return shape.empty() ? "one number" : joined(sides, "x");
}

/// What `expected` and `found` disagree on, each as a phrase; one "and N more" for what is past the first
/// few.
std::vector<std::string> differences(const std::vector<TensorSpec>& expected,
                                     const std::map<std::string, const NamedTensor*>& found) {
  std::vector<std::string> missing, reshaped, unexpected;
  std::map<std::string, const TensorSpec*> known;
  for (const TensorSpec& spec : expected) {
    known[spec.name] = &spec;
    const auto tensor = found.find(spec.name);
    if (tensor == found.end())
      missing.push_back(spec.name + " is missing");
    else if (tensor->second->shape != spec.shape)
      reshaped.push_back(spec.name + " is " + shape_text(tensor->second->shape) + " instead of " +
                         shape_text(spec.shape));
  }
  for (const auto& [name, tensor] : found)
    if (!known.count(name)) unexpected.push_back(in_quotes(name) + " is unexpected");
  std::vector<std::string> all;
  for (std::vector<std::string>* kind : {&missing, &reshaped, &unexpected}) {
    constexpr std::size_t kNamed = 3;
    if (kind->size() > kNamed) {
      const std::string more = "and " + std::to_string(kind->size() - kNamed) + " more";
      kind->resize(kNamed);
      kind->push_back(more);
    }
    all.insert(all.end(), kind->begin(), kind->end());
  }
  return all;
}

/// Parameters and buffers by name.
std::map<std::string, Tensor> tensors_of(const Network& network) {
  std::map<std::string, Tensor> tensors;
  for (const auto& item : network->named_parameters()) tensors[item.key()] = item.value();
  for (const auto& item : network->named_buffers()) tensors[item.key()] = item.value();
  return tensors;
}

}  // namespace

NetworkImpl::NetworkImpl(Graph graph) : graph_(std::move(graph)) {
  const std::vector<int> last = last_users(graph_);
  for (std::size_t i = 0; i < graph_.nodes().size(); ++i) {
    const Node& node = graph_.nodes()[i];
    const int index = static_cast<int>(i);
    const bool overwrites = std::holds_alternative<Relu>(node.layer) && may_overwrite(graph_, index);
    Step step{std::visit(LayerBuilder{*this, node, overwrites}, node.layer), {}};
    for (std::size_t made = 0; made < i; ++made)
      if (last[made] == index) step.last_uses.push_back(static_cast<int>(made));
    steps_.push_back(std::move(step));
  }
}

std::map<std::string, Tensor> NetworkImpl::forward(Tensor input) {
  std::vector<Tensor> values(steps_.size());
  for (std::size_t i = 0; i < steps_.size(); ++i) {
    std::vector<Tensor> inputs;
    for (const int from : graph_.nodes()[i].inputs)
      inputs.push_back(from == kInput ? input : values[static_cast<std::size_t>(from)]);
    values[i] = steps_[i].apply(inputs);
    for (const int done : steps_[i].last_uses) values[static_cast<std::size_t>(done)].reset();
  }
  std::map<std::string, Tensor> outputs;
  for (const auto& [name, node] : graph_.outputs())
    outputs[name] = node == kInput ? input : values[static_cast<std::size_t>(node)];
  return outputs;
}

void NetworkImpl::place(torch::Device device) {
  to(device);
  for (Tensor& parameter : parameters())
    if (parameter.dim() == 4) parameter.set_data(parameter.contiguous(torch::MemoryFormat::ChannelsLast));
}

StateDict state_dict(const Network& network) {
  const std::map<std::string, Tensor> tensors = tensors_of(network);
  StateDict state;
  for (const TensorSpec& spec : learn::state_of(network->graph())) {
    const Tensor tensor = tensors.at(spec.name).detach().cpu().contiguous();
    state.push_back({spec.name, spec.counter ? TensorType::int64 : TensorType::float32, spec.shape,
                     std::string(static_cast<const char*>(tensor.const_data_ptr()), tensor.nbytes())});
  }
  return state;
}

void load_state_dict(Network& network, const StateDict& state) {
  std::map<std::string, const NamedTensor*> found;
  for (const NamedTensor& tensor : state) found[tensor.name] = &tensor;
  const std::vector<TensorSpec> expected = learn::state_of(network->graph());
  if (const std::vector<std::string> wrong = differences(expected, found); !wrong.empty())
    throw Error(Code::bad_value, "the weights are not those of this network: " + joined(wrong, ", "));
  const torch::NoGradGuard no_grad;
  std::map<std::string, Tensor> tensors = tensors_of(network);
  for (const TensorSpec& spec : expected) {
    const NamedTensor& from = *found.at(spec.name);
    // from_blob takes a pointer to what it may not change; the copy reads only.
    const Tensor view = torch::from_blob(const_cast<char*>(from.bytes.data()), from.shape,
                                         torch::TensorOptions(scalar_type(from.type)));
    tensors.at(spec.name).copy_(view);
  }
}

}  // namespace maskmill::learn
