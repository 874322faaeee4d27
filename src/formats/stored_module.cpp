#include "formats/stored_module.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/error.h"

namespace quantrial {
namespace {

std::vector<int64_t> without_ones(std::span<const int64_t> shape) {
  std::vector<int64_t> rest;
  std::copy_if(shape.begin(), shape.end(), std::back_inserter(rest),
               [](int64_t d) { return d != 1; });
  return rest;
}

}  // namespace

const StoredTensor* StoredModule::find(std::string_view suffix) const {
  return checkpoint_.find(fmt::format("{}.{}", name_, suffix));
}

const StoredTensor& StoredModule::at(std::string_view suffix) const {
  const StoredTensor* tensor = find(suffix);
  if (tensor == nullptr) {
    throw Error(
        "{}.{}: absent, but the module is quantized; the checkpoint is incomplete, "
        "re-export it",
        escaped(name_), suffix);
  }
  return *tensor;
}

void check_dtype(const StoredTensor& tensor, std::initializer_list<DType> allowed) {
  if (std::find(allowed.begin(), allowed.end(), tensor.dtype) != allowed.end()) return;
  std::vector<std::string_view> names;
  for (const DType dtype : allowed) names.push_back(name(dtype));
  throw Error("{}: dtype {}, expected {}; re-export the checkpoint", escaped(tensor.name),
              name(tensor.dtype), fmt::join(names, " or "));
}

void check_shape(const StoredTensor& tensor, std::initializer_list<int64_t> expected,
                 std::string_view why) {
  if (without_ones(tensor.shape) == without_ones(expected)) return;
  throw Error("{}: shape {}, expected {} ({}); re-export the checkpoint", escaped(tensor.name),
              tensor.shape_text(), shape_text(expected), why);
}

std::array<int64_t, 2> matrix_shape(const StoredTensor& tensor) {
  if (tensor.shape.size() != 2 || tensor.shape[0] < 1 || tensor.shape[1] < 1) {
    throw Error("{}: shape {}, expected a matrix; the checkpoint is of another architecture",
                escaped(tensor.name), tensor.shape_text());
  }
  return {tensor.shape[0], tensor.shape[1]};
}

float positive_number(const StoredTensor& tensor) {
  check_shape(tensor, {1}, "one number");
  const float value = tensor.floats().at(0);
  if (!std::isfinite(value) || value <= 0) {
    throw Error("{}: {}, expected a positive finite number; re-export the checkpoint",
                escaped(tensor.name), value);
  }
  return value;
}

int64_t checked_group(const StoredTensor& tensor, int64_t group_size, int64_t columns) {
  const int64_t group = group_size == 0 ? columns : group_size;
  if (group % 16 != 0 || columns % group != 0) {
    throw Error(
        "{}: {} columns in groups of {}, expected a multiple of 16 that divides them; "
        "re-export with another group_size",
        escaped(tensor.name), columns, group);
  }
  return group;
}

void check_trivial_order(const StoredTensor& g_idx, int64_t columns, int64_t group_size) {
  check_dtype(g_idx, {DType::i32});
  check_shape(g_idx, {columns}, "one group index a column");
  const auto order = g_idx.array<int32_t>();
  for (int64_t k = 0; k < columns; ++k) {
    if (order[k] != k / group_size) {
      throw Error(
          "{}: column {} is in group {}, expected {}; activation ordering is not "
          "supported, re-export with desc_act false or actorder static",
          escaped(g_idx.name), k, order[k], k / group_size);
    }
  }
}

}  // namespace quantrial
