# Puts models/*.safetensors into scones-train: a source file that takes in their bytes and names
# them, so that no path has to be found at run time.
file(GLOB backbone_files CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/models/*.safetensors)
set(bytes "")
set(symbols "")
set(rows "")
set(index 0)
foreach(file IN LISTS backbone_files)
  get_filename_component(name ${file} NAME_WE)
  set(symbol scones_backbone_${index})
  string(APPEND bytes
    "    \".global ${symbol}_begin\\n.global ${symbol}_end\\n.balign 64\\n\"\n"
    "    \"${symbol}_begin:\\n.incbin \\\"${file}\\\"\\n${symbol}_end:\\n\"\n")
  string(APPEND symbols "extern \"C\" const unsigned char ${symbol}_begin[], ${symbol}_end[];\n")
  string(APPEND rows "    {\"${name}\", ${symbol}_begin, ${symbol}_end},\n")
  math(EXPR index "${index} + 1")
endforeach()
set(embedded_backbones ${CMAKE_CURRENT_BINARY_DIR}/embedded_backbones.cc)
file(CONFIGURE OUTPUT ${embedded_backbones} CONTENT
"#include \"train/embedded_backbones.h\"
asm(\".section .rodata\\n\"
${bytes}    \".text\\n\");
${symbols}
namespace scones::train {
const EmbeddedFile kEmbeddedBackbones[] = {
${rows}    {nullptr, nullptr, nullptr}};
const std::size_t kEmbeddedBackboneCount = ${index};
}  // namespace scones::train
" @ONLY)
set_source_files_properties(${embedded_backbones} PROPERTIES OBJECT_DEPENDS "${backbone_files}")
