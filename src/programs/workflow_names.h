// The names under which `scones run` makes things, and `simulate` and `monitor` look for them.
#pragma once

namespace scones::programs {

inline constexpr char kEndpointName[] = "scones-classify";
inline constexpr char kStateMachineName[] = "scones-classify";
inline constexpr char kVariantName[] = "AllTraffic";
inline constexpr char kRoleName[] = "scones-workflow";
// The functions' names are those of the well-known state machine, so that its definition runs too.
inline constexpr char kSerializeFunction[] = "serializerImageData";
inline constexpr char kClassifyFunction[] = "imageClassificationInference";
inline constexpr char kFilterFunction[] = "filterLowConfidencePredictions";

inline constexpr char kCapturedPrefix[] = "captured";
inline constexpr char kTestList[] = "test.lst";
inline constexpr char kClassList[] = "classes.json";

}  // namespace scones::programs
