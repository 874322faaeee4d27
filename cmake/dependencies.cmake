# Libraries from the distribution's packages (tools/install_dependencies.sh lists them).
find_package(nlohmann_json 3.11 REQUIRED)
find_package(fmt 9 REQUIRED)
find_package(CLI11 2.1 REQUIRED)
find_package(Threads REQUIRED)
find_package(GTest 1.12 REQUIRED)
find_package(benchmark 1.7 REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(HWY REQUIRED IMPORTED_TARGET libhwy)
pkg_check_modules(PCRE2 REQUIRED IMPORTED_TARGET libpcre2-8)
pkg_check_modules(UTF8PROC REQUIRED IMPORTED_TARGET libutf8proc)

# Reference outputs of the real tools (tests/oracles/README.md) that tests and `make study` use.
if(NOT EXISTS ${PROJECT_BINARY_DIR}/oracles/README.md
   OR ${PROJECT_SOURCE_DIR}/tests/oracles/engine.tar.xz IS_NEWER_THAN ${PROJECT_BINARY_DIR}/oracles/README.md)
  file(ARCHIVE_EXTRACT INPUT ${PROJECT_SOURCE_DIR}/tests/oracles/engine.tar.xz
    DESTINATION ${PROJECT_BINARY_DIR}/oracles)
  file(TOUCH ${PROJECT_BINARY_DIR}/oracles/README.md)
endif()

# A real Qwen vocabulary (tests/text/README.md) for the tokenizer's tests.
if(NOT EXISTS ${PROJECT_BINARY_DIR}/oracles/qwen3/tokenizer.json)
  file(ARCHIVE_EXTRACT INPUT ${PROJECT_SOURCE_DIR}/tests/text/qwen3-tokenizer.tar.xz
    DESTINATION ${PROJECT_BINARY_DIR}/oracles/qwen3)
endif()
