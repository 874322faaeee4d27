// Writes the tiny model in every container, for tests/oracles/load_folders.py.
//   write_rounded_folders TINY_MM OUT
#include <cstdio>

#include "tests/rounded_folder.h"

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: write_rounded_folders TINY_MM OUT\n");
    return 2;
  }
  try {
    for (const quantrial::RoundedFolder& folder : quantrial::rounded_folders()) {
      quantrial::write_rounded_folder(folder, argv[1],
                                      std::filesystem::path(argv[2]) / folder.name);
    }
  } catch (const quantrial::Error& error) {
    std::fprintf(stderr, "write_rounded_folders: error: %s\n", error.what());
    return 1;
  }
  return 0;
}
