// What is wrong with a text that is not JSON, in the words of AWS's parser. Pure; any thread.
// Source: recorded answers; the messages of the parser Jackson, which they are.
#pragma once

#include <string>
#include <string_view>

namespace scones::asl {

struct JsonFault {
  std::string what;
  int line = 1;    // of where reading stopped,
  int column = 1;  // in bytes, both from 1
};

// The first fault of `text`; `what` is empty where there is none of syntax. Takes time linear in
// the text, whatever its depth.
JsonFault FindJsonFault(std::string_view text);

}  // namespace scones::asl
