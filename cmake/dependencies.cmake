# Libraries from the distribution's packages (tools/install_dependencies.sh lists them).
find_package(nlohmann_json 3.11 REQUIRED)
find_package(fmt 9 REQUIRED)
find_package(CLI11 2.1 REQUIRED)
find_package(yaml-cpp 0.7 REQUIRED)
find_package(Threads REQUIRED)
find_package(GTest 1.12 REQUIRED)
find_package(benchmark 1.7 REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(HWY REQUIRED IMPORTED_TARGET libhwy)
pkg_check_modules(PCRE2 REQUIRED IMPORTED_TARGET libpcre2-8)
pkg_check_modules(UTF8PROC REQUIRED IMPORTED_TARGET libutf8proc)
pkg_check_modules(LZMA REQUIRED IMPORTED_TARGET liblzma)
pkg_check_modules(ZLIB REQUIRED IMPORTED_TARGET zlib)
pkg_check_modules(SECCOMP REQUIRED IMPORTED_TARGET libseccomp)
pkg_check_modules(SQLITE REQUIRED IMPORTED_TARGET sqlite3)
pkg_check_modules(HTTPLIB REQUIRED IMPORTED_TARGET cpp-httplib)
find_package(OpenSSL REQUIRED)

# Unpacks `archive` into `folder` of the build tree, again when the archive changed.
function(quantrial_unpack archive folder)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/${archive})
  file(SHA256 ${PROJECT_SOURCE_DIR}/${archive} digest)
  set(stamp ${PROJECT_BINARY_DIR}/unpacked/${digest})
  if(NOT EXISTS ${stamp})
    file(ARCHIVE_EXTRACT INPUT ${PROJECT_SOURCE_DIR}/${archive}
      DESTINATION ${PROJECT_BINARY_DIR}/${folder})
    file(WRITE ${stamp} ${archive})
  endif()
endfunction()

# Reference outputs of the real tools (tests/oracles/README.md) that tests and `make study` use.
quantrial_unpack(tests/oracles/engine.tar.xz oracles)
quantrial_unpack(tests/oracles/family.tar.xz oracles/family)
# One block with activations and the errors of the reference tools (tests/yardstick.h).
quantrial_unpack(tests/oracles/yardstick.tar.xz oracles)
# A real Qwen vocabulary (tests/text/README.md) for the tokenizer's tests.
quantrial_unpack(tests/text/qwen3-tokenizer.tar.xz oracles/qwen3)
