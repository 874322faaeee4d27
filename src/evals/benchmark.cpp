#include "evals/benchmark.h"

#include <algorithm>
#include <set>

#include "base/error.h"
#include "base/mapped_file.h"
#include "base/rng.h"
#include "base/yaml_object.h"
#include "evals/benchmark_data.h"
#include "evals/choices.h"

namespace quantrial {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

constexpr std::string_view layouts[] = {"jsonl", "json", "csv"};

ordered_json as_json(const YAML::Node& node) {
  if (node.IsMap()) {
    ordered_json object = ordered_json::object();
    for (const auto& pair : node) object[pair.first.Scalar()] = as_json(pair.second);
    return object;
  }
  if (node.IsSequence()) {
    ordered_json list = ordered_json::array();
    for (const auto& item : node) list.push_back(as_json(item));
    return list;
  }
  if (!node.IsScalar()) return nullptr;
  const ordered_json value = ordered_json::parse(node.Scalar(), nullptr, false);
  const bool plain = node.Tag() == "?";  // "!": quoted, so text
  if (plain && value.is_primitive() && !value.is_discarded()) return value;
  return node.Scalar();
}

class Reader {
 public:
  Reader(const fs::path& file, const BenchmarkFiles& files)
      : file_(file),
        files_(files),
        root_(load_yaml(read_text_file(file, 1 << 20), escaped(file.string(), 400)),
              std::make_shared<YamlOrigin>(YamlOrigin{escaped(file.string(), 400), {}}), "",
              {"title", "source", "licence", "members", "data", "where", "question", "system",
               "prompt", "sampling", "grading", "majority", "choices", "expected_tokens"}) {}

  bool is_set() const { return root_.has("members"); }
  std::vector<std::string> members() const { return root_.texts("members"); }

  BenchmarkSummary summary() const {
    return {.name = file_.stem().string(),
            .title = text("title"),
            .licence = text("licence"),
            .members = root_.has("members") ? members() : std::vector<std::string>(),
            .supplied_by_user = root_.has("data") && data().flag("supplied_by_user", false)};
  }

  Benchmark read() const {
    if (is_set()) root_.fail("members", "a set of benchmarks; name it in a list of benchmarks");
    Benchmark b;
    b.name = file_.stem().string();
    b.title = text("title");
    b.source = text("source");
    b.licence = text("licence");
    b.system = text("system");
    b.prompt = root_.text("prompt");
    if (b.prompt.empty()) root_.fail("prompt", "say what is asked, with {{field}} for fields");
    b.sampling = read_sampling(root_.object("sampling", sampling_keys));
    b.majority = root_.flag("majority", true);
    b.expected_tokens = root_.integer("expected_tokens", 1, 1 << 24, 0);
    b.grading.options = as_json(root_.node("grading"));
    if (!b.grading.options.is_object() || !b.grading.options.contains("grader")) {
      root_.fail("grading", "give a mapping with the name of a grader: {grader: math}");
    }
    b.grading.grader = field_text(b.grading.options["grader"]);
    b.grading.options.erase("grader");
    read_questions(b);
    for (const Question& question : b.questions) prompt_of(b, question);
    return b;
  }

 private:
  std::string text(const std::string& key) const {
    return root_.has(key) ? root_.text(key) : std::string();
  }
  YamlObject data() const {
    return root_.object("data", {"file", "sha256", "rows", "layout", "supplied_by_user", "get"});
  }

  std::optional<ChoiceFields> choice_fields() const {
    if (!root_.has("choices")) return std::nullopt;
    const YamlObject o = root_.object("choices", {"list", "right", "fields", "shuffle"});
    ChoiceFields from;
    from.shuffle = o.flag("shuffle", false);
    if (o.has("fields") == o.has("list")) {
      o.fail("list", "give either `list` and `right`, or `fields`, the right one first");
    }
    if (o.has("fields")) {
      from.fields = o.texts("fields");
    } else {
      from.list = o.text("list");
      from.right = o.text("right");
    }
    return from;
  }

  fs::path data_path(const YamlObject& data) const {
    const std::string name = file_.stem().string();
    const auto supplied = files_.supplied.find(name);
    if (supplied != files_.supplied.end()) return supplied->second;
    if (data.flag("supplied_by_user", false)) {
      const bool by_option = files_.place == BenchmarkFiles::Place::option;
      throw Error("{}: its questions are not shipped ({}); give them with {}", name,
                  data.has("get") ? escaped(data.text("get"), 400) : text("source"),
                  by_option ? fmt::format("--benchmark-file {}=FILE", name)
                            : fmt::format("`benchmark_files: {{{}: FILE}}`", name));
    }
    return file_.parent_path() / data.text("file");
  }

