// The Python runtime (detail/python_runtime.py), carried inside the binary.
#pragma once

namespace scones::functions {

extern const char* const kPythonRuntime;

}  // namespace scones::functions
