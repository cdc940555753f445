#include "nn/detail/eltwise.h"

namespace scones::nn {

using dnnl::algorithm;

std::vector<Eltwise> EltwisesOf(const Activation& activation) {
  const float a = activation.alpha;
  const float b = activation.beta;
  switch (activation.function) {
    case Function::kClip:
      // relu's parameter is its slope below zero.
      if (activation == Relu()) return {{algorithm::eltwise_relu}};
      return {{algorithm::eltwise_clip, a, b}};
    case Function::kLeakyRelu:
      return {{algorithm::eltwise_relu, a}};
    case Function::kElu:
      return {{algorithm::eltwise_elu, a}};
    case Function::kSigmoid:
      return {{algorithm::eltwise_logistic}};
    case Function::kSwish:
      return {{algorithm::eltwise_swish, a}};
    case Function::kHardSigmoid:
      return {{algorithm::eltwise_linear, a, b}, {algorithm::eltwise_clip, 0, 1}};
    case Function::kHardSwish:
      return {{algorithm::eltwise_hardswish}};
    case Function::kGelu:
      return {{algorithm::eltwise_gelu_erf}};
    case Function::kGeluTanh:
      return {{algorithm::eltwise_gelu_tanh}};
    case Function::kTanh:
      return {{algorithm::eltwise_tanh}};
    case Function::kSoftplus:
      return {{algorithm::eltwise_soft_relu}};
    case Function::kMish:
      return {{algorithm::eltwise_mish}};
    case Function::kErf:  // oneDNN has it only as part of gelu; Model::FromOnnx refuses what is
                          // left
      break;
    case Function::kExp:
      return {{algorithm::eltwise_exp}};
    case Function::kLog:
      return {{algorithm::eltwise_log}};
    case Function::kSqrt:
      return {{algorithm::eltwise_sqrt}};
    case Function::kAbs:
      return {{algorithm::eltwise_abs}};
    case Function::kLinear:
      return {{algorithm::eltwise_linear, a, b}};
    case Function::kPower:
      return {{algorithm::eltwise_pow, a, b}};
  }
  throw dnnl::error(dnnl_unimplemented, "there is no such function");
}

}  // namespace scones::nn
