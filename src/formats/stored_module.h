// The stored tensors of one Linear, with checks whose messages name tensor, value and remedy; and
// the readers of each layout, which read_weight() chooses from.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

#include "base/thread_pool.h"
#include "formats/formats.h"
#include "formats/scheme.h"
#include "tensor/checkpoint.h"

namespace quantrial {

class StoredModule {
 public:
  StoredModule(const Checkpoint& checkpoint, const std::string& name)
      : checkpoint_(checkpoint), name_(name) {}

  const std::string& name() const { return name_; }
  const StoredTensor* find(std::string_view suffix) const;  // nullptr when absent
  const StoredTensor& at(std::string_view suffix) const;    // Error when absent

 private:
  const Checkpoint& checkpoint_;
  std::string name_;
};

// Error unless the dtype is one of `allowed`.
void check_dtype(const StoredTensor& tensor, std::initializer_list<DType> allowed);
// Error unless the shape is `expected`, where dimensions of 1 may be missing or added. `why`:
// "group 16".
void check_shape(const StoredTensor& tensor, std::initializer_list<int64_t> expected,
                 std::string_view why);
// The two dimensions of a matrix; Error for other ranks and for a dimension of 0.
std::array<int64_t, 2> matrix_shape(const StoredTensor& tensor);
// The only number of a tensor; Error unless it is positive and finite.
float positive_number(const StoredTensor& tensor);
// Columns of one scale for `group_size` (0: the whole row); Error unless it divides K.
int64_t checked_group(const StoredTensor& tensor, int64_t group_size, int64_t columns);
// Error unless g_idx[k] = k / G: columns in another order are not supported.
void check_trivial_order(const StoredTensor& g_idx, int64_t columns, int64_t group_size);

Weight read_dense(const StoredTensor& weight);
Weight read_packed_int4(const StoredModule& module, const Scheme& scheme);
Weight read_gptq(const StoredModule& module, const Scheme& scheme, int zero_offset,
                 ThreadPool& pool);
Weight read_awq(const StoredModule& module, const Scheme& scheme);
Weight read_fp8(const StoredModule& module, const Scheme& scheme);
Weight read_nvfp4(const StoredModule& module, const Scheme& scheme);  // compressed-tensors
Weight read_modelopt_nvfp4(const StoredModule& module, const Scheme& scheme);

}  // namespace quantrial
