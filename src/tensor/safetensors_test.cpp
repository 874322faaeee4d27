#include "tensor/safetensors.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <csignal>
#include <fstream>

#include "base/error.h"
#include "base/temporary_folder.h"
#include "tensor/new_folder.h"
#include "tensor/numbers.h"
#include "tensor/safetensors_writer.h"

namespace quantrial {
namespace {

namespace fs = std::filesystem;

class Safetensors : public ::testing::Test {
 protected:
  // A file with this header and `data_bytes` bytes 0, 1, 2, ...
  fs::path write(const std::string& header, size_t data_bytes, uint64_t length = 0) {
    const fs::path path = dir_ / "case.safetensors";
    std::ofstream out(path, std::ios::binary);
    if (length == 0) length = header.size();
    out.write(reinterpret_cast<const char*>(&length), 8) << header;
    for (size_t i = 0; i < data_bytes; ++i) out.put(static_cast<char>(i));
    return path;
  }
  std::string error_of(const std::string& header, size_t data_bytes, uint64_t length = 0) {
    try {
      const SafetensorsFile file(write(header, data_bytes, length));
    } catch (const Error& error) {
      return error.what();
    }
    return "no error";
  }

  const TemporaryFolder folder_;
  const fs::path dir_ = folder_.path();
};

TEST_F(Safetensors, ReadsAlignedAndUnalignedTensorsInFileOrder) {
  const SafetensorsFile file(
      write(R"({"b":{"dtype":"F32","shape":[1,2],"data_offsets":[3,11]},)"
            R"("__metadata__":{"format":"pt"},)"
            R"("a":{"dtype":"U8","shape":[3],"data_offsets":[0,3]},)"
            R"("empty":{"dtype":"BF16","shape":[0,7],"data_offsets":[11,11]},)"
            R"("scalar":{"dtype":"BF16","shape":[],"data_offsets":[11,13]}} )",
            13));
  ASSERT_EQ(file.tensors().size(), 4u);
  EXPECT_EQ(file.metadata().at("format"), "pt");
  EXPECT_EQ(file.tensors()[0].name, "a");
  EXPECT_EQ(file.tensors()[0].array<uint8_t>()[2], 2);
  const StoredTensor& b = file.tensors()[1];
  EXPECT_EQ(b.shape_text(), "[1, 2]");
  EXPECT_EQ(b.array<uint32_t>()[0], 0x06050403u);
  EXPECT_EQ(file.tensors()[2].elements(), 0);
  EXPECT_EQ(file.tensors()[3].elements(), 1);
  EXPECT_THROW(file.tensors()[0].floats(), Error);
}

TEST_F(Safetensors, NamesWhatItRefuses) {
  struct Case {
    const char* header;
    size_t data_bytes;
    const char* message;
  };
  const Case cases[] = {
      {"[]", 0, "expected an object"},
      {"{", 0, "malformed JSON"},
      {"{\"a\":\"\xff\"}", 0, "malformed JSON"},
      {R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},)"
       R"("a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}})",
       1, "duplicate key 'a'"},
      {R"({"a":{"dtype":"U8","dtype":"U8","shape":[1],"data_offsets":[0,1]}})", 1,
       "duplicate key 'dtype'"},
      {R"({"a":{"dtype":"U9","shape":[1],"data_offsets":[0,1]}})", 1, "a.dtype: 'U9', expected"},
      {R"({"a":{"shape":[1],"data_offsets":[0,1]}})", 1, "a.dtype: absent"},
      {R"({"a":{"dtype":"U8","shape":[-1],"data_offsets":[0,1]}})", 1, "a.shape"},
      {R"({"a":{"dtype":"U8","shape":[1.0],"data_offsets":[0,1]}})", 1, "a.shape"},
      {R"({"a":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,1]}})", 1,
       "less than 2^63 bytes"},
      {R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[0,1]}})", 1,
       "1 bytes stored, expected 2 for U8 [2]"},
      {R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[1,0]}})", 1, "begin <= end"},
      {R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}})", 1,
       "a: ends at byte 2 of the data, but the file holds 1; it is cut off"},
      {R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}})", 2, "begins at byte 1"},
      {R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},)"
       R"("b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}})",
       3, "tensor b begins at byte 1 of the data, expected 2"},
      {R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}})", 2,
       "2 bytes of data, expected 1"},
      {R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1],"x":1}})", 1, "a.x"},
      {R"({"__metadata__":{"a":1}})", 0, "__metadata__.a: 1, expected a string"},
  };
  for (const Case& c : cases) {
    const std::string message = error_of(c.header, c.data_bytes);
    EXPECT_NE(message.find(c.message), std::string::npos) << message << "\n" << c.header;
    EXPECT_EQ(message.find('\n'), std::string::npos) << message;
  }
  EXPECT_NE(error_of("{}", 0, 1000).find("header length 1000"), std::string::npos);
  EXPECT_NE(error_of("{}", 0, ~uint64_t{0}).find("header length"), std::string::npos);
  EXPECT_NE(error_of(std::string(200, '['), 0).find("nested deeper"), std::string::npos);
  std::string deep;
  for (int i = 0; i < 100; ++i) deep += "{\"a\":";
  EXPECT_NE(error_of(deep, 0).find("nested deeper"), std::string::npos);
  std::ofstream(dir_ / "short.safetensors") << "1234567";
  EXPECT_THROW(SafetensorsFile(dir_ / "short.safetensors"), Error);
  EXPECT_THROW(SafetensorsFile(dir_ / "absent.safetensors"), Error);
  EXPECT_THROW(SafetensorsFile{dir_}, Error);
}

