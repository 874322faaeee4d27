# quantrial_module(name [dependency ...]): src/<name>/**.cpp becomes the library quantrial_<name>;
# every src/<name>/**_test.cpp goes into the test binary <name>_test.
function(quantrial_warnings target)
  # g++ 12 sees overlaps that are not there in std::string + "literal" at -O3 (GCC bug 105651).
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wconversion -Wshadow -Werror
    -Wno-restrict)
endfunction()

add_library(quantrial_flags INTERFACE)
target_include_directories(quantrial_flags INTERFACE ${PROJECT_SOURCE_DIR}/src
  ${PROJECT_BINARY_DIR}/generated)
target_compile_options(quantrial_flags INTERFACE -ffp-contract=off)
if(QUANTRIAL_SANITIZE)
  target_compile_options(quantrial_flags INTERFACE -fsanitize=${QUANTRIAL_SANITIZE}
    -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(quantrial_flags INTERFACE -fsanitize=${QUANTRIAL_SANITIZE})
endif()

# Third-party libraries that a module may use; each stays behind that module's own files.
set(quantrial_base_libraries fmt::fmt Threads::Threads yaml-cpp PkgConfig::LZMA PkgConfig::ZLIB)
set(quantrial_tensor_libraries nlohmann_json::nlohmann_json)
set(quantrial_formats_libraries nlohmann_json::nlohmann_json PkgConfig::HWY PkgConfig::PCRE2)
set(quantrial_ops_libraries PkgConfig::HWY)
set(quantrial_model_libraries nlohmann_json::nlohmann_json)
set(quantrial_report_libraries nlohmann_json::nlohmann_json)
set(quantrial_quantize_libraries nlohmann_json::nlohmann_json)
set(quantrial_evals_libraries nlohmann_json::nlohmann_json PkgConfig::SQLITE PkgConfig::PCRE2
  PkgConfig::UTF8PROC PkgConfig::HTTPLIB OpenSSL::SSL)
set(quantrial_study_libraries nlohmann_json::nlohmann_json)
set(quantrial_sandbox_libraries PkgConfig::SECCOMP)
set(quantrial_text_libraries nlohmann_json::nlohmann_json PkgConfig::PCRE2 PkgConfig::UTF8PROC)

# Lets g++ put loops with `a < b ? c : d` of floats into vector code; changes no number.
set(quantrial_formats_options -fno-trapping-math)

function(quantrial_module name)
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/${name}/*.cpp)
  set(tests ${sources})
  list(FILTER sources EXCLUDE REGEX "_test\\.cpp$")
  list(FILTER tests INCLUDE REGEX "_test\\.cpp$")
  if(sources)
    add_library(quantrial_${name} STATIC ${sources})
    set(visibility PUBLIC)
    quantrial_warnings(quantrial_${name})
    target_compile_options(quantrial_${name} PRIVATE ${quantrial_${name}_options})
  else()
    add_library(quantrial_${name} INTERFACE)
    set(visibility INTERFACE)
  endif()
  list(TRANSFORM ARGN PREPEND quantrial_)
  target_link_libraries(quantrial_${name} ${visibility} quantrial_flags ${ARGN}
    ${quantrial_${name}_libraries})
  if(tests)
    quantrial_test(${name}_test ${tests})
    target_link_libraries(${name}_test PRIVATE quantrial_${name})
  endif()
endfunction()

# quantrial_test(name [SLOW] source ...): a GoogleTest binary whose cases are known to ctest one by
# one; SLOW: not among the tests that take under a minute together.
function(quantrial_test name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "SLOW" "" "")
  set(label fast)
  if(arg_SLOW)
    set(label slow)
  endif()
  add_executable(${name} ${arg_UNPARSED_ARGUMENTS})
  quantrial_warnings(${name})
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR})
  target_link_libraries(${name} PRIVATE GTest::gtest_main)
  target_compile_definitions(${name} PRIVATE
    QUANTRIAL_ORACLES="${PROJECT_BINARY_DIR}/oracles"
    QUANTRIAL_SOURCE="${PROJECT_SOURCE_DIR}")
  gtest_discover_tests(${name} TEST_PREFIX "${name}." PROPERTIES LABELS ${label} DISCOVERY_TIMEOUT 60)
endfunction()
include(GoogleTest)

# quantrial_embed(file include): the bytes of `file` as numbers that C++ can #include as `include`.
function(quantrial_embed file include)
  set(output ${PROJECT_BINARY_DIR}/generated/${include})
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/${file})
  if(NOT ${PROJECT_SOURCE_DIR}/${file} IS_NEWER_THAN ${output})
    return()
  endif()
  file(READ ${PROJECT_SOURCE_DIR}/${file} bytes HEX)
  string(REGEX REPLACE "(..)" "0x\\1," bytes ${bytes})
  file(WRITE ${output} ${bytes})
endfunction()
