#include "tests/mutation.h"

#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/mapped_file.h"
#include "formats/read_weight.h"
#include "model/inventory.h"
#include "model/model.h"
#include "tensor/json.h"
#include "text/chat_template.h"
#include "text/tokenizer.h"

namespace quantrial::mutation {
namespace {

namespace fs = std::filesystem;

// Runs what may fail with Error; keeps the first message and goes on. Anything else escapes.
class Stages {
 public:
  template <typename Stage>
  void run(Stage&& stage) {
    try {
      stage();
    } catch (const Error& error) {
      if (message_.empty()) message_ = error.what();
    }
  }
  const std::string& message() const { return message_; }

 private:
  std::string message_;
};

void read_matrices(const fs::path& dir, Stages& stages) {
  const auto quantization = QuantizationConfig::read(dir);
  const Checkpoint checkpoint(dir);
  for (const std::string& module : matrix_modules(checkpoint)) {
    stages.run([&] {
      const Weight weight = read_weight(checkpoint, quantization, module);
      std::vector<float> row(static_cast<size_t>(columns(weight)));
      decode_row(weight, 0, row);
      decode_row(weight, rows(weight) - 1, row);
      quantize_dequantize(row, activations(weight), Arithmetic::float32);
    });
  }
}

void use_tokenizer(const fs::path& dir) {
  const Tokenizer tokenizer = Tokenizer::load(dir);
  const auto ids = tokenizer.encode("Zwölf <|im_start|>user\n x_1 == 0x1F;\t\xff");
  tokenizer.decode(ids, SpecialTokens::skip);
  for (const int32_t id : ids) tokenizer.token_bytes(id);
}

void render_chat(const fs::path& dir) {
  const nlohmann::ordered_json message = {{"role", "user"}, {"content", "Hello"}};
  ChatTemplate::load(dir).render(
      {{"messages", nlohmann::ordered_json::array({message})}, {"add_generation_prompt", true}});
}

void run_two_tokens(const fs::path& dir) {
  const auto backend = make_cpu_backend({.threads = 1});
  const auto model = load_model(dir, *backend, {.max_batch_tokens = delta_chunk});
  const auto pool = model->make_state_pool({.max_sequences = 1, .max_tokens = 4});
  const auto state = pool->create();
  require(pool->reserve(*state, 2), "mutation: no room for two tokens");
  const std::vector<int32_t> tokens = {0, static_cast<int32_t>(model->config().vocab_size - 1)};
  const SequenceInput input{.state = state.get(), .tokens = tokens};
  model->forward(*pool, std::span(&input, 1));
  const std::vector<int64_t> rows = {0, 1};
  model->logits(rows);
  if (!model->has_mtp()) return;
  const MtpInput mtp{.state = state.get(), .next_tokens = std::span(tokens).subspan(1)};
  model->mtp_forward(*pool, std::span(&mtp, 1), MtpSource::model);
  model->mtp_logits(std::span(rows).first(1));
}

// Every value inside `json`, the containers too.
void list_values(Json& json, std::vector<Json*>& values) {
  values.push_back(&json);
  if (json.is_structured()) {
    for (Json& item : json) list_values(item, values);
  }
}

// A value that a reader may not expect at some place.
Json odd_value(const Json& old, const std::vector<Json*>& others, Choice& choice) {
  const Json fixed[] = {nullptr,
                        true,
                        0,
                        -1,
                        1,
                        2,
                        15,
                        16,
                        129,
                        65536,
                        1e308,
                        -0.5,
                        INT64_MAX,
                        INT64_MIN,
                        UINT64_MAX,
                        "",
                        "\n\x01",
                        "re:(",
                        "re:.*",
                        "Linear",
                        "*",
                        "../x",
                        "BF16",
                        "F8_E4M3",
                        "I32",
                        Json::array(),
                        Json::object(),
                        Json::array({0, 1}),
                        Json::array({nullptr})};
  constexpr uint64_t kinds = 4;
  switch (choice.below(kinds)) {
    case 0:
      if (old.is_number_integer()) {
        const auto shift = static_cast<int64_t>(choice.below(9)) - 4;
        return static_cast<int64_t>(static_cast<uint64_t>(old.get<int64_t>()) +
                                    static_cast<uint64_t>(shift));
      }
      [[fallthrough]];
    case 1:
      return *others[choice.below(others.size())];
    default:
      return fixed[choice.below(std::size(fixed))];
  }
}

// Changes one to three places of a JSON text.
std::string with_json_edit(const std::string& text, Choice& choice) {
  Json json = Json::parse(text);
  for (uint64_t edits = 1 + choice.below(3); edits > 0; --edits) {
    std::vector<Json*> values;
    list_values(json, values);
    Json& chosen = *values[choice.below(values.size())];
    if (chosen.is_structured() && !chosen.empty() && choice.below(2) == 0) {
      auto item = chosen.begin();
      std::advance(item, static_cast<std::ptrdiff_t>(choice.below(chosen.size())));
      chosen.erase(item);
    } else {
      Json odd = odd_value(chosen, values, choice);
      chosen = std::move(odd);
    }
  }
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

// The same inside a safetensors header; the data stays.
std::string with_header_edit(const std::string& bytes, Choice& choice) {
  uint64_t length = 0;
  std::memcpy(&length, bytes.data(), 8);
  const std::string header = with_json_edit(bytes.substr(8, length), choice);
  const uint64_t new_length = header.size();
  return std::string(reinterpret_cast<const char*>(&new_length), 8) + header +
         bytes.substr(8 + length);
}

// A place in the file: half of the time near its start, where headers are.
size_t place(const std::string& bytes, Choice& choice) {
  const size_t range = choice.below(2) == 0 ? std::min<size_t>(bytes.size(), 20'000) : bytes.size();
  return choice.below(range);
}

std::string with_byte_damage(std::string bytes, Choice& choice) {
  switch (choice.below(5)) {
    case 0:
      for (uint64_t i = 1 + choice.below(8); i > 0; --i) {
        char& c = bytes[place(bytes, choice)];
        c = static_cast<char>(c ^ 1 << choice.below(8));
      }
      return bytes;
    case 1:
      bytes[place(bytes, choice)] = static_cast<char>(choice.below(256));
      return bytes;
    case 2:
      return bytes.erase(place(bytes, choice), 1 + choice.below(64));
    case 3:
      return bytes.insert(place(bytes, choice),
                          bytes.substr(place(bytes, choice), 1 + choice.below(64)));
    default:
      return bytes.replace(place(bytes, choice), 8, std::string(8, choice.below(2) ? '\xff' : 0));
  }
}

// Files that opening a model looks at.
bool is_read(const std::string& name) {
  return name.ends_with(".safetensors") || name.ends_with(".jinja") ||
         (name.ends_with(".json") && name.find("processor") == std::string::npos);
}

}  // namespace

std::string exercise(const fs::path& dir, Depth depth) {
  Stages stages;
  stages.run([&] { read_model_config(dir); });
  stages.run([&] { read_generation_defaults(dir); });
  stages.run([&] { take_inventory(dir); });
  stages.run([&] { read_matrices(dir, stages); });
  if (depth == Depth::model) {
    stages.run([&] { run_two_tokens(dir); });
    stages.run([&] { use_tokenizer(dir); });
    if (is_present(dir / "chat_template.jinja")) stages.run([&] { render_chat(dir); });
  }
  return stages.message();
}

Patient::Patient(const fs::path& source) {
  for (const auto& entry : fs::directory_iterator(source)) {
    const std::string name = entry.path().filename().string();
    if (!entry.is_regular_file() || !is_read(name)) continue;
    files_[name] = read_text_file(entry.path());
    write(name, files_[name]);
  }
}

void Patient::write(const std::string& file, const std::string& bytes) {
  std::ofstream(folder_ / file, std::ios::binary | std::ios::trunc) << bytes;
}

void Patient::truncate(const std::string& file, uint64_t bytes) {
  damaged_.push_back(file);
  fs::resize_file(folder_ / file, bytes);
}

std::string Patient::mutate(Choice choice) {
  auto at = files_.begin();
  std::advance(at, static_cast<std::ptrdiff_t>(choice.below(files_.size())));
  const auto& [file, bytes] = *at;
  damaged_.push_back(file);
  if (choice.below(50) == 0) {
    fs::remove(folder_ / file);
    return file + ": removed";
  }
  const bool structured = choice.below(3) != 0;
  if (structured && file.ends_with(".json")) {
    write(file, with_json_edit(bytes, choice));
    return file + ": JSON edited";
  }
  if (structured && file.ends_with(".safetensors")) {
    write(file, with_header_edit(bytes, choice));
    return file + ": header edited";
  }
  write(file, with_byte_damage(bytes, choice));
  return file + ": bytes damaged";
}

void Patient::restore(const std::string& file) { write(file, files_.at(file)); }

void Patient::restore() {
  for (const std::string& file : damaged_) restore(file);
  damaged_.clear();
}

}  // namespace quantrial::mutation