  void read_questions(Benchmark& b) const {
    const YamlObject data = this->data();
    const fs::path path = data_path(data);
    const auto layout = static_cast<DataLayout>(data.choice("layout", layouts, 0));
    DataFile file = read_data_file(path, layout);
    b.data_sha256 = file.sha256;
    check_data(data, path, file);
    const ordered_json where = root_.has("where") ? as_json(root_.node("where")) : ordered_json();
    const YamlObject question = root_.object("question", {"id", "cluster"});
    const std::optional<ChoiceFields> choices = choice_fields();
    std::set<std::string> ids;
    for (size_t i = 0; i < file.rows.size(); ++i) {
      ordered_json& row = file.rows[i];
      if (!wanted(row, where)) continue;
      Question q;
      q.id = question.has("id") ? field(row, question.text("id"), path, i) : fmt::format("{}", i);
      if (question.has("cluster")) q.cluster = field(row, question.text("cluster"), path, i);
      if (!ids.insert(q.id).second) {
        throw Error("{}: two questions have the id '{}'; give each its own",
                    escaped(path.string(), 400), escaped(q.id));
      }
      q.fields = std::move(row);
      if (choices) add_choices(*choices, q, escaped(path.string(), 400));
      b.questions.push_back(std::move(q));
    }
    if (b.questions.empty()) {
      throw Error("{}: no question is left; check the file and `where` of {}",
                  escaped(path.string(), 400), escaped(file_.string(), 400));
    }
  }

  void check_data(const YamlObject& data, const fs::path& path, const DataFile& file) const {
    const std::vector<std::string> known = data.texts("sha256");
    if (!known.empty() && std::find(known.begin(), known.end(), file.sha256) == known.end()) {
      throw Error("{}: sha256 {}, {} expects {}; get the file again, or drop the line `sha256`",
                  escaped(path.string(), 400), file.sha256, escaped(file_.string(), 400),
                  fmt::join(known, " or "));
    }
    const int64_t rows = data.integer("rows", 1, int64_t{1} << 32, 0);
    if (rows != 0 && rows != static_cast<int64_t>(file.rows.size())) {
      throw Error("{}: {} questions, {} expects {}", escaped(path.string(), 400), file.rows.size(),
                  escaped(file_.string(), 400), rows);
    }
  }

  static bool wanted(const ordered_json& row, const ordered_json& where) {
    return std::all_of(where.items().begin(), where.items().end(), [&](const auto& item) {
      const auto at = row.find(item.key());
      return at != row.end() && *at == item.value();
    });
  }

  static std::string field(const ordered_json& row, const std::string& name, const fs::path& path,
                           size_t i) {
    const auto at = row.find(name);
    if (at != row.end()) return field_text(*at);
    throw Error("{}: question {} has no field '{}'", escaped(path.string(), 400), i, escaped(name));
  }

  fs::path file_;
  const BenchmarkFiles& files_;
  YamlObject root_;
};

fs::path yaml_of(const std::string& name, const BenchmarkFiles& files) {
  if (name.ends_with(".yaml") || name.ends_with(".yml")) return name;
  const fs::path path = files.folder / (name + ".yaml");
  if (name.find('/') == std::string::npos && is_present(path)) return path;
  std::vector<std::string> there;
  for (const auto& summary : list_benchmarks(files.folder)) there.push_back(summary.name);
  throw Error("benchmark '{}': not known; use {}, or a YAML file", escaped(name),
              fmt::join(there, ", "));
}

}  // namespace

Benchmark read_benchmark(const std::string& name, const BenchmarkFiles& files) {
  return Reader(yaml_of(name, files), files).read();
}

std::vector<std::string> benchmark_names(const std::vector<std::string>& wanted,
                                         const BenchmarkFiles& files) {
  std::vector<std::string> names;
  const auto add = [&](const std::string& name) {
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  };
  for (const std::string& name : wanted) {
    const Reader reader(yaml_of(name, files), files);
    if (!reader.is_set()) {
      add(name);
      continue;
    }
    for (const std::string& member : reader.members()) add(member);
  }
  return names;
}

std::vector<BenchmarkSummary> list_benchmarks(const fs::path& folder) {
  std::vector<fs::path> paths;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() == ".yaml") paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  std::vector<BenchmarkSummary> list;
  const BenchmarkFiles files{folder, {}};
  for (const fs::path& path : paths) list.push_back(Reader(path, files).summary());
  return list;
}

std::vector<Question> draw_questions(std::vector<Question> questions, std::optional<int64_t> limit,
                                     uint64_t seed) {
  if (!limit || *limit >= static_cast<int64_t>(questions.size())) return questions;
  // Each question's place within its shuffled cluster; those with the smallest places are taken.
  struct Place {
    size_t question;
    int64_t rank;  // in its cluster
    double tie;
  };
  std::map<std::string, std::vector<size_t>> clusters;
  for (size_t i = 0; i < questions.size(); ++i) clusters[questions[i].cluster].push_back(i);
  std::vector<Place> places;
  for (auto& [name, members] : clusters) {
    std::vector<Place> shuffled;
    for (const size_t i : members) shuffled.push_back({i, 0, uniform(seed, i)});
    std::sort(shuffled.begin(), shuffled.end(),
              [](const Place& a, const Place& b) { return a.tie < b.tie; });
    for (size_t r = 0; r < shuffled.size(); ++r) {
      shuffled[r].rank = static_cast<int64_t>(r);
      places.push_back(shuffled[r]);
    }
  }
  std::sort(places.begin(), places.end(), [](const Place& a, const Place& b) {
    return a.rank != b.rank ? a.rank < b.rank : a.tie < b.tie;
  });
  places.resize(static_cast<size_t>(*limit));
  std::sort(places.begin(), places.end(),
            [](const Place& a, const Place& b) { return a.question < b.question; });
  std::vector<Question> drawn;
  for (const Place& place : places) drawn.push_back(std::move(questions[place.question]));
  return drawn;
}

}  // namespace quantrial
