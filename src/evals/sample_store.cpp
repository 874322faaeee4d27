#include "evals/sample_store.h"

#include <algorithm>
#include <set>

#include "base/error.h"

namespace quantrial {
namespace {

using nlohmann::ordered_json;

constexpr int64_t schema_version = 1;

constexpr const char* schema = R"sql(
CREATE TABLE IF NOT EXISTS samples (
  variant TEXT NOT NULL, benchmark TEXT NOT NULL, question TEXT NOT NULL, sample INTEGER NOT NULL,
  seed INTEGER NOT NULL, prompt_tokens INTEGER, thinking_tokens INTEGER, answer_tokens INTEGER,
  outcome TEXT NOT NULL, correct INTEGER, answer TEXT, text TEXT NOT NULL,
  finish_reason TEXT NOT NULL, ttft_ms REAL, ttfa_ms REAL, e2e_ms REAL,
  drafts INTEGER, drafted_tokens INTEGER, accepted_tokens INTEGER, grader_version TEXT NOT NULL,
  cluster TEXT NOT NULL, token_ids TEXT NOT NULL, accepted_by_position TEXT NOT NULL,
  scores TEXT NOT NULL, vote INTEGER, warning TEXT NOT NULL,
  generated_tokens INTEGER, server TEXT NOT NULL,
  variant_hash TEXT NOT NULL, dataset_hash TEXT NOT NULL, prompt_hash TEXT NOT NULL,
  sampling_hash TEXT NOT NULL,
  PRIMARY KEY (variant, benchmark, question, sample, variant_hash, dataset_hash, prompt_hash,
               sampling_hash)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS runs (
  variant TEXT NOT NULL, benchmark TEXT NOT NULL, variant_hash TEXT NOT NULL,
  dataset_hash TEXT NOT NULL, prompt_hash TEXT NOT NULL, sampling_hash TEXT NOT NULL,
  questions TEXT NOT NULL, samples INTEGER NOT NULL, settings TEXT NOT NULL,
  PRIMARY KEY (variant, benchmark)
) WITHOUT ROWID;
)sql";

constexpr std::string_view sample_columns =
    "variant, benchmark, question, sample, seed, prompt_tokens, thinking_tokens, answer_tokens, "
    "outcome, correct, answer, text, finish_reason, ttft_ms, ttfa_ms, e2e_ms, drafts, "
    "drafted_tokens, accepted_tokens, grader_version, cluster, token_ids, accepted_by_position, "
    "scores, vote, warning, generated_tokens, server, variant_hash, dataset_hash, prompt_hash, "
    "sampling_hash";

constexpr auto column_count = std::count(sample_columns.begin(), sample_columns.end(), ',') + 1;
constexpr int question_column = 2;

constexpr const char* origin_is =
    " variant_hash = ? AND dataset_hash = ? AND prompt_hash = ? AND sampling_hash = ?";

Statement& bind_origin(Statement& statement, const SampleOrigin& origin) {
  return statement.bind(origin.variant_hash)
      .bind(origin.dataset_hash)
      .bind(origin.prompt_hash)
      .bind(origin.sampling_hash);
}

// Details of grades may hold bytes that programs printed.
std::string text_of(const ordered_json& json) {
  return json.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

void bind_sample(Statement& s, const Sample& x) {
  s.bind(x.variant).bind(x.benchmark).bind(x.question).bind(x.sample);
  s.bind(static_cast<int64_t>(x.seed));
  s.bind(x.prompt_tokens).bind(x.thinking_tokens).bind(x.answer_tokens).bind(name(x.outcome));
  x.correct ? s.bind(int64_t{*x.correct}) : s.bind_null();
  s.bind(x.answer).bind(x.text).bind(x.finish_reason);
  s.bind(x.ttft_ms).bind(x.ttfa_ms).bind(x.e2e_ms);
  s.bind(x.drafts).bind(x.drafted_tokens).bind(x.accepted_tokens).bind(x.grader_version);
  s.bind(x.cluster).bind(ordered_json(x.token_ids).dump());
  s.bind(ordered_json(x.accepted_by_position).dump())
      .bind(text_of(x.scores))
      .bind(x.vote)
      .bind(x.warning)
      .bind(x.generated_tokens)
      .bind(x.server.dump());
  bind_origin(s, x.origin);
}

// Reads columns one after another.
class Columns {
 public:
  explicit Columns(const Statement& statement) : s_(statement) {}

  std::string text() { return s_.text(next_++); }
  int64_t integer() { return s_.integer(next_++); }
  std::optional<std::string> maybe_text() {
    return s_.is_null(next_) ? skip<std::string>() : text();
  }
  std::optional<int64_t> maybe_integer() { return s_.is_null(next_) ? skip<int64_t>() : integer(); }
  std::optional<double> maybe_number() {
    return s_.is_null(next_) ? skip<double>() : std::optional(s_.number(next_++));
  }
  ordered_json json() {
    const std::string value = text();
    ordered_json json = ordered_json::parse(value, nullptr, false);
    if (json.is_discarded()) {
      throw Error("samples.sqlite: '{}' is no JSON; the file is damaged", escaped(value));
    }
    return json;
  }

 private:
  template <typename T>
  std::optional<T> skip() {
    ++next_;
    return std::nullopt;
  }

  const Statement& s_;
  int next_ = 0;
};

SampleOrigin read_origin(Columns& c) {
  SampleOrigin origin;
  origin.variant_hash = c.text();
  origin.dataset_hash = c.text();
  origin.prompt_hash = c.text();
  origin.sampling_hash = c.text();
  return origin;
}

Sample read_sample(const Statement& statement) {
  Columns c(statement);
  Sample x;
  x.variant = c.text();
  x.benchmark = c.text();
  x.question = c.text();
  x.sample = c.integer();
  x.seed = static_cast<uint64_t>(c.integer());
  x.prompt_tokens = c.maybe_integer();
  x.thinking_tokens = c.maybe_integer();
  x.answer_tokens = c.maybe_integer();
  x.outcome = outcome_of(c.text());
  if (const auto correct = c.maybe_integer()) x.correct = *correct != 0;
  x.answer = c.maybe_text();
  x.text = c.text();
  x.finish_reason = c.text();
  x.ttft_ms = c.maybe_number();
  x.ttfa_ms = c.maybe_number();
  x.e2e_ms = c.maybe_number();
  x.drafts = c.maybe_integer();
  x.drafted_tokens = c.maybe_integer();
  x.accepted_tokens = c.maybe_integer();
  x.grader_version = c.text();
  x.cluster = c.text();
  x.token_ids = c.json().get<std::vector<int32_t>>();
  x.accepted_by_position = c.json().get<std::vector<int64_t>>();
  x.scores = c.json();
  x.vote = c.maybe_integer();
  x.warning = c.text();
  x.generated_tokens = c.maybe_integer();
  x.server = c.json();
  x.origin = read_origin(c);
  return x;
}

std::filesystem::path store_path(const std::filesystem::path& folder, Database::Access access) {
  std::error_code failed;
  if (access == Database::Access::read_write) std::filesystem::create_directories(folder, failed);
  if (failed) {
    throw Error("{}: cannot create: {}", escaped(folder.string(), 400), failed.message());
  }
  return folder / "samples.sqlite";
}

}  // namespace

SampleStore::SampleStore(const std::filesystem::path& folder, Database::Access access)
    : db_(store_path(folder, access), access), access_(access) {
  Statement version(db_, "PRAGMA user_version");
  version.step();
  const int64_t there = version.integer(0);
  if (there > schema_version) {
    throw Error("{}: samples.sqlite has version {}, this program knows {}; use a newer program",
                escaped(folder.string(), 400), there, schema_version);
  }
  version.step();
  if (access == Database::Access::read_only) return;
  db_.run("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL");
  db_.run(schema);
  db_.run(fmt::format("PRAGMA user_version = {}", schema_version));
  std::string marks = "?";
  for (auto i = column_count; i > 1; --i) marks += ", ?";
  insert_ = std::make_unique<Statement>(
      db_, fmt::format("INSERT OR REPLACE INTO samples ({}) VALUES ({})", sample_columns, marks));
}

SampleStore::~SampleStore() {
  if (access_ == Database::Access::read_only) return;
  insert_.reset();
  sqlite3_exec(db_.handle(), "PRAGMA journal_mode = DELETE", nullptr, nullptr, nullptr);
}

void SampleStore::insert(const Sample& sample) {
  require(insert_ != nullptr, "samples.sqlite is open for reading");
  insert_->restart();
  bind_sample(*insert_, sample);
  insert_->step();
}

void SampleStore::put(const Sample& sample) {
  const std::lock_guard lock(mutex_);
  insert(sample);
}

void SampleStore::put(const std::vector<Sample>& samples) {
  const std::lock_guard lock(mutex_);
  Transaction transaction(db_);
  for (const Sample& sample : samples) insert(sample);
  transaction.commit();
}

void SampleStore::put(const RunRecord& run) {
  const std::lock_guard lock(mutex_);
  Statement insert(db_, "INSERT OR REPLACE INTO runs VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)");
  insert.bind(run.variant).bind(run.benchmark);
  bind_origin(insert, run.origin);
  insert.bind(ordered_json(run.questions).dump()).bind(run.samples).bind(run.settings.dump());
  insert.step();
}

std::vector<RunRecord> SampleStore::runs() const {
  const std::lock_guard lock(mutex_);
  Statement select(db_,
                   "SELECT variant, benchmark, variant_hash, dataset_hash, prompt_hash, "
                   "sampling_hash, questions, samples, settings FROM runs "
                   "ORDER BY variant, benchmark");
  std::vector<RunRecord> runs;
  while (select.step()) {
    Columns c(select);
    RunRecord run;
    run.variant = c.text();
    run.benchmark = c.text();
    run.origin = read_origin(c);
    run.questions = c.json().get<std::vector<std::string>>();
    run.samples = c.integer();
    run.settings = c.json();
    runs.push_back(std::move(run));
  }
  return runs;
}

void SampleStore::for_each(const RunRecord& run, const std::function<void(Sample)>& use) const {
  const std::lock_guard lock(mutex_);
  Statement select(db_, fmt::format("SELECT {} FROM samples WHERE variant = ? AND benchmark = ? "
                                    "AND sample < ? AND {} ORDER BY question, sample",
                                    sample_columns, origin_is));
  select.bind(run.variant).bind(run.benchmark).bind(run.samples);
  bind_origin(select, run.origin);
  const std::set<std::string> wanted(run.questions.begin(), run.questions.end());
  while (select.step()) {
    if (wanted.contains(select.text(question_column))) use(read_sample(select));
  }
}

}  // namespace quantrial