std::vector<std::byte> bytes_of(std::initializer_list<int> values) {
  std::vector<std::byte> bytes;
  for (const int value : values) bytes.push_back(static_cast<std::byte>(value));
  return bytes;
}

TEST_F(Safetensors, WritesWhatItReads) {
  const fs::path path = dir_ / "out.safetensors";
  write_safetensors(path,
                    {{"x",
                      DType::bf16,
                      {2, 1},
                      [] {
                        return bytes_of({1, 2, 3, 4});
                      }},
                     {"y", DType::u8, {}, [] { return bytes_of({9}); }}},
                    {.metadata = {{"format", "pt"}}});
  const SafetensorsFile file(path);
  ASSERT_EQ(file.tensors().size(), 2u);
  EXPECT_EQ(file.metadata().at("format"), "pt");
  EXPECT_EQ(file.tensors()[0].array<bfloat16>()[1].bits, 0x0403);
  EXPECT_EQ(file.tensors()[1].array<uint8_t>()[0], 9);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(file.tensors()[0].bytes.data()) % 8, 0u);
  EXPECT_EQ(std::distance(fs::directory_iterator(dir_), fs::directory_iterator()), 1);
}

TEST_F(Safetensors, WritesATensorInPieces) {
  const fs::path path = dir_ / "out.safetensors";
  int64_t written = 0;
  const auto pieces = [](const PieceSink& sink) {
    for (int i = 0; i < 5; ++i) sink(bytes_of({2 * i, 2 * i + 1}));
    sink({});
  };
  std::vector<TensorToWrite> tensors = {
      {.name = "x", .dtype = DType::u8, .shape = {2, 5}, .make_bytes = {}, .make_pieces = pieces},
      {"y", DType::u8, {1}, [] { return bytes_of({42}); }}};
  write_safetensors(path, tensors, {.written = [&](int64_t bytes) { written += bytes; }});
  EXPECT_EQ(written, 11);
  const SafetensorsFile file(path);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(file.tensors()[0].array<uint8_t>()[i], i);
  EXPECT_EQ(file.tensors()[1].array<uint8_t>()[0], 42);
  tensors[0].make_pieces = [](const PieceSink&) { throw Error("stop"); };
  EXPECT_THROW(write_safetensors(dir_ / "other", tensors), Error);
  EXPECT_FALSE(fs::exists(dir_ / "other.quantrial-partial"));
}

TEST_F(Safetensors, RefusesToReplaceWhatIsNoFile) {
  const std::vector<TensorToWrite> tensors = {{"x", DType::u8, {1}, [] { return bytes_of({1}); }}};
  const fs::path pipe = dir_ / "pipe", device = dir_ / "device", link = dir_ / "link";
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  fs::create_symlink("pipe", link);
  std::vector<fs::path> taken = {pipe, dir_, link};
  if (mknod(device.c_str(), S_IFCHR | 0600, makedev(1, 3)) == 0) taken.push_back(device);
  for (const fs::path& path : taken) {
    EXPECT_THROW(write_safetensors(path, tensors), Error) << path;
    EXPECT_FALSE(fs::is_regular_file(path));
    EXPECT_TRUE(fs::exists(path));
  }
  ASSERT_EQ(mkfifo((dir_ / "out.quantrial-partial").c_str(), 0600), 0);
  EXPECT_THROW(write_safetensors(dir_ / "out", tensors), Error) << "and does not wait for a reader";
}

