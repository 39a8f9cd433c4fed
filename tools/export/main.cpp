// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "base/error.h"
#include "base/text.h"
#include "data_options.h"
#include "learn/export_run.h"
#include "learn/initial_weights.h"
#include "learn/tensor_file.h"

using namespace maskmill;
using namespace maskmill::tools;

namespace {

// Without torch there is nobody to compile a script.
#ifdef MASKMILL_TORCH
enum class Target { pth, safetensors, torchscript };
constexpr const char* kTargets =
    "pth, which torch.load reads; safetensors, which Hugging Face's package reads; or torchscript, of a run, which "
    "torch.jit.load reads: the network itself";
#else
enum class Target { pth, safetensors };
constexpr const char* kTargets =
    "pth, which torch.load reads, or safetensors, which Hugging Face's package reads";
#endif

}  // namespace

#ifdef MASKMILL_TORCH
template <>
inline constexpr std::array<std::string_view, 3> maskmill::enum_names<Target>{"pth", "safetensors",
                                                                              "torchscript"};
#else
template <>
inline constexpr std::array<std::string_view, 2> maskmill::enum_names<Target>{"pth", "safetensors"};
#endif

namespace {

struct Options {
  CommonOptions common;
  OutputOptions output;
  Target to = Target::safetensors;
  static void visit(auto& self, auto&& setting) {
    setting("to", self.to, kTargets);
    OutputOptions::visit(self.output, setting);
    CommonOptions::visit(self.common, setting);
  }
};

const Verb kVerb{
    MASKMILL_VERB,
    MASKMILL_SUMMARY,
    "The best weights of a run, or a file of weights, in another format: names, shapes and bytes stay.\n"
    "What was written is read again and held against them, or the network, before it takes its place.",
    {{"RUN", "a run directory of maskmill train, or a file of weights (.pth, .safetensors)"}},
    {{"maskmill export work/run --to safetensors -o model.safetensors", "a run's best weights"},
#ifdef MASKMILL_TORCH
     {"maskmill export work/run --to torchscript -o model.pt", "the network itself, for torch.jit.load"},
#endif
     {"maskmill export resnet50.pth -o resnet50.safetensors", "weights from elsewhere"}}};

// A format may keep them in another order.
learn::StateDict by_name(learn::StateDict state) {
  std::ranges::sort(state, {}, &learn::NamedTensor::name);
  return state;
}

std::string encoded(const learn::StateDict& state, [[maybe_unused]] const Path& from, const Path& target,
                    Target to) {
#ifdef MASKMILL_TORCH
  if (to == Target::torchscript) return learn::encode_torchscript(from);
#endif
  const bool safe = to == Target::safetensors;
  std::string bytes = safe ? encode_safetensors(state) : encode_pth(state);
  if (by_name(safe ? learn::decode_safetensors(bytes, target) : learn::decode_pth(bytes, target)) !=
      by_name(state))
    throw Error(Code::bug, "what was written is not what was read").at_file(target);
  return bytes;
}

int run(const CommandLine& line, const Options& options) {
  const Path from(line.operand("RUN"));
  const Path target = options.output.output;
  const learn::StateDict state = learn::read_weights(from);
  const std::string bytes = encoded(state, from, target, options.to);
  OutputFile file(target, overwrite(options.output.force));
  file.write(bytes);
  file.commit();
  line.print(counted(state.size(), "tensor") + ": " + target.string() + "\n",
             {{"tensors", state.size()}, {"bytes", bytes.size()}, {"output", target.string()}});
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  return run_tool<Options>(argc, argv, kVerb, run);
}
