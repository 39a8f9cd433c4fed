// SPDX-License-Identifier: Apache-2.0
#include "learn/torch/module.h"

#include <algorithm>
#include <array>
#include <memory>

#include "base/error.h"
#include "base/text.h"
#include "learn/torch/deterministic.h"
#include "learn/torch/sparse_convolution.h"

namespace maskmill::learn {
namespace {

using torch::Tensor;

constexpr std::string_view kAuxiliary = "aux";  // of use to training alone

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
  bool overwrites_input;                     ///< nothing else needs the values that come in
  std::shared_ptr<torch::nn::Module>& made;  ///< where the layer is a module of its own

  template <class Module>
  Apply with_parameters(Module module) const {
    const std::vector<std::string> parts = split_text(node.name, '.');
    parent_of(root, parts).register_module(parts.back(), module);
    made = module.ptr();
    return [module](std::vector<Tensor>& in) mutable { return module->forward(in.front()); };
  }

  Apply operator()(const Conv2d& conv) const {
    const torch::nn::Conv2d module(torch::nn::Conv2dOptions(conv.in, conv.out, pair(conv.kernel))
                                       .stride(pair(conv.stride))
                                       .padding(pair(conv.padding))
                                       .dilation(pair(conv.dilation))
                                       .groups(conv.groups)
                                       .bias(conv.bias));
    const Apply apply = with_parameters(module);
    if (!conv.read_at_few) return apply;
    return [apply, module, padding = std::vector<std::int64_t>{conv.padding.height, conv.padding.width}](
               std::vector<Tensor>& in) {
      if (!torch::GradMode::is_enabled() || !in.front().is_cpu()) return apply(in);
      return conv2d_read_at_few(in.front(), module->weight, module->bias, padding);
    };
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
  Apply operator()(const FrozenBatchNorm2d& norm) const {
    const std::vector<std::string> parts = split_text(node.name, '.');
    const auto module = parent_of(root, parts)
                            .register_module(parts.back(), std::make_shared<torch::nn::Module>(parts.back()));
    made = module;
    const Tensor weight = module->register_buffer("weight", torch::ones(norm.features));
    const Tensor bias = module->register_buffer("bias", torch::zeros(norm.features));
    const Tensor mean = module->register_buffer("running_mean", torch::zeros(norm.features));
    const Tensor variance = module->register_buffer("running_var", torch::ones(norm.features));
    return [weight, bias, mean, variance, eps = norm.eps](std::vector<Tensor>& in) {
      return torch::batch_norm(in.front(), weight, bias, mean, variance, /*training=*/false, /*momentum=*/0,
                               eps,
                               /*cudnn_enabled=*/true);
    };
  }
  Apply operator()(const Linear& linear) const {
    const Apply apply = with_parameters(torch::nn::Linear(linear.in, linear.out));
    return [apply](std::vector<Tensor>& in) {
      in.front() = in.front().flatten(1);
      return apply(in);
    };
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
  Apply operator()(const Dropout& dropout) const {
    return with_parameters(torch::nn::Dropout(torch::nn::DropoutOptions(dropout.p)));
  }
  Apply operator()(const GlobalAvgPool&) const {
    return [](std::vector<Tensor>& in) { return torch::adaptive_avg_pool2d(in.front(), {1, 1}); };
  }
  Apply operator()(const Interpolate&) const {
    return [](std::vector<Tensor>& in) {
      const std::vector<std::int64_t> size{in.back().size(2), in.back().size(3)};
      return needs_deterministic(in.front())
                 ? bilinear_by_products(in.front(), size[0], size[1])
                 : torch::upsample_bilinear2d(in.front(), size, /*align_corners=*/false);
    };
  }
  Apply operator()(const InterpolateNearest&) const {
    return [](std::vector<Tensor>& in) {
      return torch::upsample_nearest2d(in.front(), {in.back().size(2), in.back().size(3)});
    };
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

constexpr std::array<std::pair<TensorType, torch::ScalarType>, 10> kTypes{{
    {TensorType::float32, torch::kFloat32},
    {TensorType::float64, torch::kFloat64},
    {TensorType::float16, torch::kFloat16},
    {TensorType::bfloat16, torch::kBFloat16},
    {TensorType::int64, torch::kInt64},
    {TensorType::int32, torch::kInt32},
    {TensorType::int16, torch::kInt16},
    {TensorType::int8, torch::kInt8},
    {TensorType::uint8, torch::kUInt8},
    {TensorType::boolean, torch::kBool},
}};

torch::ScalarType scalar_type(TensorType type) {
  for (const auto& [ours, theirs] : kTypes)
    if (ours == type) return theirs;
  throw Error(Code::bug, "a tensor of an unknown type");
}

TensorType type_of(torch::ScalarType type) {
  for (const auto& [ours, theirs] : kTypes)
    if (theirs == type) return ours;
  throw Error(Code::bug, "a tensor of a type that no file holds");
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

using Modules = std::vector<std::shared_ptr<torch::nn::Module>>;

/// draw() weights of the convolutions among them, anew.
void redraw(const Modules& modules, int first, int last, bool zero_bias,
            const std::function<void(Tensor)>& draw) {
  const torch::NoGradGuard no_grad;
  const auto one = [&](const auto& conv) {
    if (!conv) return;
    draw(conv->weight);
    if (zero_bias && conv->bias.defined()) conv->bias.zero_();
  };
  for (int i = first; i < last; ++i) {
    const auto& module = modules[static_cast<std::size_t>(i)];
    one(std::dynamic_pointer_cast<torch::nn::Conv2dImpl>(module));
    one(std::dynamic_pointer_cast<torch::nn::ConvTranspose2dImpl>(module));
  }
}

}  // namespace

NetworkImpl::NetworkImpl(Graph graph)
    : graph_(std::move(graph)), layers_(graph_.nodes().size()), all_(plan_for(graph_, graph_.outputs())) {
  Modules modules(layers_.size());
  const auto make = [&](int index) {
    const auto i = static_cast<std::size_t>(index);
    const Node& node = graph_.nodes()[i];
    layers_[i] =
        std::visit(LayerBuilder{*this, node, writes_over_input(graph_, index), modules[i]}, node.layer);
  };
  for (const Draw& draw : graph_.draws()) {
    if (const auto* defaults = std::get_if<DrawDefaults>(&draw))
      for (int i = defaults->first; i < defaults->last; ++i) make(i);
    else if (const auto* kaiming = std::get_if<DrawKaiming>(&draw))
      redraw(modules, kaiming->first, kaiming->last, kaiming->zero_bias, [](Tensor weight) {
        torch::nn::init::kaiming_normal_(std::move(weight), 0, torch::kFanOut, torch::kReLU);
      });
    else if (const auto* uniform = std::get_if<DrawKaimingUniform>(&draw))
      redraw(modules, uniform->first, uniform->last, true, [](Tensor weight) {
        torch::nn::init::kaiming_uniform_(std::move(weight), 1, torch::kFanIn, torch::kLeakyReLU);
      });
    else if (const auto* normal = std::get_if<DrawNormal>(&draw))
      redraw(modules, normal->first, normal->last, true,
             [std = normal->std](Tensor weight) { torch::nn::init::normal_(std::move(weight), 0, std); });
    else if (const auto* unused = std::get_if<DrawUnused>(&draw))
      torch::nn::Linear(unused->in, unused->out);
  }
  for (std::size_t i = 0; i < layers_.size(); ++i)
    if (!layers_[i]) make(static_cast<int>(i));  // without weights to draw
  auto used = graph_.outputs();
  std::erase_if(used, [](const auto& output) { return output.first == kAuxiliary; });
  out_ = plan_for(graph_, std::move(used));
  const auto first_modules = [&](int count) {
    Modules first(modules.begin(), modules.begin() + count);
    std::erase(first, nullptr);
    return first;
  };
  encoder_ = first_modules(graph_.encoder_size());
  frozen_ = first_modules(graph_.frozen());
  freeze_first();
}

NetworkImpl::Plan NetworkImpl::plan_for(const Graph& graph,
                                        std::vector<std::pair<std::string, int>> outputs) {
  const std::size_t count = graph.nodes().size();
  constexpr int kNever = -1;
  std::vector<int> last_user(count, kNever);
  for (const auto& [name, node] : outputs)
    if (node >= 0) last_user[static_cast<std::size_t>(node)] = static_cast<int>(count);
  for (std::size_t i = count; i-- > 0;) {
    if (last_user[i] == kNever) continue;  // leads to no output
    for (const int input : graph.nodes()[i].inputs)
      if (input >= 0 && last_user[static_cast<std::size_t>(input)] == kNever)
        last_user[static_cast<std::size_t>(input)] = static_cast<int>(i);
  }
  Plan plan{{}, std::move(outputs)};
  for (std::size_t i = 0; i < count; ++i) {
    if (last_user[i] == kNever) continue;
    plan.steps.push_back({static_cast<int>(i), {}});
    for (std::size_t made = 0; made < i; ++made)
      if (last_user[made] == static_cast<int>(i))
        plan.steps.back().last_uses.push_back(static_cast<int>(made));
  }
  return plan;
}

NetworkImpl::Plan NetworkImpl::plan_for(const std::vector<std::string>& outputs) const {
  auto named = graph_.outputs();
  std::erase_if(
      named, [&](const auto& output) { return std::ranges::find(outputs, output.first) == outputs.end(); });
  if (named.size() != outputs.size())
    throw Error(Code::bug, "a network has no such output: " + joined(outputs, ", "));
  return plan_for(graph_, std::move(named));
}

std::map<std::string, Tensor> NetworkImpl::forward(const Plan& plan, std::vector<Tensor> given) {
  const auto value_of = [&](const std::vector<Tensor>& values, int node) {
    return node < 0 ? given.at(static_cast<std::size_t>(kInput - node))
                    : values[static_cast<std::size_t>(node)];
  };
  std::vector<Tensor> values(layers_.size());
  for (const Plan::Step& step : plan.steps) {
    const auto node = static_cast<std::size_t>(step.node);
    std::vector<Tensor> inputs;
    for (const int from : graph_.nodes()[node].inputs) inputs.push_back(value_of(values, from));
    values[node] = layers_[node](inputs);
    for (const int done : step.last_uses) values[static_cast<std::size_t>(done)].reset();
  }
  std::map<std::string, Tensor> outputs;
  for (const auto& [name, node] : plan.outputs) outputs[name] = value_of(values, node);
  return outputs;
}

std::map<std::string, Tensor> NetworkImpl::forward(Tensor input) {
  return forward(is_training() ? all_ : out_, {std::move(input)});
}

std::map<std::string, Tensor> NetworkImpl::tensors() const {
  std::map<std::string, Tensor> tensors;
  for (const auto& item : named_parameters()) tensors[item.key()] = item.value();
  for (const auto& item : named_buffers()) tensors[item.key()] = item.value();
  return tensors;
}

void NetworkImpl::freeze_encoder(bool frozen) {
  encoder_frozen_ = frozen;
  for (const auto& module : encoder_) {
    for (Tensor& parameter : module->parameters()) parameter.set_requires_grad(!frozen);
    module->train(is_training() && !frozen);
  }
  freeze_first();
}

void NetworkImpl::freeze_first() {
  for (const auto& module : frozen_)
    for (Tensor& parameter : module->parameters()) parameter.set_requires_grad(false);
}

void NetworkImpl::train(bool on) {
  if (on && prepared_) throw Error(Code::bug, "a network prepared for inference is trained no more");
  torch::nn::Module::train(on);
  if (!encoder_frozen_) return;
  for (const auto& module : encoder_) module->train(false);
}

void NetworkImpl::place(torch::Device device) {
  to(device);
  for (Tensor& parameter : parameters())
    if (parameter.dim() == 4) parameter.set_data(parameter.contiguous(torch::MemoryFormat::ChannelsLast));
}

NamedTensor to_named_tensor(const std::string& name, const Tensor& tensor) {
  const Tensor plain = tensor.detach().cpu().contiguous();
  return {name, type_of(plain.scalar_type()), plain.sizes().vec(),
          std::string(static_cast<const char*>(plain.const_data_ptr()), plain.nbytes())};
}

Tensor to_tensor(const NamedTensor& tensor) {
  // from_blob takes a pointer to what it may not change; the copy reads only.
  return torch::from_blob(const_cast<char*>(tensor.bytes.data()), tensor.shape,
                          torch::TensorOptions(scalar_type(tensor.type)))
      .clone();
}

StateDict state_dict(const Network& network) {
  if (network->prepared_for_inference())
    throw Error(Code::bug, "a network prepared for inference has its weights in other forms");
  const std::map<std::string, Tensor> tensors = network->tensors();
  StateDict state;
  for (const TensorSpec& spec : learn::state_of(network->graph()))
    state.push_back(to_named_tensor(spec.name, tensors.at(spec.name)));
  return state;
}

void load_state_dict(Network& network, const StateDict& state) {
  std::map<std::string, const NamedTensor*> found;
  for (const NamedTensor& tensor : state) found[tensor.name] = &tensor;
  const std::vector<TensorSpec> expected = learn::state_of(network->graph());
  if (const std::vector<std::string> wrong = differences(expected, found); !wrong.empty())
    throw Error(Code::bad_value, "the weights are not those of this network: " + joined(wrong, ", "));
  load_some(network, state);
}

void load_some(Network& network, const StateDict& state) {
  const torch::NoGradGuard no_grad;
  std::map<std::string, Tensor> tensors = network->tensors();
  for (const NamedTensor& tensor : state) tensors.at(tensor.name).copy_(to_tensor(tensor));
}

}  // namespace maskmill::learn