TEST_F(Safetensors, ReplacesWhatAKilledRunLeftButNotWhatALiveOneWrites) {
  const std::vector<TensorToWrite> tensors = {{"x", DType::u8, {1}, [] { return bytes_of({1}); }}};
  const fs::path path = dir_ / "out", partial = dir_ / "out.quantrial-partial";
  std::ofstream(partial) << std::string(1000, 'x');
  write_safetensors(path, tensors);
  EXPECT_EQ(SafetensorsFile(path).tensors().size(), 1u);
  EXPECT_FALSE(fs::exists(partial));
  std::string message;
  const auto second_run = [&](const PieceSink& sink) {
    try {
      write_safetensors(path, tensors);
    } catch (const Error& error) {
      message = error.what();
    }
    sink(bytes_of({7}));
  };
  write_safetensors(path, {{.name = "y",
                            .dtype = DType::u8,
                            .shape = {1},
                            .make_bytes = {},
                            .make_pieces = second_run}});
  EXPECT_NE(message.find("another run is writing it"), std::string::npos) << message;
  EXPECT_EQ(SafetensorsFile(path).tensors()[0].name, "y");
}

TEST_F(Safetensors, AFolderReplacesWhatAKilledRunLeft) {
  const fs::path path = dir_ / "out", partial = dir_ / "out.partial";
  fs::create_directories(partial / "left");
  std::ofstream(partial / "left" / "over") << "x";
  std::ofstream(partial / ".quantrial-unfinished");
  {
    NewFolder folder(path);
    EXPECT_FALSE(fs::exists(partial / "left"));
    EXPECT_THROW(NewFolder second(path), Error) << "a live run";
    std::ofstream(folder.partial() / "file") << "x";
    folder.commit();
  }
  EXPECT_EQ(fs::directory_entry(*fs::directory_iterator(path)).path().filename(), "file");
  EXPECT_EQ(std::distance(fs::directory_iterator(path), {}), 1) << "no marker";
  EXPECT_FALSE(fs::exists(partial));
  fs::create_directories(dir_ / "empty.partial");  // killed before the marker was there
  NewFolder(dir_ / "empty").commit();
  EXPECT_THROW(NewFolder(""), Error);
  EXPECT_TRUE(fs::is_empty(dir_ / "empty"));
}

TEST_F(Safetensors, AFolderNeverReplacesWhatARunDidNotLeave) {
  const auto message = [&] {
    try {
      NewFolder folder(dir_ / "out");
    } catch (const Error& error) {
      return std::string(error.what());
    }
    return std::string("taken");
  };
  const fs::path partial = dir_ / "out.partial", file = partial / "journal.jsonl";
  std::ofstream(partial) << "no folder";
  EXPECT_NE(message().find("File exists"), std::string::npos);
  fs::remove(partial);
  fs::create_directories(partial);
  std::ofstream(file) << "a user's, or of a quantize run that can be resumed";
  EXPECT_NE(message().find("not left over from an interrupted run"), std::string::npos);
  fs::create_symlink(file, partial / ".quantrial-unfinished");
  EXPECT_NE(message().find("not left over from an interrupted run"), std::string::npos);
  EXPECT_TRUE(fs::exists(file));
  fs::rename(partial, dir_ / "mine");
  fs::create_directory_symlink(dir_ / "mine", partial);
  EXPECT_NE(message().find("exists and is no folder"), std::string::npos) << message();
  EXPECT_TRUE(fs::exists(dir_ / "mine" / "journal.jsonl"));
}

TEST_F(Safetensors, LeavesNothingBehindWhenItFails) {
  const fs::path path = dir_ / "out.safetensors";
  const auto stop = []() -> std::vector<std::byte> { throw Error("stop"); };
  EXPECT_THROW(write_safetensors(path, {{"x", DType::u8, {1}, stop}}), Error);
  EXPECT_TRUE(fs::is_empty(dir_));
  EXPECT_THROW(write_safetensors(dir_ / "no/such/folder", {}), Error);
}

// A limit on file size stands for a full disk: the write fails in the middle.
TEST_F(Safetensors, ReportsAFullDiskAndRemovesThePart) {
  rlimit old{};
  getrlimit(RLIMIT_FSIZE, &old);
  const rlimit small{1 << 16, old.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
  signal(SIGXFSZ, SIG_IGN);
  const auto big = [] { return std::vector<std::byte>(1 << 20); };
  std::string message;
  try {
    write_safetensors(dir_ / "out.safetensors", {{"x", DType::u8, {1 << 20}, big}});
  } catch (const Error& error) {
    message = error.what();
  }
  setrlimit(RLIMIT_FSIZE, &old);
  EXPECT_NE(message.find("cannot write"), std::string::npos) << message;
  EXPECT_TRUE(fs::is_empty(dir_));
}

}  // namespace
}  // namespace quantrial
