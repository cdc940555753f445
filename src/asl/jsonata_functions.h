// The functions that Step Functions adds to JSONata: $partition, $range, $hash, $random, $uuid and
// $parse. Pure: randomness comes from the environment. Source: AWS Step Functions Developer Guide,
// "Transforming data with JSONata", and what AWS answered where the guide says nothing.
#pragma once

#include <span>

#include "jsonata/jsonata.h"

namespace scones::asl {

// For jsonata::Environment::functions. Errors have JSONata's codes as reasons: T0410 and T0412 for
// arguments, D3137 for values, U1001 for a range that is too long.
std::span<const jsonata::NativeFunction> StatesFunctions();

}  // namespace scones::asl
