# scones_module(NAME [PUBLIC deps...] [PRIVATE deps...])
#
# One library per directory of src/: every .cc there (and in detail/) except tests, benchmarks and
# fuzz targets, which are picked up by their suffix: *_test.cc make NAME_test (registered with
# ctest), *_bench.cc make NAME_bench, and each *_fuzz.cc is a libFuzzer program.
# The dependencies named here are also what scripts/check_layers.py holds the includes to.

add_library(scones_warnings INTERFACE)
target_compile_options(scones_warnings INTERFACE
  -fPIC -Wall -Wextra -Werror -Wnon-virtual-dtor -Wunused-result -Wno-missing-field-initializers
  $<$<CXX_COMPILER_ID:Clang>:-Wthread-safety>)
# Coroutine frames of GCC 12 trip these two without cause.
target_compile_options(scones_warnings INTERFACE
  $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized -Wno-mismatched-new-delete>)
# Without its time of making, the precompiled header is the same file again, and ccache finds its work.
target_compile_options(scones_warnings INTERFACE
  $<$<CXX_COMPILER_ID:Clang>:SHELL:-Xclang -fno-pch-timestamp>)
target_compile_definitions(scones_warnings INTERFACE BOOST_ASIO_NO_DEPRECATED)
target_include_directories(scones_warnings INTERFACE ${CMAKE_SOURCE_DIR}/src)
if(SCONES_SANITIZE)
  target_compile_options(scones_warnings INTERFACE
    -fsanitize=${SCONES_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(scones_warnings INTERFACE -fsanitize=${SCONES_SANITIZE})
endif()
if(SCONES_FUZZ)
  target_compile_options(scones_warnings INTERFACE -fsanitize=fuzzer-no-link)
endif()

# The heavy third-party headers are parsed once for the whole tree.
file(WRITE ${CMAKE_BINARY_DIR}/pch/pch.cc "")
add_library(scones_pch STATIC ${CMAKE_BINARY_DIR}/pch/pch.cc)
target_link_libraries(scones_pch PRIVATE scones_warnings Boost::json fmt::fmt)
target_precompile_headers(scones_pch PRIVATE ${CMAKE_SOURCE_DIR}/cmake/pch.h)

function(scones_target name)
  target_link_libraries(${name} PRIVATE scones_warnings)
  target_precompile_headers(${name} REUSE_FROM scones_pch)
endfunction()

function(scones_module name)
  cmake_parse_arguments(arg "" "" "PUBLIC;PRIVATE" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS *.cc detail/*.cc)
  file(GLOB tests CONFIGURE_DEPENDS *_test.cc detail/*_test.cc)
  file(GLOB benches CONFIGURE_DEPENDS *_bench.cc)
  file(GLOB fuzzers CONFIGURE_DEPENDS *_fuzz.cc)
  list(REMOVE_ITEM sources ${tests} ${benches} ${fuzzers} "")

  add_library(scones_${name} STATIC ${sources})
  add_library(scones::${name} ALIAS scones_${name})
  target_link_libraries(scones_${name} PUBLIC ${arg_PUBLIC} PRIVATE ${arg_PRIVATE})
  scones_target(scones_${name})

  if(SCONES_TESTS AND tests)
    add_executable(${name}_test ${tests})
    target_link_libraries(${name}_test PRIVATE scones_${name} ${arg_PRIVATE} GTest::gmock GTest::gtest_main)
    scones_target(${name}_test)
    add_test(NAME ${name} COMMAND ${name}_test WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
  endif()
  if(SCONES_BENCH AND benches)
    add_executable(${name}_bench ${benches})
    target_link_libraries(${name}_bench PRIVATE scones_${name} ${arg_PRIVATE} benchmark::benchmark_main)
    scones_target(${name}_bench)
  endif()
  if(SCONES_FUZZ)
    foreach(source ${fuzzers})
      get_filename_component(fuzzer ${source} NAME_WE)
      add_executable(${fuzzer} ${source})
      target_link_libraries(${fuzzer} PRIVATE scones_${name} ${arg_PRIVATE})
      target_link_options(${fuzzer} PRIVATE -fsanitize=fuzzer)
      scones_target(${fuzzer})
    endforeach()
  endif()
endfunction()
